"""What commits and tags share: their ids, strict headers, people, and what is no form of either."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from gitwarrant.model.change import OBJECT_ID
from gitwarrant.model.errors import GitwarrantError

MAX_SECONDS = 253_402_214_400  # the last day of the year 9999, which any zone can still express

PERSON = re.compile(
    r"(?P<name>[^<>\s](?:[^<>]*[^<>\s])?) <(?P<email>[^<>\s]+)> "
    r"(?P<seconds>0|[1-9][0-9]{0,11}) (?P<zone>[+-](?:0[0-9]|1[0-4])[0-5][0-9])"
)
CONTROLS_IN_HEADER = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")
CONTROLS_IN_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class MalformedObject(GitwarrantError):
    """An object that Git may read, but not in the one form we accept."""

    def __init__(self, kind: str, id: str, what: str) -> None:  # noqa: A002 - the glossary's name
        super().__init__(
            f"{kind} {id[:12]} is malformed: {what}",
            remedy=f"make the {kind} again with git itself; older history is not read, only what is new",
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Who a commit or tag says made it, and when it says so. A claim: nothing here is proven."""

    name: str
    email: str
    time: datetime


def object_id(kind: str, content: bytes, length: int = 40) -> str:
    """Compute the id that content of a kind (`commit`, `tree`, `blob`) has; 40 or 64 digits."""
    framed = b"%s %d\0" % (kind.encode(), len(content)) + content
    if length == 64:
        return hashlib.sha256(framed).hexdigest()
    return hashlib.sha1(framed, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Headers:
    """The readers of one object's headers; each complaint names the object."""

    kind: str
    id: str

    def malformed(self, what: str) -> MalformedObject:
        """The complaint."""
        return MalformedObject(self.kind, self.id, what)

    def split(self, raw: bytes, limit: int) -> tuple[bytes, bytes]:
        """Split an object's bytes, which must have its id, into headers and message.

        Raises:
            MalformedObject: too large, of another id, not UTF-8, or with bytes
                that hide others.
        """
        if len(raw) > limit:
            raise self.malformed(f"{len(raw)} bytes exceed the limit of {limit}")
        if not OBJECT_ID.fullmatch(self.id):
            raise ValueError(f"an object id has 40 or 64 lowercase hexadecimal digits, got {self.id!r}")
        actual = object_id(self.kind, raw, len(self.id))
        if actual != self.id:
            raise self.malformed(f"its bytes have the id {actual}")
        header, separator, message = raw.partition(b"\n\n")
        if not separator:
            raise self.malformed("no empty line ends its headers")
        self._check_bytes(header, message)
        return header, message

    def _check_bytes(self, header: bytes, message: bytes) -> None:
        if CONTROLS_IN_HEADER.search(header):
            raise self.malformed("a control character stands in its headers")
        if b"\0" in message:
            raise self.malformed("a NUL byte in its message hides what follows from git log")
        try:
            header.decode()
            message.decode()
        except UnicodeDecodeError as error:
            raise self.malformed("it is not UTF-8") from error

    def fields(
        self, signed: bytes, order: Sequence[str], *, needed: Sequence[str], many: str = ""
    ) -> dict[str, list[str]]:
        """Gather values by name; refuse names unknown, twice (but `many`), missing, or out of order."""
        gathered: dict[str, list[str]] = {}
        last = 0
        for line in signed.decode().split("\n"):
            name, _, value = line.partition(" ")
            if name not in order:
                raise self.malformed(_unknown(line))
            if name in gathered and name != many:
                raise self.malformed(f"its {name} header stands there twice")
            rank = order.index(name)
            if rank < last:
                raise self.malformed(f"its {name} header is out of order")
            last = rank
            gathered.setdefault(name, []).append(value)
        for name in needed:
            if name not in gathered:
                raise self.malformed(f"its {name} header is missing")
        return gathered

    def object_id(self, name: str, text: str) -> str:
        """Read the id of another object of the same repository."""
        if len(text) != len(self.id) or not OBJECT_ID.fullmatch(text):
            raise self.malformed(f"its {name} is not an object id of {len(self.id)} digits")
        return text

    def person(self, name: str, text: str) -> Person:
        """Read who and when."""
        matched = PERSON.fullmatch(text)
        if not matched or CONTROLS_IN_TEXT.search(text):
            raise self.malformed(f"its {name} is not written as `Name <email> seconds +hhmm`")
        seconds, zone = int(matched["seconds"]), matched["zone"]
        if seconds > MAX_SECONDS:
            raise self.malformed(f"the time of its {name} lies after the year 9999")
        minutes = int(zone[1:3]) * 60 + int(zone[3:])
        offset = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes)) if minutes else UTC
        return Person(matched["name"], matched["email"], datetime.fromtimestamp(seconds, offset))


def _unknown(line: str) -> str:
    name = line.partition(" ")[0]
    if name == "mergetag":
        return "it merges a signed tag (mergetag); merge the tag's commit (`git merge TAG^{commit}`) instead"
    if name.startswith("gpgsig"):
        return f"its signature header {shown(name)} is not the one of this repository's hash"
    return f"a header line is not known: {shown(line)}"


def shown(text: str) -> str:
    """The beginning of a line, safe to print."""
    return ascii(text[:40])
