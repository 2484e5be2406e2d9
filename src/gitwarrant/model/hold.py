"""What is brought back: the objects of an earlier warrant, and where an environment is held."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier warrant whose objects are asked for again, exactly those."""

    commit: CommitId
    sequence: int
    leaves: Digest
    """Of the objects that it left in place: what the revision must render to."""
    accepted: bool = False
    """The next change may begin here, as after that warrant."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Where an environment is held, on whose word, and which warrant that leaves.

    Only a `release` that was made after `made` ends it; one that the agent
    began by itself ends by a newer landing, too.
    """

    number: int
    """The record's number in the log."""
    earlier: Earlier
    leaving: int
    """Sequence of the warrant that stood before: what is rolled back."""
    left: CommitId
    """Its revision."""
    orders: tuple[Digest, ...]
    """The signed orders that it stands on, sorted; none: objects failed, and the rules ask for it."""
    by: tuple[str, ...]
    reason: str
    made: datetime

    @property
    def commit(self) -> CommitId:
        """Where it is held."""
        return self.earlier.commit

    @property
    def automatic(self) -> bool:
        """Whether nobody ordered it."""
        return not self.orders
