"""A strict reader of commits: one spelling, one signature, or refused.

`git verify-commit` reads leniently: it takes a commit with two signature
headers, skips headers it does not know, and shows a message only up to its
first NUL byte. Each of these lets one person read what another did not sign.
Here a commit has exactly the headers that Git itself writes, in Git's order,
or it is malformed.

Not checked here: whether the signature is good and whose it is (trust), and
whether the objects it names exist (reading). The comparison of ids here does not
detect SHA-1 collisions; git does when an object arrives, libgit2 at every read.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from gitwarrant.model.change import OBJECT_ID, CommitId, TreeId
from gitwarrant.model.errors import GitwarrantError

MAX_COMMIT_BYTES = 256 * 1024  # forges cut messages at 64 KiB; the largest signature is some KiB
MAX_SECONDS = 253_402_214_400  # the last day of the year 9999, which any zone can still express

CANONICAL_ORDER = ("tree", "parent", "author", "committer", "encoding")  # then the signature
SIGNATURE_HEADERS = {40: b"gpgsig", 64: b"gpgsig-sha256"}  # by length of id: each hash signs under its own
PERSON = re.compile(
    r"(?P<name>[^<>\s](?:[^<>]*[^<>\s])?) <(?P<email>[^<>\s]+)> "
    r"(?P<seconds>0|[1-9][0-9]{0,11}) (?P<zone>[+-](?:0[0-9]|1[0-4])[0-5][0-9])"
)
CONTROLS_IN_HEADER = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")
CONTROLS_IN_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class MalformedObject(GitwarrantError):
    """An object that Git may read, but not in the one form we accept."""

    def __init__(self, id: str, what: str) -> None:  # noqa: A002 - the glossary's name
        super().__init__(
            f"commit {id[:12]} is malformed: {what}",
            remedy="make the commit again with git itself; older history is not read, only what is new",
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Who a commit says wrote or made it, and when it says so. A claim: nothing here is proven."""

    name: str
    email: str
    time: datetime


@dataclass(frozen=True, slots=True)
class ParsedCommit:
    """A commit in parts.

    `payload` is exactly what was signed: the commit's bytes without its
    signature header. `signature` is armored and ends with a line feed.
    """

    id: CommitId
    tree: TreeId
    parents: tuple[CommitId, ...]
    author: Person
    committer: Person
    signature: bytes | None
    payload: bytes
    message: bytes


def object_id(kind: str, content: bytes, length: int = 40) -> str:
    """Compute the id that content of a kind (`commit`, `tree`, `blob`) has; 40 or 64 digits."""
    framed = b"%s %d\0" % (kind.encode(), len(content)) + content
    if length == 64:
        return hashlib.sha256(framed).hexdigest()
    return hashlib.sha1(framed, usedforsecurity=False).hexdigest()


def parse_commit(raw: bytes, id: CommitId) -> ParsedCommit:  # noqa: A002 - the glossary's name
    """Read a commit's bytes, which must have the given id.

    Accepted headers, in this order: `tree`, any `parent`, `author`,
    `committer`, at most one `encoding` (UTF-8 only), at most one signature
    (`gpgsig` in a SHA-1 repository, `gpgsig-sha256` in a SHA-256 one).

    Raises:
        MalformedObject: too large, another id, or any other spelling.

    Source: git, Documentation/gitformat-signature, commit.c. Time: one pass.
    """
    if len(raw) > MAX_COMMIT_BYTES:
        raise MalformedObject(id, f"{len(raw)} bytes exceed the limit of {MAX_COMMIT_BYTES}")
    _check_id(raw, id)
    header, separator, message = raw.partition(b"\n\n")
    if not separator:
        raise MalformedObject(id, "no empty line ends its headers")
    _check_bytes(id, header, message)
    signed, signature = _cut_signature(id, header)
    fields = _fields(id, signed)
    if fields.get("encoding", ["UTF-8"])[0].upper() != "UTF-8":
        raise MalformedObject(id, "its encoding is not UTF-8")
    return ParsedCommit(
        id=id,
        tree=TreeId(_id(id, "tree", fields["tree"][0])),
        parents=tuple(CommitId(_id(id, "parent", value)) for value in fields.get("parent", [])),
        author=_person(id, "author", fields["author"][0]),
        committer=_person(id, "committer", fields["committer"][0]),
        signature=signature,
        payload=signed + b"\n\n" + message,
        message=message,
    )


def _check_id(raw: bytes, commit: CommitId) -> None:
    if not OBJECT_ID.fullmatch(commit):
        raise ValueError(f"an object id has 40 or 64 lowercase hexadecimal digits, got {commit!r}")
    actual = object_id("commit", raw, len(commit))
    if actual != commit:
        raise MalformedObject(commit, f"its bytes have the id {actual}")


def _check_bytes(commit: CommitId, header: bytes, message: bytes) -> None:
    if CONTROLS_IN_HEADER.search(header):
        raise MalformedObject(commit, "a control character stands in its headers")
    if b"\0" in message:
        raise MalformedObject(commit, "a NUL byte in its message hides what follows from git log")
    try:
        header.decode()
        message.decode()
    except UnicodeDecodeError as error:
        raise MalformedObject(commit, "it is not UTF-8") from error


def _cut_signature(commit: CommitId, header: bytes) -> tuple[bytes, bytes | None]:
    """Split headers into what was signed and the signature: the last header, the only folded one."""
    marker = b"\n" + SIGNATURE_HEADERS[len(commit)] + b" "
    signed, found, folded = header.partition(marker)
    if not found:
        return header, None
    if marker in folded:
        raise MalformedObject(commit, "it has two signature headers")
    lines = folded.split(b"\n")
    for line in lines[1:]:
        if not line.startswith(b" "):
            raise MalformedObject(commit, f"a header follows its signature: {_shown(line.decode())}")
    return signed, b"\n".join([lines[0], *(line[1:] for line in lines[1:])]) + b"\n"


def _fields(commit: CommitId, signed: bytes) -> dict[str, list[str]]:
    """Gather values by name; refuse names unknown, twice (but parents), missing, or out of order."""
    gathered: dict[str, list[str]] = {}
    last = 0
    for line in signed.decode().split("\n"):
        name, _, value = line.partition(" ")
        if name not in CANONICAL_ORDER:
            raise MalformedObject(commit, _unknown(line))
        if name in gathered and name != "parent":
            raise MalformedObject(commit, f"its {name} header stands there twice")
        rank = CANONICAL_ORDER.index(name)
        if rank < last:
            raise MalformedObject(commit, f"its {name} header is out of order")
        last = rank
        gathered.setdefault(name, []).append(value)
    for name in ("tree", "author", "committer"):
        if name not in gathered:
            raise MalformedObject(commit, f"its {name} header is missing")
    return gathered


def _unknown(line: str) -> str:
    name = line.partition(" ")[0]
    if name == "mergetag":
        return "it merges a signed tag (mergetag); merge the tag's commit (`git merge TAG^{commit}`) instead"
    if name.startswith("gpgsig"):
        return f"its signature header {_shown(name)} is not the one of this repository's hash"
    return f"a header line is not known: {_shown(line)}"


def _shown(text: str) -> str:
    return ascii(text[:40])


def _id(commit: CommitId, name: str, text: str) -> str:
    if len(text) != len(commit) or not OBJECT_ID.fullmatch(text):
        raise MalformedObject(commit, f"its {name} is not an object id of {len(commit)} digits")
    return text


def _person(commit: CommitId, name: str, text: str) -> Person:
    matched = PERSON.fullmatch(text)
    if not matched or CONTROLS_IN_TEXT.search(text):
        raise MalformedObject(commit, f"its {name} is not written as `Name <email> seconds +hhmm`")
    seconds, zone = int(matched["seconds"]), matched["zone"]
    if seconds > MAX_SECONDS:
        raise MalformedObject(commit, f"the time of its {name} lies after the year 9999")
    minutes = int(zone[1:3]) * 60 + int(zone[3:])
    offset = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes)) if minutes else UTC
    return Person(matched["name"], matched["email"], datetime.fromtimestamp(seconds, offset))
