"""Deploy and watch every environment of a tenant, again and again.

Between two looks nothing is held in memory that the log could not give back:
killed at any point, it starts again and converges.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import ParamSpec, TypeAlias, TypeVar

from gitwarrant.audit.queries import TRUST
from gitwarrant.cluster.client import Cluster
from gitwarrant.model.canonical import Digest
from gitwarrant.model.errors import GitwarrantError, Refused, Unreachable
from gitwarrant.model.live import Drift, DriftKind, Health, Observation, Seen
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.deploy import Deployment, deploy
from gitwarrant.pipeline.notices import notices
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.warranting import access, passed_plan
from gitwarrant.pipeline.watching import Reach, Watching, held
from gitwarrant.plan.text import field_name

P = ParamSpec("P")
T = TypeVar("T")

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds before trying again a server that did not answer: doubled each time, up to the longest."""


SHARE_SECONDS = 10.0  # that a round gives one deploy before it looks at the next environment
SETTLE_SECONDS = 60.0  # a look at ten thousand objects takes a few


class Mood(Enum):
    """How an event is meant, for colours and alarms."""

    GOOD = "good"
    NEWS = "news"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Event:
    """Something the loop did or saw, in words; `details` for machines. Of the rules: no environment."""

    environment: str
    mood: Mood
    what: str
    details: Mapping[str, object] = field(default_factory=dict)


Tell: TypeAlias = Callable[[Event], None]
Connect: TypeAlias = Callable[[str], Cluster]
"""From an environment's name to its cluster, not opened yet."""


@dataclass(slots=True)
class _Patience:
    """How one kind of step fares: a Git server that is gone must not slow the watching down."""

    failures: int = 0
    wait_until: float = 0.0
    told: str = ""


@dataclass(slots=True)
class _Memory:
    """What was seen of one environment: saves work, decides nothing."""

    judged: Digest | None = None
    judgement: Judgement | None = None
    announced: str = ""
    observation: Observation | None = None
    view: Watching | None = None
    applying: "asyncio.Task[Deployment] | None" = None
    """A deploy under way: a wave may take minutes to become healthy, and others do not wait for it."""
    deploying: _Patience = field(default_factory=_Patience)
    watching: _Patience = field(default_factory=_Patience)


class Loop:
    """One agent's loop over its environments.

    Rounds ask the Git server. The clusters tell by themselves what happens
    there, at any time: a round only looks again at what is not well.
    """

    def __init__(self, work: Delivery, environments: Sequence[str], connect: Connect, tell: Tell) -> None:
        self._work, self._connect, self._tell = work, connect, tell
        self._memories = {name: _Memory() for name in environments}
        self._listening = _Patience()
        self._reached: dict[str, Reach] = {}

    async def run(self, *, rounds: int | None = None, until: Callable[[], bool] | None = None) -> None:
        """Go round until cancelled, or so many times, or until something holds.

        With a number of rounds each one ends only when all was seen that there is to see.
        """
        interval = self._work.agent.interval.total_seconds()
        async with AsyncExitStack() as stack:
            self._forget_clusters()  # connections and watches live as long as one run
            try:
                await self._rounds(stack, interval, rounds, until)
            finally:
                await self._stop()

    async def _rounds(
        self, stack: AsyncExitStack, interval: float, rounds: int | None, until: Callable[[], bool] | None
    ) -> None:
        bounded = rounds is not None
        while rounds is None or rounds > 0:
            await self._step(TRUST, self._listening, self._alarm)
            for name, memory in self._memories.items():
                await self._look(name, memory, stack, settle=bounded)
            rounds = None if rounds is None else rounds - 1
            if until is not None and until():
                return
            if rounds != 0:
                await asyncio.sleep(interval)

    async def _stop(self) -> None:
        """End what is under way as a crash would: the next run takes it up where the log says."""
        running = [memory.applying for memory in self._memories.values() if memory.applying]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _forget_clusters(self) -> None:
        self._reached.clear()
        for memory in self._memories.values():
            memory.view = memory.applying = None

    def observation(self, name: str) -> Observation | None:
        """What was seen of an environment in the last of a number of rounds; None before the first."""
        return self._memories[name].observation

    async def _look(self, name: str, memory: _Memory, stack: AsyncExitStack, *, settle: bool) -> None:
        """One look at one environment: deploy what is new, then see that what stands is watched.

        The second does not wait for the first: while the Git server is gone, or
        serves what is refused, drift is still seen and put back.
        """
        await self._step(name, memory.deploying, partial(self._deploy, name, memory, stack, settle=settle))
        if memory.applying is None:
            await self._step(name, memory.watching, partial(self._watch, name, memory, stack, settle=settle))

    async def _step(self, name: str, patience: _Patience, step: Callable[[], Awaitable[bool | None]]) -> None:
        """Try one step if it is time; an error is told, and ends the step, not the loop.

        A step gives whether all went well; if not, it is tried again after a while. None: it goes on.
        """
        if patience.wait_until > asyncio.get_running_loop().time():
            return
        try:
            well = await step()
            if well is None:
                return
            if not well:
                self._back_off(patience)
                return
            patience.told = ""  # what went wrong once is news when it comes back
        except Refused as refusal:
            self._once(patience, Event(name, Mood.BAD, f"refused by {refusal.stage}: {refusal}"))
        except Unreachable as error:
            self._again_later(name, patience, error)
            return
        except GitwarrantError as error:
            self._once(patience, Event(name, Mood.BAD, str(error)))
        patience.failures = 0

    async def _reach(self, name: str, stack: AsyncExitStack) -> Reach:
        """The environment's cluster; several environments of one cluster share it."""
        where = access(self._work.agent, name).name
        if where not in self._reached:
            self._reached[where] = await stack.enter_async_context(Reach(self._connect(name)))
        return self._reached[where]

    async def _view(self, name: str, memory: _Memory, stack: AsyncExitStack) -> Watching:
        if memory.view is None:
            reach = await self._reach(name, stack)
            view = Watching(self._work, name, reach, _Teller(self._work, name, self._tell))
            memory.view = await stack.enter_async_context(view)
        return memory.view

    async def _alarm(self) -> bool:
        for notice in notices(self._work):
            self._tell(Event(TRUST, Mood.BAD, notice.what, {"alarm": notice.kind}))
        return True

    async def _deploy(
        self, name: str, memory: _Memory, stack: AsyncExitStack, *, settle: bool
    ) -> bool | None:
        begins = memory.applying is None
        if begins and not await self._begins(name, memory, stack):
            return True
        share = SHARE_SECONDS if begins else 0
        done = await _outcome(memory, seconds=None if settle else share)
        if done is None:
            return None
        self._tell_deployment(name, memory.deploying, done)
        if done.applied is None or done.applied.complete:
            memory.judgement = None  # its manifests take much memory
            return True
        return False

    async def _begins(self, name: str, memory: _Memory, stack: AsyncExitStack) -> bool:
        """Begin to deploy what is new; whether there is something.

        Raises:
            Refused: it may not be deployed.
            Unreachable: the Git server does not answer.
        """
        # In a thread: a Git server that hangs, or a large change, must not keep events waiting.
        found = await _in_thread(candidate, self._work, name)
        fingerprint = found.fingerprint
        if fingerprint != memory.judged:
            memory.judgement = await _in_thread(examine, self._work, found)
            memory.judged = fingerprint
        if memory.judgement is None:  # it was deployed, and nothing is new
            return False
        if not (found.question.environment.auto_deploy or found.question.returns):
            self._announce(name, memory, memory.judgement)
            return False
        view, reach = await self._view(name, memory, stack), await self._reach(name, stack)
        memory.applying = asyncio.create_task(self._carry_out(memory.judgement, view, reach))
        return True

    async def _carry_out(self, judgement: Judgement, view: Watching, reach: Reach) -> Deployment:
        async with held(view):
            return await deploy(self._work, judgement, reach.cluster)

    def _announce(self, name: str, memory: _Memory, judgement: Judgement) -> None:
        """Say what could be deployed by hand.

        Raises:
            Refused: nothing could.
        """
        passed_plan(judgement)
        head = judgement.question.change.head
        if memory.announced != head:
            memory.announced = head
            what = f"{head[:12]} passed; 'auto_deploy' is off, so nothing is applied"
            self._tell(Event(name, Mood.NEWS, what))

    def _tell_deployment(self, name: str, patience: _Patience, done: Deployment) -> None:
        if done.applied is None:
            return
        counted = Counter(item.result.value for item in done.applied.objects)
        words = ", ".join(f"{count} {result}" for result, count in sorted(counted.items()))
        what = f"{done.warrant.commit[:12]} under warrant {done.warrant.sequence}: {words or 'nothing to do'}"
        details = {"sequence": done.warrant.sequence, "commit": done.warrant.commit}
        if done.applied.complete:
            self._tell(Event(name, Mood.GOOD, what, details))
            return
        reasons = "".join(f"\n  {reason}" for reason in done.applied.reasons)
        self._once(patience, Event(name, Mood.BAD, what + reasons, details))

    async def _watch(self, name: str, memory: _Memory, stack: AsyncExitStack, *, settle: bool) -> bool:
        view = await self._view(name, memory, stack)
        if not await view.follow():
            return True
        view.look_again()
        if settle:
            with suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_SECONDS):
                    await view.settled()
            memory.observation = view.observation()
        view.conclude()
        return True

    def _again_later(self, name: str, patience: _Patience, error: Unreachable) -> None:
        """Tell when it is tried again; the log learns of the first time only."""
        wait = self._back_off(patience)
        if patience.failures == 1:
            body = {"stage": "", "what": error.what, "attempt": patience.failures}
            self._work.recorder.append(RecordKind.RETRYING, name, body)
        what = f"{error.what}; trying again in {wait:.0f} s"
        self._tell(Event(name, Mood.BAD, what, {"attempt": patience.failures, "wait": round(wait, 1)}))

    def _back_off(self, patience: _Patience) -> float:
        """Wait longer each time, with jitter: a server that comes back is not met by all agents at once."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(patience.failures, 16))
        wait = longest * random.uniform(0.5, 1)  # noqa: S311 - no secret
        patience.failures += 1
        patience.wait_until = asyncio.get_running_loop().time() + wait
        return wait

    def _once(self, patience: _Patience, event: Event) -> None:
        """Tell what was not told last: the same refusal every half minute helps nobody."""
        if patience.told != event.what:
            patience.told = event.what
            self._tell(event)


async def _in_thread(call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Run a call in a thread. Who is cancelled waits for its end all the same: it works on the log."""
    running = asyncio.create_task(asyncio.to_thread(call, *arguments, **named))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells what is seen of one environment, as it is seen."""

    work: Delivery
    environment: str
    tell: Tell

    def changed(self, before: Seen | None, seen: Seen) -> None:
        """An object is not as it was seen before."""
        for event in changes(self.environment, before, seen):
            self.tell(event)

    def healthy(self, objects: int) -> None:
        """All of them are healthy now, and were not."""
        self.tell(Event(self.environment, Mood.GOOD, f"everything is healthy ({objects})"))

    def strange(self, drift: Drift) -> None:
        """There is something that nobody declared."""
        self.tell(Event(self.environment, Mood.BAD, _drifted(drift)))

    def unwatched(self, what: str, error: GitwarrantError | None) -> None:
        """Say it, and record it."""
        if error is None:
            self.tell(Event(self.environment, Mood.NEWS, f"{what} is watched again"))
        else:
            words = f"{what} cannot be watched: {error.what}"
            body = {"stage": "observe", "what": words, "attempt": 1}
            self.work.recorder.append(RecordKind.RETRYING, self.environment, body)
            self.tell(Event(self.environment, Mood.BAD, words))


async def _outcome(memory: _Memory, *, seconds: float | None) -> Deployment | None:
    """What a deploy came to; None while it goes on after so many seconds.

    Raises:
        GitwarrantError: what it raised.
    """
    if memory.applying is None:
        return None
    await asyncio.wait({memory.applying}, timeout=seconds)
    if not memory.applying.done():
        return None
    task, memory.applying = memory.applying, None
    return task.result()


def changes(environment: str, before: Seen | None, seen: Seen) -> Iterator[Event]:
    """What is worth telling about an object that the look before did not say."""
    drift, health = seen.drift, seen.health
    if drift is not None and (before is None or before.drift != drift):
        yield Event(environment, Mood.BAD, _drifted(drift))
    if seen.reverted:
        yield Event(environment, Mood.GOOD, f"reverted: {health.key} is as warranted again")
    if health.health is not Health.HEALTHY and (before is None or before.health.health is not health.health):
        yield Event(environment, Mood.NEWS, f"{health.key} is {health.health.value}: {health.reason}")


def _drifted(drift: Drift) -> str:
    who = f" by {', '.join(drift.managers)}" if drift.managers else ""
    fields = ", ".join(field_name(item, {}) for item in drift.differences)
    note = f" ({drift.note})" if drift.note else ""
    match drift.kind:
        case DriftKind.MISSING:
            how = "is missing"
        case DriftKind.CHANGED:
            how = f"was changed{who}: {fields}"
        case DriftKind.UNDECLARED:
            how = f"was declared by nobody, but written{who}"
        case _:
            how = f"{drift.kind.value}{f': {fields}' if fields else ''}"
    return f"drift: {drift.key} {how}{note}"
