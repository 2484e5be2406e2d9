"""Lines of a trial's text: short ones, and sentences broken where a screen ends."""

import textwrap
from collections.abc import Iterator
from typing import TypeAlias

Line: TypeAlias = tuple[str, str]
"""A style (bold, good, warn, dim, or none) and the text of one line."""

WIDTH = 96  # characters


def many(count: int, noun: str, plural: str = "") -> str:
    """`1 landing`, `2 landings`; `person` and `people`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def headed(title: str) -> Iterator[Line]:
    """A heading with an empty line before it."""
    yield "", ""
    yield "bold", title


def said(sentences: str, style: str = "") -> Iterator[Line]:
    """Sentences, indented, broken between words."""
    wrapped = textwrap.wrap(
        sentences, WIDTH - 2, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    return ((style, f"  {line}") for line in wrapped)


def cut(text: str, style: str = "") -> Line:
    """One line, cut where the screen ends; --details has the rest."""
    return style, text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
