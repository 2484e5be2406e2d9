"""What is known of a repository besides what its server shows now: by a log, and by forges that testify."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.review import Testimony


@dataclass(frozen=True, slots=True)
class Witnessed:
    """When things were first seen, what was taken back, and what was used up; what reviewers said.

    The same for a clone without a log: nothing was seen before, all is judged now.
    """

    seen: Mapping[str, datetime] = field(default_factory=dict)
    """When each commit (by id) and each signed statement (by `Opened.mark`) was first seen."""
    negatives: tuple[SignedStatement, ...] = ()
    """Withdrawals and key revocations that were seen once; they are judged like those still shown."""
    spent: frozenset[Digest] = frozenset()
    """Statements on which an earlier warrant of this environment stood."""
    reviews: tuple[Testimony, ...] = ()
    """What forges say, for rules that trust them, with the differences that Git says."""
    stood: tuple[tuple[SignedStatement, str], ...] = ()
    """Those of the negatives that counted by the rules of their time, each with who said it.

    Empty: a root holder. They count for ever: a key that was revoked does not
    come back because whoever revoked it left the rules.
    """

    def time_of(self, names: Iterable[CommitId | Digest], *, now: datetime) -> datetime:
        """When the last of some things was first seen; `now` for what was not yet."""
        return max((self.seen.get(name, now) for name in names), default=now)
