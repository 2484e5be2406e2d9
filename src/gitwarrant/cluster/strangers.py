"""See what nobody declared as it comes: a look at all there is, and another when something came or went.

Only metadata is watched. Events are a reason to look again, and decide nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.discovery import Resource
from gitwarrant.cluster.live import Live
from gitwarrant.cluster.undeclared import Estate, holdings, may_be_listed, undeclared
from gitwarrant.cluster.watch import Change, Event, Source
from gitwarrant.model.errors import GitwarrantError, Unreachable
from gitwarrant.model.live import Drift
from gitwarrant.model.manifest import ObjectKey

PACE = 5.0  # seconds between two looks: a rollout makes and ends many Pods, and a look lists every kind
MAX_WATCHES = (
    400  # kinds in namespaces, each with a connection of its own; where there are more, looks must do
)
SELDOM = 300.0  # seconds between looks where there are too many to watch; or until the next, if one failed


class Strangers:
    """Looks for undeclared objects in the namespaces of one environment; used as `async with`.

    Nothing is looked at before the first `follow`, and between `hold` and the
    next one: what a deploy makes is declared only when it is done.
    """

    def __init__(self, cluster: Cluster, live: Live, found: Callable[[tuple[Drift, ...]], None]) -> None:
        """`found` is told what each look found; it may raise GitwarrantError."""
        self._cluster, self._live, self._found = cluster, live, found
        self._estate: Callable[[], Estate] | None = None
        self._now: Estate | None = None
        self._known: frozenset[ObjectKey] = frozenset()
        self._wait: float | None = None
        self._full: frozenset[Source] = frozenset()
        self._watched: set[Source] = set()
        self._stirred = asyncio.Event()
        self._followed = asyncio.Event()
        self._looked = asyncio.Event()
        self._quiet = asyncio.Lock()
        self._held = True
        self._complaint: GitwarrantError | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to wait."""
        self._task = asyncio.create_task(self._work(), name="strangers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._watch(())

    async def hold(self) -> None:
        """Do not look until the next `follow`; waits for a look that is under way."""
        self._held = True
        async with self._quiet:
            pass

    def follow(self, estate: Callable[[], Estate], full: Iterable[Source]) -> None:
        """Look by this from now on.

        Args:
            estate: tells at each look what may be there.
            full: what others watch anyway; no metadata need be watched beside.
        """
        self._estate, self._full, self._held = estate, frozenset(full), False
        self._looked.clear()
        self._followed.set()
        self._stirred.set()

    async def settled(self) -> None:
        """Wait for a look since the last `follow`."""
        await self._looked.wait()

    def check(self) -> None:
        """Raise what went wrong with a look since."""
        if self._task is not None and self._task.done():
            self._task.result()
        complaint, self._complaint = self._complaint, None
        if complaint is not None:
            raise complaint

    async def _work(self) -> None:
        while True:
            await _within(self._wait, self._stirred)
            self._stirred.clear()  # what comes from now on is another reason to look
            async with self._quiet:
                if not self._held and self._estate is not None:
                    self._followed.clear()
                    await self._look(self._estate)
                    self._looked.set()
            await _within(PACE, self._followed)

    async def _look(self, estate: Callable[[], Estate]) -> None:
        """Watch where there is something to see, then look at all of it."""
        try:
            now = estate()
            self._now = replace(now, uids={})  # what only a look needs
            self._watch(self._sources(now, await self._listable(now)))
            drifts, wanted = await undeclared(self._cluster, now)
            self._known = frozenset(drift.key for drift in drifts) | {item.key for item in wanted}
            self._found(tuple(drifts))
        except Unreachable:  # who watches the declared objects says so
            self._wait = SELDOM
        except GitwarrantError as error:
            self._wait, self._complaint = SELDOM, error

    async def _listable(self, estate: Estate) -> list[tuple[Resource, str]]:
        """Every kind that may be listed where all should be declared, with the namespace."""
        return [
            (kind, namespace)
            for kind in await holdings(self._cluster)
            for namespace in estate.whole
            if await may_be_listed(self._cluster, kind, namespace)
        ]

    def _sources(self, estate: Estate, kinds: Iterable[tuple[Resource, str]]) -> set[Source]:
        """What to watch: every kind where all should be declared; elsewhere what others watch anyway."""
        full = {(item.group, item.kind, item.namespace): item for item in self._full if not item.name}
        wanted = {
            full.get((kind.group, kind.kind, namespace))
            or Source(kind.group, kind.version, kind.kind, namespace, metadata=True)
            for kind, namespace in kinds
            if "watch" in kind.verbs
        }
        wanted |= {item for item in self._full if item.namespace in estate.shared}
        many = sum(item.metadata for item in wanted) > MAX_WATCHES
        self._wait = SELDOM if many else None
        return {item for item in wanted if not many or not item.metadata}

    def _watch(self, wanted: Collection[Source]) -> None:
        for source in self._watched.difference(wanted):
            self._live.unsubscribe(source, self._event)
        for source in set(wanted) - self._watched:
            self._live.subscribe(source, self._event, replay=False)
        self._watched = set(wanted)

    def _event(self, event: Event) -> None:
        if event.object and self._now and self._matters(event, self._now):
            self._stirred.set()

    def _matters(self, event: Event, estate: Estate) -> bool:
        """Whether it may be about something that nobody declared and that was not judged yet.

        What is changed stays what it was, but for a label of ours that it gets.
        """
        key = event.source.key(event.object)
        if key in estate.declared:
            return False
        if key.namespace in estate.whole and event.change in (Change.ADDED, Change.DELETED):
            return True
        labels = event.object["metadata"].get("labels") or {}
        return labels.get(PART_OF) == estate.identifier and key not in self._known


async def _within(seconds: float | None, event: asyncio.Event) -> None:
    """Wait for an event, but no longer than this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
