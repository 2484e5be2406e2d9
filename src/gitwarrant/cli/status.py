"""`gitwarrant status`: how an environment stands, as a tree."""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from gitwarrant.cli.configured import now, working
from gitwarrant.cli.letters import ago
from gitwarrant.cli.reaching import deployed, reach
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.canonical import plain
from gitwarrant.model.live import Drift, Health, ObjectHealth, Offspring
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.status import ObjectStatus, Status, status
from gitwarrant.plan.text import field_name

PACE = 2.0
"""Seconds between two looks."""

STYLES: Mapping[Health, str] = {
    Health.HEALTHY: "good",
    Health.PROGRESSING: "warn",
    Health.SUSPENDED: "dim",
    Health.FAILED: "bad",
    Health.MISSING: "bad",
    Health.UNKNOWN: "warn",
}


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 all healthy, 1 not."""
    with working(arguments) as work:
        found = asyncio.run(_look(work, arguments.environment, terminal, again=arguments.watch))
    return 0 if found.healthy else 1


async def _look(work: Delivery, name: str, terminal: Terminal, *, again: bool) -> Status:
    """Look once; or again and again, where only what changed is shown, until somebody interrupts."""
    shown, seen = "", None
    async with reach(work, name) as cluster:
        while True:
            found, seen = await status(work, deployed(work, name), cluster, previous=seen)
            text = "\n".join(lines(found, terminal, now()))
            if text != shown:
                _show(found, text, terminal, over=again)
                shown = text
            if not again:
                return found
            await asyncio.sleep(PACE)


def _show(found: Status, text: str, terminal: Terminal, *, over: bool) -> None:
    if over:
        terminal.clear()
    terminal.result({**plain(found), "healthy": found.healthy})
    terminal.say(text)


def lines(found: Status, terminal: Terminal, at: datetime) -> Iterator[str]:
    """The tree, line by line."""
    well = len(found.objects) - len(found.sick)
    facts = [
        f"revision {found.commit[:12]}",
        f"warrant {found.sequence}",
        ago((at - found.warranted).total_seconds()),
        *(() if found.applied else ("not applied to its end",)),
        *(("suspended",) if found.suspended else ()),
        *((f"held at {found.held.commit[:12]} until released",) if found.held else ()),
    ]
    name = terminal.style(found.environment, "bold")
    yield f"{name}  {', '.join(facts)}: {well} of {len(found.objects)} objects are healthy"
    for index, item in enumerate(found.objects, 1):
        yield from _object(item, terminal, last=index == len(found.objects))


def _object(item: ObjectStatus, terminal: Terminal, *, last: bool) -> Iterator[str]:
    mark = f"  {terminal.style(_drifted(item.drift), 'change')}" if item.drift else ""
    yield f"{'└─' if last else '├─'} {_health(item.health, str(item.health.key), terminal)}{mark}"
    yield from _below(item.below, "   " if last else "│  ", terminal)


def _below(items: Sequence[Offspring], margin: str, terminal: Terminal) -> Iterator[str]:
    for index, item in enumerate(items, 1):
        last, key = index == len(items), item.health.key
        branch = "└─" if last else "├─"
        yield f"{margin}{branch} {_health(item.health, f'{key.kind} {key.name}', terminal)}"
        yield from _below(item.below, margin + ("   " if last else "│  "), terminal)


def _health(item: ObjectHealth, name: str, terminal: Terminal) -> str:
    said = terminal.style(item.health.value, STYLES[item.health])
    return f"{name}  {said}" + (f": {item.reason}" if item.reason else "")


def _drifted(drift: Drift) -> str:
    fields = ", ".join(field_name(item, {}) for item in drift.differences)
    return f"drifted: {fields or drift.note or drift.kind.value}"
