"""Who may do what: identities, their keys, and the rules of paths."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place
from gitwarrant.model.owners import Forge, OwnersSource
from gitwarrant.model.permission import Permission


class IdentityKind(Enum):
    """A person can approve; a bot only writes."""

    PERSON = "person"
    BOT = "bot"


class Purpose(Enum):
    """What a key may sign: what people wrote (commits and tags), or what they say about it."""

    COMMITS = "commits"
    STATEMENTS = "statements"


class Hardware(Enum):
    """What a signature proves about the device that made it; also what is asked of one."""

    NONE = "none"
    TOUCH = "touch"
    PIN = "pin"

    def proves(self, needed: "Hardware") -> bool:
        """Whether this is enough: a PIN is asked for on top of a touch."""
        return needed is Hardware.NONE or self is needed or self is Hardware.PIN


BOTH = frozenset(Purpose)


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, when it may sign, and what.

    `public` is the line of an OpenSSH public key without its comment
    (`ssh-ed25519 AAAA...`), or an armored OpenPGP certificate. An `authority`
    signs SSH certificates that name its identity, never anything itself.
    `compromised_since` bounds a revocation: what was first seen before it
    stands; without it nothing does.
    """

    public: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    revoked: bool = False
    place: Place = Place("")
    compromised_since: datetime | None = None
    reason: str = ""
    purposes: frozenset[Purpose] = BOTH
    hardware: Hardware = Hardware.NONE
    authority: bool = False

    def __post_init__(self) -> None:
        if self.compromised_since and not self.revoked:
            raise ValueError("a key that is compromised since some time is revoked")


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or a bot: keys, the e-mail addresses it may write as, its teams.

    `logins` are the names it has on forges, at most one on each: CODEOWNERS
    files speak of those, and reviews are given by them. `may` lists all that a bot may change; empty: only
    the rules of paths bound it.
    """

    name: str
    kind: IdentityKind
    emails: frozenset[str]
    keys: tuple[Key, ...]
    teams: frozenset[str]
    place: Place
    logins: frozenset[tuple[Forge, str]] = frozenset()
    may: tuple[Permission, ...] = ()


@dataclass(frozen=True, slots=True)
class PathRule:
    """Who may change the paths of a pattern, and how many approvals they need.

    Patterns read as in GitHub's CODEOWNERS; the last rule that matches a path
    decides. `writers` and `approvers` name teams or identities; empty means
    any known identity. `hardware` is what each signature must prove to count;
    `owners` adds the approvals that a CODEOWNERS file of the revision before
    the landing asks for. `witnesses` names the forges whose reviews count as
    approvals here.
    """

    pattern: str
    writers: frozenset[str]
    approvals: int
    approvers: frozenset[str]
    place: Place
    hardware: Hardware = Hardware.NONE
    owners: OwnersSource | None = None
    witnesses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """What `.gitwarrant/` says about people, at one revision of the trust ref."""

    repository: str
    version: int
    expires: datetime
    identities: tuple[Identity, ...]
    rules: tuple[PathRule, ...]


@dataclass(frozen=True, slots=True)
class RootKey:
    """A key that judges changes to the rules themselves, and the person who holds it."""

    holder: str
    public: str


@dataclass(frozen=True, slots=True)
class Heart:
    """A machine that signs what it sees of a repository, and its public key."""

    name: str
    public: str


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """Given to the agent in its own configuration; never read from the repository.

    `repository` is the name that statements carry; `url` is where it is fetched from.
    """

    repository: str
    url: str
    trust_ref: str
    trusted_at: CommitId | None
    """Where trust begins; None: at the newest checkpoint of the root holders."""
    keys: tuple[RootKey, ...]
    threshold: int
    version: int = 1
    """Of keys and threshold: a higher one outranks every change of them that was signed in Git."""
