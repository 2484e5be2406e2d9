"""Who is one person, as far as commits tell: equal names, equal addresses, equal SSH keys."""

from dataclasses import dataclass, field

from gitwarrant.git.commit import ParsedCommit, Person
from gitwarrant.model.errors import Place
from gitwarrant.model.identity import Identity, IdentityKind, Key
from gitwarrant.pipeline.trial.facts import Signature
from gitwarrant.trust.proven import NamedKey
from gitwarrant.trust.sshsig import BEGIN, BadSignature, verify_key

FORGES = frozenset({"noreply@github.com", "noreply@gitlab.com", "noreply@codeberg.org", "gitea@fake.local"})
"""What forges write as committer when they make a commit themselves."""
ROBOT = "[bot]"
TEAM = "owners"
"""The team of the first identity that `init` writes."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What stands under a commit, with the key where it is an SSH key that really signed."""

    signature: Signature
    key: NamedKey | None = None


def is_forge(person: Person) -> bool:
    """Whether a commit names the forge and no person."""
    return person.email.casefold() in FORGES


def signed(commit: ParsedCommit) -> Signed:
    """Look at a commit's signature. Only an SSH signature carries its key, so only that can be verified."""
    if commit.signature is None:
        return Signed(Signature.NONE)
    if commit.signature.startswith(BEGIN):
        try:
            key = verify_key(commit.signature, commit.payload, "git")
        except BadSignature:
            return Signed(Signature.WRONG)
        return Signed(Signature.FORGE if is_forge(commit.committer) else Signature.PERSON, key)
    return Signed(Signature.FORGE if is_forge(commit.committer) else Signature.UNCHECKED)


@dataclass
class _Group:
    """Everything that belongs to one person."""

    name: str
    addresses: dict[str, None] = field(default_factory=dict)
    keys: dict[str, NamedKey] = field(default_factory=dict)
    robot: bool = False

    def take(self, other: "_Group") -> None:
        self.addresses |= other.addresses
        self.keys |= other.keys
        self.robot = self.robot or other.robot


class People:
    """Everybody whom some commits name, each known by one name.

    Two people of one name are taken for one: who lands alone is then counted
    too often, never too seldom.
    """

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        """By folded address, by folded name and by key: all that lead to one person share his group."""

    def meet(self, person: Person, key: NamedKey | None = None) -> None:
        """Take in what a commit says about a person, and the key with which he signed it."""
        group = _Group(person.name, {person.email: None})
        group.robot = ROBOT in person.name or ROBOT in person.email
        marks = [_address(person), f"name {person.name.casefold()}"]
        if key is not None:
            group.keys[key.line] = key
            marks.append(f"key {key.line}")
        for mark in marks:
            known = self._groups.get(mark)
            if known is not None and known is not group:
                group = self._joined(known, group)
        for mark in marks:
            self._groups[mark] = group

    def _joined(self, known: _Group, group: _Group) -> _Group:
        known.take(group)
        for mark, other in self._groups.items():
            if other is group:
                self._groups[mark] = known
        return known

    def name(self, person: Person) -> str:
        """The one name of a person who was met."""
        return self._groups[_address(person)].name

    def names(self) -> tuple[str, ...]:
        """Everybody, in the order they were met."""
        return tuple(dict.fromkeys(group.name for group in self._groups.values()))

    def addresses(self, name: str) -> tuple[str, ...]:
        """All addresses of a person, in the order they were met."""
        return tuple(self._of(name).addresses)

    def keys(self, name: str) -> tuple[NamedKey, ...]:
        """All SSH keys that a person signed with."""
        return tuple(self._of(name).keys.values())

    def is_robot(self, name: str) -> bool:
        """Whether a person's name or address calls itself a bot."""
        return self._of(name).robot

    def identity(self, name: str) -> Identity:
        """The person as `identities.yaml` would name him, had his addresses and keys been added to it."""
        group = self._of(name)
        return Identity(
            name=name,
            kind=IdentityKind.BOT if group.robot else IdentityKind.PERSON,
            emails=frozenset(group.addresses),
            keys=tuple(Key(line) for line in group.keys),
            teams=frozenset([TEAM]),
            place=Place(""),
        )

    def _of(self, name: str) -> _Group:
        return self._groups[f"name {name.casefold()}"]


def _address(person: Person) -> str:
    return f"address {person.email.casefold()}"
