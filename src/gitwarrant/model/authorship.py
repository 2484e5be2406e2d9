"""What verify proved about a change: who wrote and who accepted every landing."""

from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId


class Proof(Enum):
    """How a landing's authors are known."""

    SIGNATURE = "signature"
    STATEMENT = "statement"
    EXTRA_APPROVAL = "extra approval"


@dataclass(frozen=True, slots=True)
class Approval:
    """One valid approval of one landing.

    With a `witness`, it is a review on the forge of that name: `statement`
    digests the review, and no key signed it.
    """

    identity: str
    statement: Digest
    key: str
    witness: str = ""


@dataclass(frozen=True, slots=True)
class LandingProof:
    """Who stands behind one landing. `keys` are fingerprints of the keys that signed."""

    landing: CommitId
    authors: frozenset[str]
    keys: frozenset[str]
    proof: Proof
    approvals: tuple[Approval, ...]
    paths: tuple[str, ...]
    statements: frozenset[Digest]
    """All statements that counted here; a warrant on this authorship spends them."""


@dataclass(frozen=True, slots=True)
class Authorship:
    """A change every landing of which is proven; only verify makes one."""

    repository: str
    ref: str
    base: CommitId
    head: CommitId
    policy: Digest
    """Digest of the trust policy that judged it."""
    landings: tuple[LandingProof, ...]
    owed: bool = False
    """Glass was broken: approvals were not asked. The next change starts before this one."""

    @property
    def statements(self) -> frozenset[Digest]:
        """All statements that a warrant on this authorship spends: none while approvals are owed."""
        if self.owed:
            return frozenset()
        return frozenset(statement for landing in self.landings for statement in landing.statements)
