"""The health of an environment's objects: by its rules, and within its deadline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gitwarrant.audit.recorder import Clock, Recorder, Selection
from gitwarrant.cluster.health.reading import Live, section, text
from gitwarrant.cluster.health.rules import Rules
from gitwarrant.cluster.health.verdict import health
from gitwarrant.config.fields import duration
from gitwarrant.model.live import Health, ObjectHealth
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind

DEADLINE = timedelta(minutes=10)
OWN_DEADLINE = "gitwarrant.dev/health-deadline"
"""Annotation of one object: how long it may be progressing, like `30m`."""

GOOD = frozenset({Health.HEALTHY.value, Health.SUSPENDED.value})


@dataclass(frozen=True, slots=True)
class HealthJudge:
    """Judges the objects of one environment."""

    environment: str
    rules: Rules
    deadline: timedelta
    recorder: Recorder
    now: Clock

    def judge(self, key: ObjectKey, live: Live | None, pods: Sequence[Live] = ()) -> ObjectHealth:
        """The verdict now: what is progressing for longer than it may has failed."""
        verdict = health(key, live, pods, self.rules)
        if verdict.health is not Health.PROGRESSING or live is None:
            return verdict
        allowed = asked_for(live) or self.deadline
        if self.now() - self._since(key, allowed) <= allowed:
            return verdict
        reason = f"not healthy within {_told(allowed)}: {verdict.reason}"
        return replace(verdict, health=Health.FAILED, reason=reason)

    def _since(self, key: ObjectKey, allowed: timedelta) -> datetime:
        """Since when it is not healthy: since it was applied, or since it was last seen in good health.

        What was healthy for months and waits for a node now did not just miss its deadline.
        """
        now, begun = self.now(), None
        applied = self._applied(key)
        told = Selection(frozenset({RecordKind.HEALTH}), self.environment, key, newest_first=True)
        for record in self.recorder.read(0, told):
            if applied and record.time < applied:
                break
            if record.body.get("health") in GOOD:
                return begun or now
            begun = record.time
            if now - begun > allowed:
                return begun
        return applied or begun or now

    def _applied(self, key: ObjectKey) -> datetime | None:
        written = Selection(frozenset({RecordKind.APPLIED}), self.environment, key, newest_first=True)
        newest = next(self.recorder.read(0, written), None)
        return newest.time if newest else None


def asked_for(live: Live) -> timedelta | None:
    """What the object itself asks for; None: nothing, or nothing that is a duration."""
    try:
        return duration(text(section(live, "metadata", "annotations"), OWN_DEADLINE))
    except (ValueError, OverflowError):
        return None


def _told(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
