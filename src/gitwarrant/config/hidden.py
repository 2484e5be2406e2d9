"""Characters that make a file read different from what it says (CVE-2021-42574 and its kin)."""

import re
import unicodedata

from gitwarrant.config.problem import Problem
from gitwarrant.model.errors import Place

BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
"""Letters and marks that show nothing, beside these categories of Unicode."""

HIDDEN_CATEGORIES = frozenset({"Cf", "Cc", "Zl", "Zp"})
"""Formatting (bidirectional, zero-width, tags), controls, and line ends that editors do not show as such."""

ASCII_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SHOWN = "\t\n\r"


def hidden_in_text(text: str) -> str:
    """The name of the first invisible character; empty: there is none."""
    if text.isascii() and text.isprintable():
        return ""
    return next((named(character) for character in text if is_hidden(character)), "")


def named(character: str) -> str:
    """A character that cannot be shown, as people look it up."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"


def hidden_in_file(data: bytes, path: str) -> Problem | None:
    """The first invisible character of a file; one that is no UTF-8 is left to its reader."""
    if data.isascii() and not ASCII_CONTROLS.search(data):
        return None
    text = data.decode("utf-8", "replace")
    hidden = {character for character in set(text) if is_hidden(character)}  # each is looked up once
    if not hidden:
        return None
    number, line = next(item for item in enumerate(text.split("\n"), 1) if not hidden.isdisjoint(item[1]))
    column, character = next(item for item in enumerate(line, 1) if item[1] in hidden)
    return Problem(
        f"the file contains the invisible {named(character)}",
        "remove it: it makes the file read different from what it says",
        Place(path, number, column),
    )


def hidden_in_name(path: str) -> Problem | None:
    """The first invisible character of a file's name."""
    hidden = hidden_in_text(path)
    if not hidden:
        return None
    return Problem(
        f"the name {path!a} contains the invisible {hidden}", "rename the file", Place(ascii(path))
    )


def is_hidden(character: str) -> bool:
    """Whether a character shows nothing where it stands, or changes how its neighbours are shown."""
    if character in SHOWN or " " <= character <= "~":
        return False
    return character in BLANK_LETTERS or unicodedata.category(character) in HIDDEN_CATEGORIES
