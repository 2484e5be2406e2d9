"""`gitwarrant wait`: until an environment is applied, or healthy."""

import argparse
import asyncio
import re
from dataclasses import dataclass, field

from gitwarrant.cli.configured import duration_of, working
from gitwarrant.cli.reaching import deployed, reach
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.errors import GitwarrantError, Unreachable
from gitwarrant.model.live import Observation
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.deploy import watch
from gitwarrant.pipeline.status import awaited, sickness

REVISION = re.compile(r"[0-9a-f]{7,64}")

PACE = 2.0
"""Seconds between two looks."""


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 it is as wanted, 1 it was not in time."""
    limit = duration_of(arguments.timeout).total_seconds()
    if arguments.revision and not REVISION.fullmatch(arguments.revision):
        raise GitwarrantError(
            f"{arguments.revision!r} is no commit id",
            remedy='write it like --revision "$(git rev-parse main)"',
        )
    with working(arguments) as work:
        watcher = _Watcher(work, arguments.environment, arguments.revision, terminal)
        waits_for = asyncio.run(watcher.wait(limit, healthy=arguments.wanted == "healthy"))
    terminal.result({"environment": arguments.environment, "for": arguments.wanted, "waits_for": waits_for})
    if waits_for:
        terminal.say(f"not {arguments.wanted} within {arguments.timeout}: {waits_for}", "bad")
        return 1
    terminal.say(f"{arguments.environment} is {arguments.wanted}", "good")
    return 0


@dataclass(slots=True)
class _Watcher:
    work: Delivery
    environment: str
    revision: str
    terminal: Terminal
    told: str = ""
    seen: Observation | None = field(default=None)

    async def wait(self, limit: float, *, healthy: bool) -> str:
        """Look until nothing is waited for, or the time is over; then what it still waits for.

        Raises:
            Unreachable: the last look found a server that does not answer.
        """
        ends = asyncio.get_running_loop().time() + limit
        while True:
            over = asyncio.get_running_loop().time() + PACE > ends
            try:
                waits_for = await self._look(healthy=healthy)
            except Unreachable as error:
                if over:
                    raise
                waits_for = error.what
            if not waits_for or over:
                return waits_for
            self._tell(waits_for)
            await asyncio.sleep(PACE)

    async def _look(self, *, healthy: bool) -> str:
        waits_for = awaited(self.work, self.environment, self.revision)
        if waits_for or not healthy:
            return waits_for
        async with reach(self.work, self.environment) as cluster:
            stands = deployed(self.work, self.environment)
            self.seen = await watch(self.work, stands, cluster, mode=DriftMode.REPORT, previous=self.seen)
        return sickness(self.seen.health)

    def _tell(self, waits_for: str) -> None:
        if waits_for != self.told:
            self.told = waits_for
            self.terminal.note(f"waiting: {waits_for}")
