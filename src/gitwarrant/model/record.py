"""One entry of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any


class RecordKind(Enum):
    """What happened. Each kind's body is documented in docs/reference/records.md."""

    FIRST_SEEN = "first-seen"
    TAKEN_BACK = "taken-back"
    REFUSED = "refused"
    VERIFIED = "verified"
    TRUST_ADVANCED = "trust-advanced"
    ROOTS_CHANGED = "roots-changed"
    BOOTSTRAPPED = "bootstrapped"
    HEARTBEAT = "heartbeat"
    EQUIVOCATION = "equivocation"
    CHECKED = "checked"
    PLANNED = "planned"
    LEAVES = "leaves"
    WARRANTED = "warranted"
    APPLY_INTENT = "apply-intent"
    APPLIED = "applied"
    APPLY_COMPLETED = "apply-completed"
    DRIFT_FOUND = "drift-found"
    REVERT_INTENT = "revert-intent"
    REVERTED = "reverted"
    HEALTH = "health"
    HEALTHY = "healthy"
    HELD = "held"
    RELEASED = "released"
    REBUILT = "rebuilt"
    RETRYING = "retrying"
    ALARM = "alarm"
    ALARM_ACKNOWLEDGED = "alarm-acknowledged"


@dataclass(frozen=True, slots=True)
class Record:
    """One entry, never changed: number from 1, time of the recorder's clock, kind, environment, body."""

    number: int
    time: datetime
    kind: RecordKind
    environment: str
    body: Mapping[str, Any]
