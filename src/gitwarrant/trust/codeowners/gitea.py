r"""CODEOWNERS as Gitea reads it: regular expressions, and every line that matches has its say.

An expression stands between `^` and `$` as it is, so in `a|b` each half has
one of the two only; a slash before it is dropped. `!` turns it round: the line
is about all paths that do *not* match. Backslash, blank and `#` are escaped by
a backslash, so `\\.` in the file is `\.` in the expression.

Gitea up to 1.21 takes Go's expressions (RE2), later versions an engine that
may try for hours. RE2 is used here; where the two read an expression
differently, it is refused. Gitea skips such lines; a skipped line is a hole.

Source: docs.gitea.com, "Code Owners", 1.26.
"""

import re
from dataclasses import dataclass

from gitwarrant.model.errors import Place
from gitwarrant.model.owners import Requirement
from gitwarrant.trust.codeowners.lines import TEAM, USER, lines, not_an_owner
from gitwarrant.trust.linear import BadExpression, Searchers
from gitwarrant.trust.paths import MAX_PATTERN, BadPattern

AMBIGUOUS = re.compile(r"-\[|\[\^?\[:|\(\?[^:]")
"""What only one of the engines knows, or both read differently: sets in sets, flags, look-around."""
PART = re.compile(r"\\.|[^\\]", re.DOTALL)
WORD_ESCAPE = re.compile(r"\\\w")
ASCII_ONLY = frozenset(rf"\{letter}" for letter in "wWdDsSbB")
"""Classes that hold ASCII alone in one engine, and all of Unicode in the other."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a file."""

    expression: str
    negative: bool
    ascii_only: bool
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class GiteaOwners:
    """A file of Gitea, in its order, and its expressions."""

    entries: tuple[Entry, ...]
    searchers: Searchers

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def owners(self) -> frozenset[str]:
        return frozenset(owner for entry in self.entries for owner in entry.requirement.owners)

    def requirements(self, path: str) -> tuple[Requirement, ...]:
        matching = frozenset(self.searchers.matching(path))
        if not path.isascii():
            self._refuse_disputed(path)
        return tuple(
            entry.requirement
            for number, entry in enumerate(self.entries)
            if (number in matching) is not entry.negative
        )

    def _refuse_disputed(self, path: str) -> None:
        entry = next((entry for entry in self.entries if entry.ascii_only), None)
        if entry is None:
            return
        raise BadPattern(
            f"versions of Gitea disagree whether {entry.requirement.pattern!r} matches {path!r}",
            remedy="write the characters out instead of \\w, \\d, \\s or \\b",
            place=entry.requirement.place,
        )


def read(data: bytes, path: str) -> GiteaOwners:
    """Read a CODEOWNERS file of Gitea.

    Raises:
        BadPattern: a line does not parse, with its place.
    """
    found = (_entry(_words(text, place), place) for text, place in lines(data, path))
    entries = tuple(entry for entry in found if entry)
    try:
        searchers = Searchers([(entry.expression, entry.requirement.place) for entry in entries])
    except BadExpression as error:
        raise BadPattern(error.what, remedy=error.remedy, place=error.place) from error
    return GiteaOwners(entries, searchers)


def _words(line: str, place: Place) -> list[str]:
    """Split a line at blanks, take escapes off, and drop a comment: it begins at any bare `#`."""
    words, word, escaped = [], "", False
    for character in line.replace("\t", " "):
        if escaped:
            word, escaped = word + character, False
        elif character == "\\":
            escaped = True
        elif character == "#":
            break
        elif character != " ":
            word += character
        elif word:
            words.append(word)
            word = ""
    if escaped:
        raise _bad("a backslash escapes nothing", "remove it, or write two", place)
    return [*words, word] if word else words


def _entry(words: list[str], place: Place) -> Entry | None:
    if not words:
        return None
    pattern, *owners = words
    if not owners:
        raise _bad(f"{pattern[:80]!r} has no owner", "name @user or @organization/team behind it", place)
    for owner in owners:
        if not (USER.fullmatch(owner) or TEAM.fullmatch(owner)):
            raise not_an_owner(
                owner, "write @user or @organization/team; Gitea takes no e-mail address", place
            )
    negative = pattern.startswith("!")
    expression = pattern.removeprefix("!").removeprefix("/")
    letters = _check(expression, place)
    requirement = Requirement(pattern, tuple(owners), 1, optional=False, section="", place=place)
    return Entry(f"^{expression}$", negative, bool(letters), requirement)


def _check(expression: str, place: Place) -> frozenset[str]:
    """Refuse what readers disagree on; which classes of characters there are."""
    if not 0 < len(expression) <= MAX_PATTERN:
        raise _bad(f"an expression has 1 to {MAX_PATTERN} characters", "write one", place)
    parts = PART.findall(expression)
    escapes = frozenset(part for part in parts if WORD_ESCAPE.fullmatch(part))
    if AMBIGUOUS.search(expression) or not escapes <= ASCII_ONLY:
        raise _bad(
            f"versions of Gitea read {expression[:80]!r} differently",
            "write it without look-around, flags, named groups, nested sets and rare escapes",
            place,
        )
    return escapes


def _bad(what: str, remedy: str, place: Place) -> BadPattern:
    return BadPattern(what, remedy=remedy, place=place)
