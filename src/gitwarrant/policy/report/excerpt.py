"""A line of a file with a caret under what a finding is about."""

from collections.abc import Mapping
from functools import cache

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Source

MAX_WIDTH = 100  # characters of a line that are shown; a JSON file may be one line of megabytes


def excerpt(place: Place, sources: Mapping[str, Source]) -> tuple[str, str] | None:
    """The line at a place and the carets for the line below it; None when there is no such line."""
    source = sources.get(place.path)
    if source is None or not place.line or not place.column:
        return None
    lines = _lines(source)
    if place.line > len(lines):
        return None
    line, start = lines[place.line - 1].rstrip(), place.column - 1
    cut = max(0, start - MAX_WIDTH // 2) if len(line) > MAX_WIDTH else 0
    shown = printable(line[cut : cut + MAX_WIDTH])
    start -= cut
    value = shown[start:].partition(" #")[0].rstrip(" }],")
    return shown, " " * start + "^" * max(1, len(value))


@cache
def _lines(source: Source) -> list[str]:
    return source.data.decode(errors="replace").split("\n")


def printable(line: str) -> str:
    """What could steer a terminal, or change the direction of text, is shown as a mark."""
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() else " " if char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in line
    )
