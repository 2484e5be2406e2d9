"""Step 3 of verify: who wrote a commit, as far as its signature proves it."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.commit import ParsedCommit
from gitwarrant.model.canonical import sha256
from gitwarrant.model.change import Commit
from gitwarrant.model.identity import Hardware, Identity
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.proven import NamedKey
from gitwarrant.trust.verdicts import Remembered, Verdicts
from gitwarrant.trust.written import Written, identify


@dataclass(frozen=True, slots=True)
class Signed:
    """A commit of which it is proven who wrote it."""

    commit: Commit
    identity: Identity
    key: NamedKey
    hardware: Hardware = Hardware.NONE


@dataclass(frozen=True, slots=True)
class Unproven:
    """A commit of which nobody knows who wrote it, whatever it says itself. `doubt` ends 'commit X ...'."""

    commit: Commit
    doubt: str
    joins: bool = False
    """It merges and changes nothing itself: whose it is matters only for who wanted it here."""

    def __str__(self) -> str:
        return f"commit {short(self.commit.id)} {self.doubt}"


def prove(
    commit: Commit,
    parsed: ParsedCommit,
    registry: Registry,
    *,
    at: datetime,
    verdicts: Verdicts | None = None,
) -> Signed | Unproven:
    """Find who wrote a commit, at the time it was first seen.

    `verdicts` are of signatures that were proven before, under the same registry.

    A signature is missing or foreign: nothing is proven, and something else
    must stand for the author. A signature that lies is refused whatever else
    stands for it. A bot's signature over somebody else's commit (a forge that
    squashes) proves nothing either way.

    Raises:
        Refused: the signature lies.
    """
    people = (("author", parsed.author), ("committer", parsed.committer))
    written = Written("commit", short(parsed.id), parsed.signature, parsed.payload, people)
    known = Remembered(verdicts, sha256(commit.raw), registry.digest) if verdicts is not None else None
    maker = identify(written, registry, at=at, known=known)
    if isinstance(maker, str):
        return Unproven(commit, maker, joins=len(parsed.parents) > 1 and not commit.changes)
    return Signed(commit, maker.identity, maker.key, maker.hardware)
