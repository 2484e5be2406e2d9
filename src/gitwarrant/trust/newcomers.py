"""Who to add to identities.yaml, from files in which people keep public keys already.

What such a file leaves open is asked for, never guessed: a key's comment is no
address, and a pattern is nobody. Nothing here decides who may do what.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import count

from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.identity import Identity, IdentityKind, Key, Purpose
from gitwarrant.model.statement import STATEMENT_NAMESPACE
from gitwarrant.trust import pgpcert
from gitwarrant.trust.allowed_signers import AllowedSigner, parse
from gitwarrant.trust.sshkey import BadKey, read_line
from gitwarrant.trust.written import GIT_NAMESPACE

NAMESPACES = {Purpose.COMMITS: GIT_NAMESPACE, Purpose.STATEMENTS: STATEMENT_NAMESPACE}
PATTERN = re.compile(r"[*?!]")
ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")
IN_USER_ID = re.compile(r"<([^<>\s]+@[^<>\s]+)>\s*$")
MAX_KEYS = 1000  # lines of one file of keys


class CannotImport(GitwarrantError):
    """A file of keys that does not say enough, or says what an identity cannot."""


@dataclass(frozen=True, slots=True)
class Found:
    """Keys and addresses that belong to one person, as one place says. `name` may be empty."""

    name: str
    emails: frozenset[str]
    keys: tuple[Key, ...]
    place: Place


def of_allowed_signers(data: bytes, path: str, *, zone: tzinfo) -> Iterator[Found]:
    """One for each line of an `allowed_signers` file.

    Raises:
        BadAllowedSigners, CannotImport: a line cannot be read, or made an identity's.
    """
    for line in parse(data, path, zone=zone):
        strange = next((name for name in line.principals if PATTERN.search(name)), None)
        if strange:
            raise CannotImport(
                f"{strange!r} is a pattern; an identity has addresses",
                remedy="write each person's address on the line; of an authority, list its key under each",
                place=line.place,
            )
        emails = frozenset(name for name in line.principals if ADDRESS.fullmatch(name))
        names = sorted(set(line.principals) - emails)
        yield Found(names[0] if names else "", emails, (_allowed(line),), line.place)


def _allowed(line: AllowedSigner) -> Key:
    purposes = frozenset(purpose for purpose, namespace in NAMESPACES.items() if line.allows(namespace))
    if not purposes:
        raise CannotImport(
            f"the key may sign neither for {' nor for '.join(NAMESPACES.values())}",
            remedy="take the line out, or add a namespace to it",
            place=line.place,
        )
    return Key(
        public=line.key.line,
        not_before=line.valid_after,
        not_after=line.valid_before,
        place=line.place,
        purposes=purposes,
        authority=line.authority,
    )


def of_public_keys(data: bytes, path: str, *, name: str, emails: Iterable[str]) -> Found:
    """All keys of a `.pub` file, or of what a forge serves as `USER.keys`: one person's.

    Raises:
        CannotImport: it holds no key, or one that is not accepted.
    """
    lines = data.decode("utf-8", "replace").splitlines()
    if len(lines) > MAX_KEYS:
        raise CannotImport(
            f"{len(lines)} lines are not one person's keys", remedy="split the file", place=Place(path)
        )
    keys = []
    for number, line in enumerate(lines, 1):
        place = Place(path, number)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            keys.append(Key(read_line(line).line, place=place))
        except BadKey as error:
            raise CannotImport(error.what, remedy=error.remedy, place=place) from error
    if not keys:
        raise CannotImport("the file holds no key", remedy="name a file with public keys", place=Place(path))
    return Found(name, frozenset(emails), tuple(keys), Place(path))


def of_openpgp(data: bytes, path: str, *, name: str, emails: Iterable[str]) -> Found:
    """The certificate that `gpg --armor --export` wrote; where no address is given, with those of its names.

    Raises:
        CannotImport: it is not one certificate that could be listed.
    """
    try:
        text = data.decode("ascii").rstrip("\n") + "\n"
        certificate = pgpcert.read(text)
        users = pgpcert.asked(lambda: certificate.library.user_ids)
        names = [str(user) for user in users] if not emails else []
    except (ValueError, pgpcert.BadCertificate) as error:
        what, remedy = str(error).split("\n", 1)[0], pgpcert.REMEDY
        raise CannotImport(what, remedy=remedy, place=Place(path)) from error
    stated = {found[1] for one in names if (found := IN_USER_ID.search(one))}
    key = Key(text, place=Place(path), purposes=frozenset([Purpose.COMMITS]))
    return Found(name, frozenset(emails) or frozenset(stated), (key,), Place(path))


def identities(found: Sequence[Found], kind: IdentityKind) -> tuple[Identity, ...]:
    """Put together what belongs to one person: by a shared name, address or key. In order of first mention.

    Raises:
        CannotImport: somebody has no address, or a key twice.
    """
    groups: list[list[Found]] = []
    for one in found:
        same = [group for group in groups if any(_same(one, other) for other in group)]
        groups = [group for group in groups if group not in same]
        groups.append([*(other for group in same for other in group), one])
    names: set[str] = set()
    made = []
    for group in groups:
        identity = _identity(group, kind, names)
        names.add(identity.name)
        made.append(identity)
    return tuple(made)


def _same(one: Found, other: Found) -> bool:
    keys = {key.public for key in one.keys if not key.authority}
    return bool(
        one.emails & other.emails
        or (one.name and one.name == other.name)
        or keys & {key.public for key in other.keys if not key.authority}
    )


def _identity(group: Sequence[Found], kind: IdentityKind, taken: set[str]) -> Identity:
    emails = frozenset(email for one in group for email in one.emails)
    if not emails:
        raise CannotImport(
            "nothing says which address this person writes commits as",
            remedy="say it: --email ada@example.com, or --domain example.com for a folder of USER.keys",
            place=group[0].place,
        )
    keys: dict[str, Key] = {}
    for key in (key for one in group for key in one.keys):
        other = keys.setdefault(key.public, key)
        if replace(other, place=key.place) != key:
            raise CannotImport(
                "the key stands there twice, with other limits",
                remedy=f"keep one line; the other is at {other.place}",
                place=key.place,
            )
    wanted = next((one.name for one in group if one.name), min(emails).partition("@")[0])
    return Identity(_free(wanted, taken), kind, emails, tuple(keys.values()), frozenset(), group[0].place)


def _free(wanted: str, taken: set[str]) -> str:
    """A name as identities have it, that nobody else has here."""
    base = re.sub(r"[^A-Za-z0-9._-]", "-", wanted).lstrip("._-")[:56] or "somebody"
    numbered = (f"{base}-{number}" for number in count(2))
    return base if base not in taken else next(name for name in numbered if name not in taken)
