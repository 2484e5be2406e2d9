"""OpenSSH's `allowed_signers` files, read strictly: who may sign what, and when.

    principals [options] kind base64 [comment]

Principals are patterns (`*`, `?`, `!`) joined by commas, in quotes if they hold
blanks. Options are `cert-authority`, `namespaces="..."`, `valid-after="..."` and
`valid-before="..."`, each once, their values in quotes. Times are
`YYYYMMDD[HHMM[SS]]`, in UTC with a `Z` behind, else in the reader's own zone.

Source: ssh-keygen(1), "ALLOWED SIGNERS"; OpenSSH, sshsig.c. Stricter than it:
control characters and lines that nobody can type are refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.trust.sshkey import KINDS, BadKey, PublicKey, read_line
from gitwarrant.trust.sshwire import Malformed

MAX_FILE_BYTES = 4 * 1024 * 1024  # some ten thousand people
MAX_LINE = 16 * 1024  # characters; an RSA key of 8192 bits takes 1400
BLANKS = " \t"
TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?", re.IGNORECASE | re.ASCII)


class BadAllowedSigners(GitwarrantError):
    """A line that ssh-keygen would not read, or that is not accepted here."""

    def __init__(self, what: str, place: Place) -> None:
        remedy = "mend the line as 'ALLOWED SIGNERS' in man ssh-keygen shows, or take it out"
        super().__init__(what, remedy=remedy, place=place)


@dataclass(frozen=True, slots=True)
class AllowedSigner:
    """One line. `namespaces` None: any. The times bound when a signature is good."""

    principals: tuple[str, ...]
    key: PublicKey
    authority: bool
    namespaces: tuple[str, ...] | None
    valid_after: datetime | None
    valid_before: datetime | None
    place: Place

    def allows(self, namespace: str) -> bool:
        """Whether it may sign in a namespace."""
        return self.namespaces is None or matches(self.namespaces, namespace)


def parse(data: bytes, path: str, *, zone: tzinfo) -> tuple[AllowedSigner, ...]:
    """Read a whole file.

    Args:
        zone: what times without a `Z` are meant in.

    Raises:
        BadAllowedSigners: the first line that cannot be read, with its place.
    """
    if len(data) > MAX_FILE_BYTES:
        raise BadAllowedSigners(f"{len(data)} bytes exceed the limit of {MAX_FILE_BYTES}", Place(path))
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise BadAllowedSigners("the file is not UTF-8", Place(path)) from error
    return tuple(_lines(lines, path, zone))


def _lines(lines: Sequence[str], path: str, zone: tzinfo) -> Iterator[AllowedSigner]:
    for number, line in enumerate(lines, 1):
        place = Place(path, number)
        text = line.removesuffix("\r").strip(BLANKS)
        if not text or text.startswith("#"):
            continue
        try:
            if len(text) > MAX_LINE or not text.replace("\t", " ").isprintable():
                raise Malformed("the line is too long, or holds characters that cannot be shown")
            yield _line(text, place, zone)
        except (Malformed, BadKey) as error:
            what = error.what if isinstance(error, BadKey) else str(error)
            raise BadAllowedSigners(what, place) from error


def _line(text: str, place: Place, zone: tzinfo) -> AllowedSigner:
    principals, rest = _principals(text)
    options: dict[str, str | None] = {}
    if rest.partition(" ")[0].partition("\t")[0] not in KINDS:
        options, rest = _options(rest)
    fields = rest.split()
    if len(fields) < 2:
        raise Malformed("the line has no public key")
    namespaces = options.get("namespaces")
    after, before = (_moment(options.get(name), zone) for name in ("valid-after", "valid-before"))
    if after and before and after >= before:
        raise Malformed("valid-after is not before valid-before")
    return AllowedSigner(
        principals=principals,
        key=read_line(f"{fields[0]} {fields[1]}"),
        authority="cert-authority" in options,
        namespaces=None if namespaces is None else _list(namespaces, "namespace"),
        valid_after=after,
        valid_before=before,
        place=place,
    )


def _principals(text: str) -> tuple[tuple[str, ...], str]:
    """The first word, or what stands in quotes, and the rest of the line."""
    if text.startswith('"'):
        word, found, rest = text[1:].partition('"')
        if not found or rest[:1] not in (" ", "\t"):
            raise Malformed("the quotes around its principals do not end")
    else:
        word, *others = text.split(maxsplit=1)
        rest = others[0] if others else ""
    return _list(word, "principal"), rest.lstrip(BLANKS)


def _list(text: str, what: str) -> tuple[str, ...]:
    items = tuple(text.split(","))
    if "" in items or "!" in items:
        raise Malformed(f"a {what} in it is empty")
    return items


OPTION = re.compile(
    r'(?:(?P<flag>cert-authority)|(?P<name>namespaces|valid-after|valid-before)="(?P<value>(?:\\"|[^"])*)")'
    r"(?P<end>,|[ \t]+)",
    re.IGNORECASE,
)


def _options(text: str) -> tuple[dict[str, str | None], str]:
    """Options by name in lower case, and the rest of the line."""
    options: dict[str, str | None] = {}
    at = 0
    while matched := OPTION.match(text, at):
        name = (matched["flag"] or matched["name"]).lower()
        if name in options:
            raise Malformed(f"option {name} stands there twice")
        options[name] = matched["value"].replace('\\"', '"') if matched["name"] else None
        at = matched.end()
        if matched["end"] != ",":
            return options, text[at:]
    raise Malformed(f"{text[at : at + 40]!r} is neither an option nor an accepted kind of key")


def _moment(text: str | None, zone: tzinfo) -> datetime | None:
    if text is None:
        return None
    matched = TIME.fullmatch(text)
    if not matched:
        raise Malformed(f"{text[:40]!r} is no time: YYYYMMDD[HHMM[SS]][Z]")
    numbers = [int(part or 0) for part in matched.groups()[:6]]
    try:
        local = datetime(*numbers, tzinfo=UTC if matched[7] else zone)  # type: ignore[arg-type,misc]  # six numbers
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{text!r} is no time: {error}") from error


def matches(patterns: Sequence[str], text: str) -> bool:
    """Whether a list of OpenSSH's patterns covers a text: one does, and none with `!` before it."""
    covered = False
    for pattern in patterns:
        if _covers(pattern.removeprefix("!"), text):
            if pattern.startswith("!"):
                return False
            covered = True
    return covered


def _covers(pattern: str, text: str) -> bool:
    """`*` stands for any text, `?` for one character. Time: pattern times text, whatever the pattern."""
    at, place, star, resumed = 0, 0, -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, resumed = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            place, at = place + 1, at + 1
        elif star >= 0:  # the last star takes one character more; earlier ones need not be tried again
            resumed += 1
            place, at = star + 1, resumed
        else:
            return False
    return not pattern[place:].strip("*")
