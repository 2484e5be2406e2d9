"""Characters that show nothing, or turn what is shown around (CVE-2021-42574 and its kin)."""

import unicodedata

BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters that show nothing, beside Unicode's category Cf (bidirectional, zero-width, tags)."""


def is_invisible(character: str) -> bool:
    """Whether a reader cannot see that a character is there."""
    return not character.isascii() and (character in BLANK_LETTERS or unicodedata.category(character) == "Cf")
