"""An environment that was brought back to an earlier revision and is held there."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId


@dataclass(frozen=True, slots=True)
class Hold:
    """Where an environment is held, on whose word, and which warrant that leaves.

    Only a `release` that was made after `made` ends it; one that the agent
    began by itself ends by a newer landing, too.
    """

    number: int
    """The record's number in the log."""
    commit: CommitId
    sequence: int
    """Of the earlier warrant whose objects come back."""
    leaves: Digest
    """Of that warrant: what this revision must render to."""
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
    def automatic(self) -> bool:
        """Whether nobody ordered it."""
        return not self.orders
