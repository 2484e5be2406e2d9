"""Characters that make a text read different from what it says (CVE-2021-42574 and its kin)."""

import unicodedata

BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
"""Letters and marks that show nothing, beside these categories of Unicode."""

HIDDEN_CATEGORIES = frozenset({"Cf", "Cc", "Zl", "Zp"})
"""Formatting (bidirectional, zero-width, tags), controls, and line ends that editors do not show as such."""

SHOWN = "\t\n\r"


def hidden_in_text(text: str) -> str:
    """The name of the first invisible character; empty: there is none."""
    if text.isascii() and text.isprintable():
        return ""
    return next((named(character) for character in text if is_hidden(character)), "")


def named(character: str) -> str:
    """A character that cannot be shown, as people look it up."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name')}"


def is_hidden(character: str) -> bool:
    """Whether a character shows nothing where it stands, or changes how its neighbours are shown."""
    if character in SHOWN or " " <= character <= "~":
        return False
    return character in BLANK_LETTERS or unicodedata.category(character) in HIDDEN_CATEGORIES
