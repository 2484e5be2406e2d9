"""Step 5.5 of verify, beyond the rules' own approvals: those that a CODEOWNERS file asks for.

The file is that of the landing's parent: who edits it is judged by what it
said before. Its bytes come by their id, which is recomputed.

An owner is found among the identities of the policy:

- `@user`: whose login on that forge it is, in whatever case; else who has that
  name here and no other login there;
- `@org/team`, `@group/subgroup`: the team of the last name; on GitLab a lone
  `@group` too;
- `@@developer`: the team `developer` or `developers`;
- an e-mail address: whose it is.

Nobody found is no error by itself: another owner of the line may approve. But
an approval of somebody unknown never counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitwarrant.model.change import BlobId, OwnersFile
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.identity import Identity
from gitwarrant.model.owners import Forge, OwnersSource, Requirement
from gitwarrant.trust.blobs import bytes_of
from gitwarrant.trust.codeowners.lines import CodeOwners
from gitwarrant.trust.codeowners.registry import read_codeowners
from gitwarrant.trust.identities import Registry, writes_as


class OwnersUnknown(GitwarrantError):
    """Whom a CODEOWNERS file asks cannot be told: it is not there, or not the one that is named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line of a CODEOWNERS file asks for some paths of a landing."""

    asker: str
    """The file, and for GitLab the section. Begins a sentence."""
    place: Place
    paths: tuple[str, ...]
    groups: frozenset[str]
    """Identities of ours that its owners are, by name, and the owners that nobody here is, as written.

    The latter hold an @, as no name here does: nobody is ever a member of them.
    """
    approvals: int


def file_of(source: OwnersSource, files: Sequence[OwnersFile], blobs: Mapping[BlobId, bytes]) -> CodeOwners:
    """The file that a rule refers to, as it was before a landing.

    Args:
        files: the CODEOWNERS files of the landing's parent.

    Raises:
        OwnersUnknown: it was not there, or its bytes are not at hand.
        BadPattern: it does not parse, with the line.
    """
    named = next((file for file in files if file.path == source.file), None)
    if named is None:
        raise OwnersUnknown(
            f"there is no file {source.file} before this landing, so nobody can tell whom to ask",
            remedy=f"land {source.file} first, and then the rule that refers to it",
            place=source.place,
        )
    data = bytes_of(named.blob, blobs)
    if data is None:
        raise OwnersUnknown(
            f"the bytes of {source.file} ({named.blob[:12]}) are not at hand, so nobody can tell whom to ask",
            remedy="fetch again; make the file smaller if it is beyond the limit",
            place=Place(source.file),
        )
    return read_codeowners(data, source.file, source.dialect)


def asked(
    paths: Iterable[tuple[str, OwnersSource]],
    files: Sequence[OwnersFile],
    blobs: Mapping[BlobId, bytes],
    registry: Registry,
) -> Iterator[Asked]:
    """What owners have to approve, each line of a file once.

    Args:
        paths: each with the source its rule names.
        files: the CODEOWNERS files of the landing's parent.

    Raises:
        OwnersUnknown: as `file_of` has it.
        BadPattern: a file does not parse, with the line.
    """
    read: dict[OwnersSource, CodeOwners] = {}
    found: dict[tuple[Forge, Requirement], list[str]] = {}
    for path, source in paths:
        if source not in read:
            read[source] = file_of(source, files, blobs)
        for requirement in read[source].requirements(path):
            if not requirement.optional:  # the forge shows it, and does not insist
                found.setdefault((source.dialect, requirement), []).append(path)
    for (dialect, requirement), about in found.items():
        section = f"section [{requirement.section}] of " if requirement.section else ""
        groups = (_members(owner, dialect, registry) or {owner} for owner in requirement.owners)
        yield Asked(
            asker=f"{section}{requirement.place.path}",
            place=requirement.place,
            paths=tuple(about),
            groups=frozenset(name for names in groups for name in names),
            approvals=requirement.approvals,
        )


def _members(owner: str, dialect: Forge, registry: Registry) -> frozenset[str]:
    """The identities that an owner is or holds, by name."""
    if not owner.startswith("@"):
        return _names(who for who in registry if writes_as(who, owner))
    if owner.startswith("@@"):
        role = owner[2:].rstrip("s")
        return _team(registry, role, f"{role}s")
    *groups, name = owner[1:].split("/")
    if groups:
        return _team(registry, name)
    users = _users(registry, name, dialect)
    return users or (_team(registry, name) if dialect is Forge.GITLAB else frozenset())


def _users(registry: Registry, login: str, dialect: Forge) -> frozenset[str]:
    """Whose login it is, before whose name: a name here may be somebody else's login there."""
    logins = {who.name: own for who in registry for forge, own in who.logins if forge is dialect}
    stated = frozenset(name for name, own in logins.items() if own.lower() == login.lower())
    return stated or frozenset(who.name for who in registry if who.name == login and login not in logins)


def _team(registry: Registry, *names: str) -> frozenset[str]:
    return _names(who for who in registry if not who.teams.isdisjoint(names))


def _names(identities: Iterable[Identity]) -> frozenset[str]:
    return frozenset(identity.name for identity in identities)
