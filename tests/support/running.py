"""An agent that runs beside a test, as `gitwarrant run` does: its events with times, its requests by verb.

async with running(deployer) as agent:
    await agent.told("everything is healthy")
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from gitwarrant.agent.loop import Event, Loop
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Connection
from gitwarrant.pipeline.delivery import open_delivery
from tests.support.deployers import Deployer

LEAVE_SECONDS = 5.0
TOLD_SECONDS = 30.0  # on a machine that has much else to do


@dataclass
class Requests:
    """Counts requests that were begun, by verb."""

    begun: Counter[str] = field(default_factory=Counter)
    ended_with: Counter[tuple[str, int]] = field(default_factory=Counter)

    def began(self, verb: str) -> None:
        self.begun[verb] += 1

    def ended(self, verb: str, status: int, seconds: float) -> None:  # noqa: ARG002 - as metrics are told
        self.ended_with[verb, status] += 1


@dataclass
class Running:
    """What an agent said so far."""

    requests: Requests = field(default_factory=Requests)
    events: list[tuple[float, Event]] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: Event) -> None:
        self.events.append((time.monotonic(), event))
        self._more.set()

    @property
    def said(self) -> list[str]:
        return [event.what for _, event in self.events]

    async def told(self, text: str, *, since: float = 0.0, seconds: float = TOLD_SECONDS) -> float:
        """Wait until an event holds this text; how many seconds it came after `since` (monotonic)."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._more.clear()
                    for at, event in self.events:
                        if at >= since and text in event.what:
                            return at - since
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"nobody said {text!r}, only {self.said}") from None


@asynccontextmanager
async def running(
    deployer: Deployer,
    *environments: str,
    interval: float = 0.1,
    connection: Connection | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[Running]:
    """Run the agent's loop until the block ends."""
    agent = replace(deployer.agent(), interval=timedelta(seconds=interval))
    names = environments or tuple(grant.environment for grant in agent.tenant.grants)
    beside, open_before = Running(), _open_files()
    with open_delivery(agent, clock) as work:

        def reach(name: str) -> Cluster:
            return Cluster(connection or deployer.connection(name), meter=beside.requests)

        task = asyncio.create_task(Loop(work, names, reach, beside.tell).run())
        try:
            yield beside
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await _leave_taken(open_before)


def _open_files() -> int:
    """How many connections the running loop has, to whomever."""
    return len(getattr(asyncio.get_running_loop(), "_selector").get_map())  # noqa: B009 - no public way leads there


async def _leave_taken(before: int) -> None:
    """Wait until what the agent left in the middle of a request is closed.

    TLS waits for the server to take leave, too; a loop that ends earlier leaves sockets behind, and warns.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            while _open_files() > before:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
