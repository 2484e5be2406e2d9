"""Deploy and watch every environment of a tenant, again and again.

Between two looks nothing is held in memory that the log could not give back:
killed at any point, it starts again and converges.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TypeAlias

from gitwarrant.audit.queries import TRUST
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Connection
from gitwarrant.model.canonical import Digest
from gitwarrant.model.errors import GitwarrantError, Refused, Unreachable
from gitwarrant.model.live import DriftKind, Health, Observation, Result
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import candidate, examine, standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.deploy import Deployment, deploy, watch
from gitwarrant.pipeline.notices import notices
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.warranting import passed_plan
from gitwarrant.plan.text import field_name

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds before trying again a server that did not answer: doubled each time, up to the longest."""


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
Connect: TypeAlias = Callable[[str], Connection]
"""From an environment's name to its cluster's connection."""


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
    deployed: bool = False
    announced: str = ""
    observation: Observation | None = None
    deploying: _Patience = field(default_factory=_Patience)
    watching: _Patience = field(default_factory=_Patience)


class Loop:
    """One agent's loop over its environments."""

    def __init__(self, work: Delivery, environments: Sequence[str], connect: Connect, tell: Tell) -> None:
        self._work, self._connect, self._tell = work, connect, tell
        self._memories = {name: _Memory() for name in environments}
        self._listening = _Patience()
        self._clusters: dict[str, Cluster] = {}

    async def run(self, *, rounds: int | None = None) -> None:
        """Go round until cancelled, or so many times."""
        interval = self._work.agent.interval.total_seconds()
        self._clusters.clear()  # connections live as long as one run
        async with AsyncExitStack() as stack:
            while rounds is None or rounds > 0:
                await self._step(TRUST, self._listening, self._alarm)
                for name, memory in self._memories.items():
                    await self._look(name, memory, stack)
                rounds = None if rounds is None else rounds - 1
                if rounds != 0:
                    await asyncio.sleep(interval)

    def observation(self, name: str) -> Observation | None:
        """What was last seen of an environment; None before the first look."""
        return self._memories[name].observation

    async def _look(self, name: str, memory: _Memory, stack: AsyncExitStack) -> None:
        """One look at one environment: deploy what is new, then watch what stands.

        The second does not wait for the first: while the Git server is gone, or
        serves what is refused, drift is still seen and put back.
        """
        await self._step(name, memory.deploying, partial(self._deploy, name, memory, stack))
        await self._step(name, memory.watching, partial(self._watch, name, memory, stack))

    async def _step(self, name: str, patience: _Patience, step: Callable[[], Awaitable[bool]]) -> None:
        """Try one step if it is time; an error is told, and ends the step, not the loop.

        A step gives whether all went well; if not, it is tried again after a while.
        """
        if patience.wait_until > asyncio.get_running_loop().time():
            return
        try:
            if not await step():
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

    async def _cluster(self, name: str, stack: AsyncExitStack) -> Cluster:
        if name not in self._clusters:
            self._clusters[name] = await stack.enter_async_context(Cluster(self._connect(name)))
        return self._clusters[name]

    async def _alarm(self) -> bool:
        for notice in notices(self._work):
            self._tell(Event(TRUST, Mood.BAD, notice.what, {"alarm": notice.kind}))
        return True

    async def _deploy(self, name: str, memory: _Memory, stack: AsyncExitStack) -> bool:
        found = candidate(self._work, name)
        fingerprint = found.fingerprint
        if fingerprint != memory.judged or memory.judgement is None:
            memory.judgement, memory.judged, memory.deployed = examine(self._work, found), fingerprint, False
        if not (found.question.environment.auto_deploy or found.question.returns):
            self._announce(name, memory, memory.judgement)
        elif not memory.deployed:
            done = await deploy(self._work, memory.judgement, await self._cluster(name, stack))
            memory.deployed = done.applied is None or done.applied.complete
            self._tell_deployment(name, memory.deploying, done)
            return memory.deployed
        return True

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
        failed = [item for item in done.applied.objects if item.result is Result.FAILED]
        reasons = "".join(f"\n  {item.key}: {item.message}" for item in failed)
        self._once(patience, Event(name, Mood.BAD, what + reasons, details))

    async def _watch(self, name: str, memory: _Memory, stack: AsyncExitStack) -> bool:
        stands, before = standing(self._work, name), memory.observation
        if stands is None:
            return True
        seen = await watch(self._work, stands, await self._cluster(name, stack), previous=before)
        memory.observation = seen
        for event in changes(before, seen):
            self._tell(event)
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


def changes(before: Observation | None, seen: Observation) -> list[Event]:
    """What is worth telling about an observation that the one before did not say."""
    known_drift = before.drifts if before else ()
    known_health = {item.key: item.health for item in before.health} if before else {}
    events = []
    for drift in seen.drifts:
        if drift in known_drift:
            continue
        who = f" by {', '.join(drift.managers)}" if drift.managers else ""
        fields = ", ".join(field_name(item, {}) for item in drift.differences)
        how = "is missing" if drift.kind is DriftKind.MISSING else f"was changed{who}: {fields}"
        events.append(Event(seen.environment, Mood.BAD, f"drift: {drift.key} {how}"))
    events += [
        Event(seen.environment, Mood.GOOD, f"reverted: {key} is as warranted again") for key in seen.reverted
    ]
    for item in seen.health:
        if known_health.get(item.key) is not item.health and item.health is not Health.HEALTHY:
            what = f"{item.key} is {item.health.value}: {item.reason}"
            events.append(Event(seen.environment, Mood.NEWS, what))
    healthy = all(item.health is Health.HEALTHY for item in seen.health)
    was_healthy = bool(before) and all(health is Health.HEALTHY for health in known_health.values())
    if healthy and not was_healthy:
        events.append(Event(seen.environment, Mood.GOOD, f"everything is healthy ({len(seen.health)})"))
    return events
