"""Watch one environment for as long as an agent runs: its cluster, and what should stand there.

The only module beside `deploy` that may put objects back. A round in which
nothing is new reads nothing that grows with the number of objects.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import cache
from types import TracebackType
from typing import Protocol, Self

from gitwarrant.audit.queries import LastWarrant, last_warrant
from gitwarrant.audit.recorder import Recorder, Selection
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.live import Live
from gitwarrant.cluster.observe import Viewer, told
from gitwarrant.cluster.observer import Expected, Observer, Place
from gitwarrant.cluster.power.calls import BY_NAME
from gitwarrant.cluster.strangers import Strangers
from gitwarrant.cluster.undeclared import Estate, Makers
from gitwarrant.cluster.watch import Source
from gitwarrant.model.errors import GitwarrantError, Unreachable
from gitwarrant.model.live import Drift, Observation, Seen
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import Standing, standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.deploy import acting_mode, viewer_of, warranted_here
from gitwarrant.pipeline.estate import estate_of
from gitwarrant.pipeline.fights import alarm_fights
from gitwarrant.pipeline.holding import note_healthy, notice
from gitwarrant.pipeline.warranted import Manifests

MAKERS = frozenset({"Service", "StatefulSet"})
"""Kinds whose manifests say what controllers make of them without an owner."""
MOVES = frozenset({RecordKind.WARRANTED, RecordKind.APPLIED})
"""After these records something else should stand, or under another uid."""


class Viewed(Protocol):
    """Who is told what is seen of one environment."""

    def changed(self, before: Seen | None, seen: Seen) -> None:
        """An object is not as it was seen before; None: it was not seen yet."""
        ...

    def healthy(self, objects: int) -> None:
        """All of them are healthy now, and were not."""
        ...

    def strange(self, drift: Drift) -> None:
        """There is something that nobody declared."""
        ...

    def unwatched(self, what: str, error: GitwarrantError | None) -> None:
        """Objects of a kind cannot be watched; None: they can again."""
        ...


class Reach:
    """A connection, and the watches that all environments of that cluster share; used as `async with`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.live = cluster, Live(cluster)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._stack.enter_async_context(self.cluster)
        await self._stack.enter_async_context(self.live)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the watches, then the connection."""
        await self._stack.aclose()


class News:
    """Whether the log has records of some kinds that were not asked about before."""

    def __init__(self, recorder: Recorder, environment: str) -> None:
        self._recorder, self._environment = recorder, environment
        newest = next(recorder.read(0, Selection(newest_first=True)), None)
        self._read = newest.number if newest else 0

    def any(self) -> bool:
        """Whether something else should stand since this was last asked."""
        found = False
        for record in self._recorder.read(self._read):
            self._read = record.number
            found = found or (record.kind in MOVES and record.environment == self._environment)
        return found


class Watching:
    """One environment under watch; used as `async with Watching(...)`. Nothing is watched before `follow`."""

    def __init__(self, work: Delivery, environment: str, reach: Reach, viewed: Viewed) -> None:
        self._work, self._name, self._reach, self._viewed = work, environment, reach, viewed
        self._cluster = reach.cluster
        self._observer = Observer(reach.cluster, reach.live, self, told(work.recorder, environment))
        self._strangers = Strangers(reach.cluster, reach.live, self._found)
        self._strange: tuple[Drift, ...] = ()
        self._viewer: Viewer | None = None
        self._news = News(work.recorder, environment)
        self._last: LastWarrant | None = None
        self._terms: object = None
        self._held = False
        self._may: dict[Place, bool] = {}
        self._away = False
        self._unwatched: set[Source] = set()
        self._healthy = False
        self._unnoticed = False
        self._rest: tuple[int, Observation] | None = None

    async def __aenter__(self) -> Self:
        """Open the observer."""
        await self._observer.__aenter__()
        await self._strangers.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        await self._strangers.__aexit__(kind, error, trace)
        await self._observer.__aexit__(kind, error, trace)

    async def hold(self) -> None:
        """Judge nothing until the next `follow`: a deploy is about to change what should be."""
        await self._observer.hold()
        await self._strangers.hold()
        self._held = True

    async def follow(self) -> bool:
        """Judge by what should stand now; whether anything should.

        Raises:
            Refused: the cluster is not the one that it was warranted for; rules can no longer be read.
            GitwarrantError: what was warranted can no longer be shown.
            Unreachable: the API server does not answer.
        """
        moved = self._news.any() or self._last is None
        if moved:
            self._last = last_warrant(self._work.recorder, self._name)
        stands = standing(self._work, self._name, last=self._last) if self._last else None
        if stands is None:
            return False
        await warranted_here(self._work, stands, self._cluster)
        away, self._away = self._away, False
        await self._cluster.server_version(again=away)
        terms = self._terms_of(stands)
        if moved or self._held or terms != self._terms:
            apart = await self._apart(stands)
            self._tell_observer(stands, apart, anew=terms != self._terms)
            self._terms, self._held = terms, False
        return True

    def _terms_of(self, stands: Standing) -> object:
        """What all objects are judged by."""
        now = self._work.now()
        in_force = [rule for rule in stands.environment.ignore if rule.until is None or now < rule.until]
        environment = stands.environment
        rules = environment.health, environment.health_deadline
        return acting_mode(self._work, stands), in_force, rules, self._cluster.known_as

    async def _apart(self, stands: Standing) -> frozenset[Place]:
        """Where Secrets must be watched one by one: who may list them may read all of them, so few should.

        Where we may, one watch for all of a namespace costs less.
        """
        leaves = [
            leaf for leaf in stands.warrant.leaves.standing.leaves if (leaf.group, leaf.kind) in BY_NAME
        ]
        places = {(leaf.group, leaf.kind, leaf.namespace): leaf.version for leaf in leaves}
        for place in places.keys() - self._may.keys():
            group, kind, namespace = place
            resource = await self._cluster.resource(group, places[place], kind)
            allowed = [await self._cluster.may(verb, resource, namespace) for verb in ("list", "watch")]
            self._may[place] = all(allowed)
        return frozenset(place for place in places if not self._may[place])

    def _tell_observer(self, stands: Standing, apart: frozenset[Place], *, anew: bool) -> None:
        work, owned = self._work, self._work.tracking.inventory(self._name)
        viewer = viewer_of(work, stands, self._cluster, owned, mode=acting_mode(work, stands))
        expected = Expected(stands.warrant.leaves.standing.by_key, owned.by_key)
        manifests = Manifests(work, stands)
        self._viewer, self._unnoticed = viewer, True
        self._observer.follow(viewer, expected, manifests.of, apart=apart, anew=anew)
        makers = cache(lambda: _makers(stands, manifests))
        self._strangers.follow(lambda: self._estate(stands, makers()), self._observer.sources)

    def _estate(self, stands: Standing, makers: Makers) -> Estate:
        """What may be there, by what the log says at this moment."""
        owned = self._work.tracking.inventory(self._name)
        return estate_of(self._work, stands.environment, makers, owned, self._work.now())

    def _found(self, drifts: tuple[Drift, ...]) -> None:
        """Tell and record what nobody declared, each once."""
        before, self._strange = frozenset(self._strange), drifts
        for drift in drifts:
            if drift not in before and self._viewer is not None:
                self._viewer.record_drift(drift)
                self._viewed.strange(drift)

    async def settled(self) -> None:
        """Wait until all that can be seen was."""
        await self._observer.settled()
        await self._strangers.settled()

    def look_again(self) -> None:
        """Look again at what is not well: time alone may have changed it."""
        self._observer.again()

    def conclude(self) -> None:
        """Do what follows from what was seen.

        Raises:
            Unreachable: the API server does not answer.
            GitwarrantError: an object could not be looked at, because of us.
        """
        self._reach.live.check()
        self._observer.check()
        self._strangers.check()
        if self._observer.at_rest:
            self._note_rest()
        (sequence, seen), self._rest = self._rest or (0, None), None
        if seen is None or self._last is None or self._last.warrant.sequence != sequence:
            return
        stands = standing(self._work, self._name, last=self._last)
        if stands is not None:
            alarm_fights(self._work, self._name, sequence, seen.drifts)
            note_healthy(self._work, self._name, seen)
            notice(self._work, stands.environment, seen)

    def _note_rest(self) -> None:
        """Keep what is seen when all of it was looked at: before that, some is of the warrant before."""
        if self._unnoticed and self._last is not None:
            self._unnoticed = False
            self._rest = self._last.warrant.sequence, self.observation()

    def observation(self) -> Observation:
        """All that is known now."""
        seen = self._observer.observation(self._name)
        drifts = sorted((*seen.drifts, *self._strange), key=lambda item: item.key)
        return replace(seen, drifts=tuple(drifts))

    # What the observer tells

    def saw(self, before: Seen | None, seen: Seen) -> None:
        """An object is not as it was seen before."""
        moved = before is None or before.health != seen.health or seen.drift is not None
        self._unnoticed = self._unnoticed or moved
        self._viewed.changed(before, seen)

    def rested(self) -> None:
        """All that was to be looked at, was."""
        healthy = self._observer.healthy
        if healthy and not self._healthy:
            self._viewed.healthy(self._observer.size)
        self._healthy = healthy
        self._note_rest()

    def troubled(self, source: Source, error: GitwarrantError | None) -> None:
        """Objects cannot be watched, for this reason; None: they can again."""
        if error is None:
            self._away = True  # a server that was away may come back as a newer one
        if error is None and source in self._unwatched:
            self._unwatched.remove(source)
            self._viewed.unwatched(str(source), None)
        elif error is not None and not isinstance(
            error, Unreachable
        ):  # that one `conclude` says once for all
            self._unwatched.add(source)
            self._may.clear()  # our rights changed
            self._viewed.unwatched(str(source), error)


def _makers(stands: Standing, manifests: Manifests) -> Makers:
    """What is made for the warranted objects. Reads one manifest for each of some kinds."""
    needed = (leaf for leaf in stands.warrant.leaves.standing.leaves if leaf.kind in MAKERS)
    return Makers.of(map(manifests.of, needed))


@asynccontextmanager
async def held(view: Watching) -> AsyncIterator[None]:
    """Judge nothing while a deploy changes what should be; afterwards judge by what it left."""
    await view.hold()
    try:
        yield
    finally:
        with suppress(GitwarrantError):  # the next `follow` says it again, where it is heard
            await view.follow()
