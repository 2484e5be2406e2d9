"""What a cluster shows: applied objects, health, drift."""

from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.canonical import Digest
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import FieldDifference, Operation


class Result(Enum):
    """What became of one leaf."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FAILED = "failed"


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
        return all(item.result is not Result.FAILED for item in self.objects)


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """One object that an environment owns: by uid, with the digest last applied."""

    key: ObjectKey
    version: str
    uid: str
    digest: Digest


class Health(Enum):
    """What a person asks of an object. Only `HEALTHY` is good news; the values stand in the log."""

    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    SUSPENDED = "suspended"
    """Somebody stopped it on purpose: it neither works nor will, until somebody goes on."""
    FAILED = "failed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """It could not be judged."""


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
