"""What a cluster shows: applied objects, health, drift."""

from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.canonical import Digest
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import FieldDifference, Operation
from gitwarrant.model.turn import USUAL, Turn


class Result(Enum):
    """What became of one leaf."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FINISHED = "finished"
    """A hook ran to its end."""
    FAILED = "failed"
    HELD = "held"
    """It was not tried, because something that comes before it failed."""


@dataclass(frozen=True, slots=True)
class AppliedObject:
    """One leaf after apply. `audit_id` is the Audit-ID of the write, as the API server's audit log has it."""

    key: ObjectKey
    version: str
    operation: Operation
    digest: Digest
    result: Result
    uid: str
    audit_id: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What apply did under one warrant."""

    environment: str
    sequence: int
    objects: tuple[AppliedObject, ...]

    @property
    def complete(self) -> bool:
        """Whether every leaf is as the warrant wants it."""
        return all(item.result not in (Result.FAILED, Result.HELD) for item in self.objects)


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """One object that an environment owns: by uid, with the digest last applied."""

    key: ObjectKey
    version: str
    uid: str
    digest: Digest
    turn: Turn = USUAL
    """When it was written: its delete comes in the reverse order."""


class Health(Enum):
    """kstatus, shortened to what a person asks."""

    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class ObjectHealth:
    """The health of one object with its reason in words."""

    key: ObjectKey
    health: Health
    reason: str


class DriftKind(Enum):
    """How a live object differs from its baseline."""

    CHANGED = "changed"
    MISSING = "missing"
    RECREATED = "made again by somebody else"
    UNJUDGED = "could not be judged"


@dataclass(frozen=True, slots=True)
class Drift:
    """One object that is not as it was warranted.

    In each difference `before` is the baseline and `after` the live value;
    an empty `before` is a field that somebody added. `managers` are the
    field managers that last wrote the differing fields, as far as known.
    `note` says why it could not be judged, or not be put back.
    """

    key: ObjectKey
    kind: DriftKind
    differences: tuple[FieldDifference, ...]
    managers: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What observe saw of one environment."""

    environment: str
    health: tuple[ObjectHealth, ...]
    drifts: tuple[Drift, ...]
    reverted: tuple[ObjectKey, ...]
