"""`gitwarrant drift`: compare the cluster with what was warranted."""

import argparse
import asyncio
from contextlib import nullcontext

from gitwarrant.cli.configured import working
from gitwarrant.cli.reaching import connection, deployed
from gitwarrant.cli.terminal import Terminal
from gitwarrant.cluster.client import Cluster
from gitwarrant.model.canonical import plain
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.live import Drift, DriftKind, Health, Observation
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.delivery import Delivery, alone
from gitwarrant.pipeline.deploy import watch
from gitwarrant.plan.text import difference_lines


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show drift and health."""
    with working(arguments) as work:
        mode = DriftMode.REVERT if arguments.revert else DriftMode.REPORT
        stands = deployed(work, arguments.environment)
        seen = asyncio.run(_watch(work, stands, mode))
    terminal.result(plain(seen))
    _say(seen, terminal)
    return 1 if any(drift.key not in seen.reverted for drift in seen.drifts) else 0


async def _watch(work: Delivery, stands: Standing, mode: DriftMode) -> Observation:
    # Putting back is deploying, so it is done alone; looking is not.
    with alone(work.agent.state) if mode is DriftMode.REVERT else nullcontext():
        async with Cluster(connection(work, stands.environment.name)) as cluster:
            return await watch(work, stands, cluster, mode=mode)


def _say(seen: Observation, terminal: Terminal) -> None:
    for drift in seen.drifts:
        _say_drift(drift, reverted=drift.key in seen.reverted, terminal=terminal)
    sick = [item for item in seen.health if item.health is not Health.HEALTHY]
    for item in sick:
        terminal.say(f"{item.health.value:<12} {item.key}  {item.reason}", "warn")
    healthy = f"{len(seen.health) - len(sick)} of {len(seen.health)} objects are healthy"
    if seen.drifts:
        terminal.say(f"{len(seen.drifts)} objects drifted, {len(seen.reverted)} put back; {healthy}", "warn")
    else:
        terminal.say(f"as warranted; {healthy}", "good")


def _say_drift(drift: Drift, *, reverted: bool, terminal: Terminal) -> None:
    how = "missing" if drift.kind is DriftKind.MISSING else "changed"
    by = f" by {', '.join(drift.managers)}" if drift.managers else ""
    note = f"  ({drift.note})" if drift.note else ""
    end = "  put back" if reverted else ""
    terminal.say(f"{how}{by}: {drift.key}{note}{end}", "bold")
    for style, text in difference_lines(drift.differences, {}):
        terminal.say(text, style)
