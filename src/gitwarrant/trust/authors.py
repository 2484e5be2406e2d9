"""Step 3 of verify: who wrote a commit, as far as its signature proves it."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.commit import ParsedCommit
from gitwarrant.model.change import Commit
from gitwarrant.model.identity import Hardware, Identity
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.proven import NamedKey
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

    def __str__(self) -> str:
        return f"commit {short(self.commit.id)} {self.doubt}"


def prove(commit: Commit, parsed: ParsedCommit, registry: Registry, *, at: datetime) -> Signed | Unproven:
    """Find who wrote a commit, at the time it was first seen.

    A signature is missing or foreign: nothing is proven, and something else
    must stand for the author. A signature that lies is refused whatever else
    stands for it. A bot's signature over somebody else's commit (a forge that
    squashes) proves nothing either way.

    Raises:
        Refused: the signature lies.
    """
    people = (("author", parsed.author), ("committer", parsed.committer))
    written = Written("commit", short(parsed.id), parsed.signature, parsed.payload, people)
    maker = identify(written, registry, at=at)
    if isinstance(maker, str):
        return Unproven(commit, maker)
    return Signed(commit, maker.identity, maker.key, maker.hardware)
