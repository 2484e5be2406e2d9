"""What Git can show about one landing, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gitwarrant.model.change import CommitId


class Kind(Enum):
    """How a landing came onto the branch."""

    MERGE = "merge"
    FORGE = "committed by the forge"
    """A squash, a rebase or an edit in the browser: Git cannot tell which, nor who pressed the button."""
    PUSH = "pushed"
    """A direct push, a fast-forward, or a rebase that was pushed: Git cannot tell which."""


class Hand(Enum):
    """Whether anybody but one person had a hand in a landing."""

    ALONE = "one person alone"
    SHARED = "landed by one of its authors"
    OTHER = "landed by somebody who wrote none of it"
    ROBOT = "landed by a bot, and Git does not say for whom"
    UNKNOWN = "Git does not say who landed it"


class Signature(Enum):
    """What stands under a commit."""

    PERSON = "signed with an SSH key, and the signature is right"
    FORGE = "signed by the forge (so its address says; the key is not looked at)"
    UNCHECKED = "signed with OpenPGP or X.509, and nothing here says whose key it is"
    WRONG = "a signature that does not fit the commit"
    NONE = "unsigned"
    UNREAD = "not looked at: the commit is in a form that gitwarrant refuses"


class Reason(Enum):
    """Why the rules would have refused a landing: the first reason, in this order."""

    NOT_READ = "holds a commit in a form that gitwarrant refuses"
    WRONG = "holds a signature that does not fit its commit"
    OTHERS_NAME = "holds a commit that one person signed in another's name"
    UNSIGNED = "holds an unsigned commit: nothing proves who wrote it"
    UNCHECKED = "signed with OpenPGP or X.509: nothing here says whose key it is"
    FORGE = "holds a commit that only the forge signed, as it does for whoever has the account"
    NO_SECOND = "signed, but no second person landed it: one has to approve"
    SECOND_UNSIGNED = "signed, and landed by somebody else: only his signed approval is missing"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a landing."""

    id: CommitId
    author: str
    committer: str
    """Names of people of the trial; empty: the forge, or the commit could not be read."""
    signature: Signature
    key: str
    """Fingerprint of the SSH key that signed; empty: none did."""
    odd: str = ""
    """Why gitwarrant would refuse to read it; empty: it would not."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one landing would have been refused, and what verify said about it."""

    reason: Reason
    said: str


@dataclass(frozen=True, slots=True)
class Landing:
    """One landing as it was found. Every number of a trial counts some of these."""

    commit: CommitId
    time: datetime
    kind: Kind
    lander: str
    """Name of a person of the trial; empty: the forge, or not known."""
    authors: tuple[str, ...]
    hand: Hand
    signature: Signature
    """Of the landing's own commit."""
    commits: tuple[Commit, ...]
    paths: tuple[str, ...]
    refusal: Refusal | None
    """None: the rules would have let it pass."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as commits name him: addresses and keys that belong together."""

    name: str
    addresses: tuple[str, ...]
    keys: tuple[str, ...]
    """Fingerprints of SSH keys that signed."""
    robot: bool
    landed: int
    alone: int
    """How many of those without anybody else's hand in it."""
