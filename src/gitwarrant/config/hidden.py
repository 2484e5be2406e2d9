"""Characters that make a file read different from what it says."""

import unicodedata

from gitwarrant.config.problem import Problem
from gitwarrant.model.errors import Place
from gitwarrant.model.invisible import is_invisible


def hidden_in_text(text: str) -> str:
    """The name of the first invisible character; empty: there is none."""
    hidden = next((character for character in text if is_invisible(character)), "")
    return f"U+{ord(hidden):04X} {unicodedata.name(hidden, 'without a name')}" if hidden else ""


def hidden_in_file(data: bytes, path: str) -> Problem | None:
    """The first invisible character of a file; one that is no UTF-8 is left to its reader."""
    if data.isascii():
        return None
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        for column, character in enumerate(line, 1):
            if is_invisible(character):
                return Problem(
                    f"the file contains the invisible {hidden_in_text(character)}",
                    "remove it: it makes the file read different from what it says",
                    Place(path, number, column),
                )
    return None
