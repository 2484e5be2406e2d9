"""What the three dialects share: bounds, lines with their places, and the form of owners."""

import re
from collections.abc import Iterator
from typing import Protocol

from gitwarrant.model.errors import Place
from gitwarrant.model.owners import MAX_OWNERS_BYTES, Requirement
from gitwarrant.trust.paths import BadPattern
from gitwarrant.yaml.hidden import hidden_in_text

MAX_LINES = 20_000  # each line costs time for each path
MAX_LINE = 10_000  # characters
UNUSUAL = re.compile(r"[^\S \t]|[\x00-\x08\x0e-\x1f\x7f]")
"""Controls, and white space of which the forges' readers do not agree whether it parts words."""
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
USER = re.compile(f"@{NAME}")
TEAM = re.compile(f"@{NAME}/{NAME}")
EMAIL = re.compile(r"[^\s@<>#]+@[^\s@<>#]+\.[^\s@<>#]+")


class CodeOwners(Protocol):
    """A CODEOWNERS file that was read."""

    def __len__(self) -> int:
        """How many lines it has, comments and headers left out."""
        ...

    @property
    def owners(self) -> frozenset[str]:
        """Everybody it names, as written."""
        ...

    def requirements(self, path: str) -> tuple[Requirement, ...]:
        """What the file asks for a path (from the repository's root, without a leading slash).

        None: nobody owns it.

        Raises:
            BadPattern: the dialect's readers disagree about this path.
        """
        ...


def lines(data: bytes, path: str) -> Iterator[tuple[str, Place]]:
    """The lines of a file without white space around them, with their places; empty ones are left out.

    Raises:
        BadPattern: too large, too many or too long lines, or not UTF-8.
    """
    if len(data) > MAX_OWNERS_BYTES:
        raise BadPattern(
            f"{len(data)} bytes exceed the limit of {MAX_OWNERS_BYTES}",
            remedy="shorten it",
            place=Place(path),
        )
    try:
        texts = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise BadPattern("not UTF-8", remedy="save the file as UTF-8", place=Place(path)) from error
    if len(texts) > MAX_LINES:
        raise BadPattern(f"more than {MAX_LINES} lines", remedy="shorten it", place=Place(path))
    for number, text in enumerate(texts, 1):
        place = Place(path, number)
        if len(text) > MAX_LINE:
            raise BadPattern(f"more than {MAX_LINE} characters", remedy="break the line", place=place)
        stripped = text.strip(" \t\r")
        hidden = UNUSUAL.search(stripped)
        if hidden or (not stripped.isascii() and hidden_in_text(stripped)):
            what = f"the character {hidden[0]!a}" if hidden else f"the invisible {hidden_in_text(stripped)}"
            raise BadPattern(f"the line holds {what}", remedy="write it without", place=place)
        if stripped:
            yield stripped, place


def not_an_owner(text: str, remedy: str, place: Place) -> BadPattern:
    """The error for what stands where an owner belongs."""
    return BadPattern(f"{text[:80]!r} is not an owner", remedy=remedy, place=place)
