"""What a forge says about a pull request: testimony of that forge, never proof.

Whoever owns the forge, or its database, can write any of it. It counts only
where the rules of the trust ref name the forge as a witness.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId, PathChange
from gitwarrant.model.owners import Forge


class ReviewState(Enum):
    """What a review came to. A plain comment is no review; only `APPROVED` speaks for a change."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes requested"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Review:
    """One review of one pull request.

    `forge` is the name that rules use; `repository` is the
    forge's own name of it. `commit` is the one that the reviewer looked at.
    `stale`: the forge knows that something else came after it, a push or
    another target. `official`: the forge itself counts it; the rules decide
    who may approve here, so it is only shown.
    """

    forge: str
    repository: str
    request: int
    reviewer: str
    state: ReviewState
    commit: CommitId
    submitted: datetime
    official: bool
    stale: bool

    def __str__(self) -> str:
        return f"{self.reviewer}'s review of {self.repository} #{self.request} on {self.forge}"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request that the forge says has landed.

    `forge` is the name that rules use, `kind` whose logins it has. `landed` is
    the commit of the protected ref that it ended in, `head` the tip of its
    branch, `base` the commit that its difference was shown from, `author` the
    login that opened it; empty: an account that is gone. `ref` is where the
    server keeps the head, `target` the full name of the ref it was merged into.
    """

    forge: str
    kind: Forge
    repository: str
    number: int
    ref: str
    target: str
    landed: CommitId
    head: CommitId
    base: CommitId
    author: str


@dataclass(frozen=True, slots=True)
class Testimony:
    """A review together with what was reviewed, read from Git objects and not from the forge.

    `changes` is the difference from the request's base to the reviewed commit,
    `steps` digests that of each commit between, oldest first; without steps
    where the branch is no line of a few commits. `emails` are those that wrote
    these commits, as the commits say: good enough to keep their owners from
    approving their own work. `problem` says why nothing could be read (all are
    empty then); empty: all was.
    """

    review: Review
    request: PullRequest
    changes: tuple[PathChange, ...]
    steps: tuple[Digest, ...]
    emails: frozenset[str]
    problem: str = ""
