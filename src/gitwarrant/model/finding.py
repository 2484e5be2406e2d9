"""What checks say: findings, outcomes, and the report that a gate judges."""

from dataclasses import dataclass
from enum import Enum
from functools import total_ordering

from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json, ObjectKey, Pointer


@total_ordering
class Severity(Enum):
    """How bad; ordered."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Severity):
            return NotImplemented
        order = list(Severity)
        return order.index(self) < order.index(other)


class Outcome(Enum):
    """What came of one check on one object. Only the first and the third let a change pass."""

    PASSED = "passed"
    VIOLATED = "violated"
    NOT_APPLICABLE = "not applicable"
    NOT_JUDGED = "could not be judged"


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that would mend a finding: put `value` at `pointer` of the object (None removes it)."""

    description: str
    pointer: Pointer
    value: Json
    safe: bool
    """False where the workload may behave differently afterwards."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check reports, shown to the person who has to mend it."""

    rule: str
    severity: Severity
    object: ObjectKey
    place: Place
    message: str
    remedy: str
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A check that could not decide about an object: a refusal, never a pass."""

    rule: str
    object: ObjectKey
    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class RuleTally:
    """How often one check came to each outcome."""

    rule: str
    passed: int
    violated: int
    not_applicable: int
    not_judged: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything the checks said about a rendering.

    `refused_by` are the findings at or above the threshold of a policy set
    that names their check; together with `unjudged` they refuse the change.
    """

    commit: CommitId
    """The revision whose rendering was checked; empty for files that are of none."""
    objects: int
    findings: tuple[Finding, ...]
    unjudged: tuple[Unjudged, ...]
    tallies: tuple[RuleTally, ...]
    refused_by: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether the check gate refuses."""
        return bool(self.refused_by or self.unjudged)
