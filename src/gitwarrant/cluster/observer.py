"""Observe an environment by what its cluster tells: costs nothing while nothing happens.

Each event carries the newest state of one object. One that is plainly as it
should be is noted and forgotten. Everything else is looked at as a person
would: read anew, judged, recorded, put back. So a late event decides nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from gitwarrant.cluster.client import PAGE, Cluster
from gitwarrant.cluster.drift import unjudged
from gitwarrant.cluster.due import Due
from gitwarrant.cluster.live import Live
from gitwarrant.cluster.observe import Viewer
from gitwarrant.cluster.watch import Change, Event, Source
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.errors import GitwarrantError, Unreachable
from gitwarrant.model.live import Health, InventoryEntry, ObjectHealth, Observation, Seen
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.plan import Leaf

Place = tuple[str, str, str]
"""Group, kind and namespace of objects."""

PACE = 0.5  # seconds between two looks at one object: a rollout writes its status many times a second


class Listener(Protocol):
    """Who is told what an observer sees."""

    def saw(self, before: Seen | None, seen: Seen) -> None:
        """An object is not as it was seen before."""
        ...

    def rested(self) -> None:
        """All that was to be looked at, was."""
        ...

    def troubled(self, source: Source, error: GitwarrantError | None) -> None:
        """Objects cannot be watched, for this reason; None: they can again."""
        ...


@dataclass(frozen=True, slots=True)
class Expected:
    """What should stand in an environment: the leaves of its last warrant, and what the log says it owns."""

    leaves: Mapping[ObjectKey, Leaf] = field(default_factory=dict)
    owned: Mapping[ObjectKey, InventoryEntry] = field(default_factory=dict)

    def of(self, key: ObjectKey) -> tuple[Leaf | None, InventoryEntry | None]:
        """What one object should be."""
        return self.leaves.get(key), self.owned.get(key)

    def changed(self, other: "Expected") -> set[ObjectKey]:
        """The objects that should be otherwise."""
        return {key for key in self.leaves.keys() | other.leaves.keys() if self.of(key) != other.of(key)}


@dataclass(frozen=True, slots=True)
class _Last:
    """What is remembered of an object. An empty version: it is judged anew at its next event."""

    seen: Seen
    version: str = ""


class Observer:
    """One environment, from the events of its cluster's shared watches; used as `async with`.

    Before the first `follow`, and between `hold` and the next one, events are
    only noted: nobody knows then what should be.
    """

    def __init__(
        self, cluster: Cluster, live: Live, listener: Listener, told: Collection[Digest] = frozenset()
    ) -> None:
        """`told` are the verdicts that the log told last, so that they are not recorded again."""
        self._cluster, self._live, self._listener, self._told = cluster, live, listener, told
        self._viewer: Viewer | None = None
        self._manifest: Callable[[Leaf], Manifest]
        self._expected = Expected()
        self._sources: dict[Source, set[ObjectKey]] = {}
        self._unsynced: set[Source] = set()
        self._troubles: dict[Source, GitwarrantError] = {}
        self._last: dict[ObjectKey, _Last] = {}
        self._sick: set[ObjectKey] = set()
        self._missed: set[ObjectKey] = set()
        self._due = Due(PACE)
        self._held = True
        self._resting = asyncio.Event()
        self._complaint: GitwarrantError | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to look at what is due."""
        self._task = asyncio.create_task(self._work(), name="observe")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; what is being put back is not waited for: its intent is in the log."""
        for source in self._sources:
            self._live.unsubscribe(source, self._event)
        self._sources = {}
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # What should be

    async def hold(self) -> None:
        """Judge nothing until the next `follow`: what should be is about to change.

        Returns when all looks that are under way have ended.
        """
        self._held = True
        await self._due.quiet()

    def follow(
        self,
        viewer: Viewer,
        expected: Expected,
        manifest: Callable[[Leaf], Manifest],
        *,
        apart: Collection[Place] = (),
        anew: bool = False,
    ) -> None:
        """Judge by this from now on.

        Args:
            viewer: how objects are looked at.
            expected: what should stand.
            manifest: the manifest of a leaf; may raise GitwarrantError.
            apart: where we may watch objects only one by one.
            anew: judge those again, too, that should be as before: the viewer judges by other rules.
        """
        changed = set(expected.leaves) if anew else expected.changed(self._expected)
        self._viewer, self._expected, self._manifest = viewer, expected, manifest
        for key in changed:
            self._forget(key)
        self._held = False
        self._look_at((changed | self._missed) & expected.leaves.keys(), new=self._subscribe(apart))
        self._missed = set()
        self._rest()

    def _forget(self, key: ObjectKey) -> None:
        """Judge it anew; one that is no longer expected leaves nothing behind."""
        if key not in self._expected.leaves:
            self._last.pop(key, None)
            self._sick.discard(key)
            self._due.drop([key])
        elif key in self._last:
            self._last[key] = _Last(self._last[key].seen)

    def _subscribe(self, apart: Collection[Place]) -> set[Source]:
        """Watch where objects should be, and nowhere else; gives the sources that are new."""
        wanted: dict[Source, set[ObjectKey]] = defaultdict(set)
        for key, leaf in self._expected.leaves.items():
            name = key.name if (key.group, key.kind, key.namespace) in apart else ""
            wanted[Source(key.group, leaf.version, key.kind, key.namespace, name=name)].add(key)
        for source in self._sources.keys() - wanted.keys():
            self._live.unsubscribe(source, self._event)
            self._unsynced.discard(source)
            self._troubles.pop(source, None)
        new = set(wanted.keys() - self._sources.keys())
        self._sources = dict(wanted)
        self._unsynced |= new
        for source in new:
            self._live.subscribe(source, self._event)
        return new

    def _look_at(self, keys: set[ObjectKey], *, new: set[Source]) -> None:
        """Look at these: one by one, or by one list where there are many; new sources are listed anyway."""
        for source, members in self._sources.items():
            wanted = members & keys
            if len(wanted) > PAGE and source not in new:
                self._unsynced.add(source)
                self._live.again(source)
            elif source not in new:
                self._due.add(wanted)

    # What is

    def _event(self, event: Event) -> None:
        try:
            self._take(event)
            self._rest()
        except GitwarrantError as error:  # the log, or the cache: no reason to end a watch that others share
            self._complaint = error

    def _take(self, event: Event) -> None:
        source = event.source
        members = self._sources.get(source, set())
        match event.change:
            case Change.TROUBLED if event.error:
                self._troubles[source] = event.error
                self._listener.troubled(source, event.error)
            case Change.RESUMED:
                self._troubles.pop(source, None)
                self._named(self._sick & members)
                self._listener.troubled(source, None)
            case Change.SYNCED:
                self._unsynced.discard(source)
                self._named({key for key in members if (key.namespace, key.name) not in event.names})
            case Change.DELETED:
                self._named({source.key(event.object)} & members)
            case _:
                self._changed(source.key(event.object), event.object)

    def _changed(self, key: ObjectKey, live: Content) -> None:
        leaf, entry = self._expected.of(key)
        if leaf is None:
            return
        last, version = self._last.get(key), str(live["metadata"]["resourceVersion"])
        if last is not None and last.version == version:
            return
        if self._held or self._viewer is None or entry is None:
            self._named({key})
            return
        seen = self._viewing(key).plainly(leaf, entry, live)
        if seen is None:
            self._named({key})
        else:
            self._keep(seen, version)

    def _named(self, keys: set[ObjectKey]) -> None:
        if self._held:
            self._missed |= keys
        else:
            self._due.add(keys)

    async def _work(self) -> None:
        """Look at what is due, several at once."""
        slots = asyncio.Semaphore(self._cluster.concurrency)
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                key = await self._due.take()
                if self._held:
                    self._missed.add(key)
                    self._done(key, slots)
                else:
                    group.create_task(self._look(key, slots))

    async def _look(self, key: ObjectKey, slots: asyncio.Semaphore) -> None:
        leaf, entry = self._expected.of(key)
        try:
            if leaf is not None:
                self._keep(await self._viewing(key).look(self._manifest(leaf), entry))
        except Unreachable:
            self._sick.add(key)
        except GitwarrantError as error:
            self._sick.add(key)
            self._complaint = error
        finally:
            self._done(key, slots)

    def _done(self, key: ObjectKey, slots: asyncio.Semaphore) -> None:
        self._due.done(key)
        slots.release()
        self._rest()

    def _viewing(self, key: ObjectKey) -> Viewer:
        """The viewer, who records of this object what was not recorded of it before."""
        if self._viewer is None:
            raise RuntimeError("nothing is followed yet")
        last = self._last.get(key)
        if last is None:
            return self._viewer.anew(self._told)
        known = {digest(last.seen.health)} | ({digest(last.seen.drift)} if last.seen.drift else set())
        return self._viewer.anew(known)

    def _keep(self, seen: Seen, version: str = "") -> None:
        key = seen.health.key
        if key not in self._expected.leaves:
            return
        before = self._last.get(key)
        seen = replace(seen, explained=None)
        stays = replace(seen, drift=None, reverted=False) if seen.reverted else seen
        self._last[key] = _Last(stays, version)
        if stays.well:
            self._sick.discard(key)
        else:
            self._sick.add(key)
        if before is None or before.seen != seen:
            self._listener.saw(before.seen if before else None, seen)

    # What there is to say

    def _rest(self) -> None:
        if not self._due.idle or self._held or self._unsynced - self._troubles.keys():
            self._resting.clear()
        elif not self._resting.is_set():
            self._resting.set()
            if len(self._last) == len(self._expected.leaves):
                self._told = frozenset()  # from now on what was seen last says what is new
            self._listener.rested()

    async def settled(self) -> None:
        """Wait until all that can be looked at was."""
        await self._resting.wait()

    @property
    def at_rest(self) -> bool:
        """Whether all that can be looked at was, and nothing happened since."""
        return self._resting.is_set() and not self._held

    def again(self) -> None:
        """Look again at what is not well: time alone may have changed it, or its Pods."""
        if not self._held:
            self._due.add(self._sick)
            self._rest()

    def check(self) -> None:
        """Say what went wrong since.

        Raises:
            Unreachable: the server does not answer.
            GitwarrantError: an object could not be looked at, because of us.
        """
        if self._task is not None and self._task.done():
            self._task.result()
        complaint, self._complaint = self._complaint, None
        away = (error for error in self._troubles.values() if isinstance(error, Unreachable))
        for error in (complaint, *away):
            if error is not None:
                raise error

    def observation(self, environment: str) -> Observation:
        """All that is known now. Of objects that cannot be watched nothing is."""
        health, drifts = [], []
        for source, members in self._sources.items():
            error = self._troubles.get(source)
            for key in members:
                last = self._last.get(key)
                if error is not None and not isinstance(error, Unreachable):
                    why = f"cannot be watched: {error.what}"
                    health.append(ObjectHealth(key, Health.UNKNOWN, why))
                    drifts.append(unjudged(key, why))
                elif last is not None:
                    health.append(last.seen.health)
                    drifts += [last.seen.drift] if last.seen.drift else []
        return Observation(
            environment,
            tuple(sorted(health, key=lambda item: item.key)),
            tuple(sorted(drifts, key=lambda item: item.key)),
            (),
        )

    @property
    def healthy(self) -> bool:
        """Whether every object was seen, and seen healthy."""
        seen_all = len(self._last) == len(self._expected.leaves) and not self._troubles
        return seen_all and all(self._last[key].seen.health.health is Health.HEALTHY for key in self._sick)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is watched."""
        return tuple(self._sources)

    @property
    def size(self) -> int:
        """How many objects should stand."""
        return len(self._expected.leaves)
