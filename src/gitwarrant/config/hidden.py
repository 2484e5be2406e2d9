"""Invisible characters in configuration files and in their names: refused."""

import re

from gitwarrant.config.problem import Problem
from gitwarrant.model.errors import Place
from gitwarrant.yaml.hidden import hidden_in_text, is_hidden, named

ASCII_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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
