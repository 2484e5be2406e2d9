"""What a cluster shows: applied objects, health, drift."""

from collections import Counter
from collections.abc import Mapping
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

    @property
    def undone(self) -> bool:
        """Whether it is not as its leaf wants it."""
        return self.result in (Result.FAILED, Result.HELD)


@dataclass(frozen=True, slots=True)
class Applied:
    """What apply did under one warrant."""

    environment: str
    sequence: int
    objects: tuple[AppliedObject, ...]

    @property
    def complete(self) -> bool:
        """Whether every leaf is as the warrant wants it."""
        return not any(item.undone for item in self.objects)

    @property
    def held(self) -> Mapping[str, int]:
        """How many objects were not tried, by the reason."""
        return Counter(item.message for item in self.objects if item.result is Result.HELD)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not complete: each object that failed, and how many were held for what."""
        failed = [f"{item.key}: {item.message}" for item in self.objects if item.result is Result.FAILED]
        return (*failed, *(f"{count} {why}" for why, count in sorted(self.held.items())))


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


@dataclass(frozen=True, slots=True)
class Offspring:
    """One object below another one that made it, with what is below it."""

    health: ObjectHealth
    below: tuple["Offspring", ...] = ()


class DriftKind(Enum):
    """How a live object differs from its baseline."""

    CHANGED = "changed"
    MISSING = "missing"
    RECREATED = "made again by somebody else"
    DELETING = "being deleted"
    ADMISSION = "the server makes it otherwise now"
    UNDECLARED = "nobody declared it"
    UNJUDGED = "could not be judged"


@dataclass(frozen=True, slots=True)
class Drift:
    """One object that is not as it was warranted.

    In each difference `before` is the baseline and `after` the live value;
    an empty `before` is a field that somebody added. `managers` are the
    field managers that last wrote the differing fields, as far as known.
    `note` says why it could not be judged, or is not put back. `fought`: the
    fields that somebody writes again as often as they are put back.
    """

    key: ObjectKey
    kind: DriftKind
    differences: tuple[FieldDifference, ...]
    managers: tuple[str, ...]
    note: str = ""
    fought: tuple[str, ...] = ()


SHIPPED = "shipped with gitwarrant"
"""The place of an exemption that no configuration wrote."""


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a difference is no drift: the rule's name, its reason, and where it is written."""

    rule: str
    reason: str
    place: str


@dataclass(frozen=True, slots=True, order=True)
class Writer:
    """Who wrote a field, as managedFields tell it: anybody who may write the object may forge it.

    `time` is when that manager last changed any of its fields, as RFC 3339.
    """

    manager: str
    operation: str
    subresource: str
    time: str


@dataclass(frozen=True, slots=True)
class JudgedField:
    """One difference from the baseline, and what became of it. Without an excuse it is drift."""

    difference: FieldDifference
    writers: tuple[Writer, ...]
    excuse: Excuse | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """Every difference of one object, exempt and ignored ones too."""

    key: ObjectKey
    fields: tuple[JudgedField, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one object. `reverted`: it had drifted, and is as warranted again."""

    health: ObjectHealth
    drift: Drift | None = None
    reverted: bool = False
    explained: Explained | None = None

    @property
    def well(self) -> bool:
        """Whether it is healthy and as warranted."""
        return self.drift is None and self.health.health is Health.HEALTHY


@dataclass(frozen=True, slots=True)
class Observation:
    """What observe saw of one environment."""

    environment: str
    health: tuple[ObjectHealth, ...]
    drifts: tuple[Drift, ...]
    reverted: tuple[ObjectKey, ...]
    explained: tuple[Explained, ...] = ()
    """Objects with any difference; filled only where it was asked for."""
