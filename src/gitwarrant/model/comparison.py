"""Two clusters beside each other, in everything that an environment declares."""

from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.change import CommitId
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import FieldDifference


class Likeness(Enum):
    """How one object stands in two clusters."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing in one"
    UNJUDGED = "could not be judged"


@dataclass(frozen=True, slots=True)
class ComparedObject:
    """One declared object in two clusters; Secrets' values are hidden.

    In each of `differences` `before` is the first cluster's value and `after`
    the other's. In `first` and `other` `before` is what a clean create of the
    manifest gives there, and `after` the live value.
    """

    key: ObjectKey
    likeness: Likeness
    differences: tuple[FieldDifference, ...] = ()
    first: tuple[FieldDifference, ...] = ()
    """How the first cluster differs from the repository."""
    other: tuple[FieldDifference, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All objects that a warrant left in place, in two clusters."""

    environment: str
    commit: CommitId
    clusters: tuple[str, str]
    """The uids of both."""
    objects: tuple[ComparedObject, ...]

    @property
    def differing(self) -> tuple[ComparedObject, ...]:
        """Those that are not proven to be the same."""
        return tuple(item for item in self.objects if item.likeness is not Likeness.SAME)

    @property
    def drifted(self) -> tuple[ComparedObject, ...]:
        """Those that are not as the repository says, in one of the clusters or in both."""
        return tuple(item for item in self.objects if item.first or item.other)
