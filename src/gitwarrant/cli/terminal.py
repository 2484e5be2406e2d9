"""Where a command speaks: text for people, JSON for programs, colours only on a terminal."""

import json
import re
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, TextIO

from gitwarrant.model.errors import GitwarrantError, Refused

STYLES: Mapping[str, str] = {
    "good": "32",
    "bad": "31;1",
    "warn": "33",
    "dim": "2",
    "bold": "1",
    "add": "32",
    "remove": "31",
    "change": "33",
}

CLEAR = "\x1b[H\x1b[2J"

WIDTH = 100  # of what is wrapped: as wide as people read, whatever the terminal is

_CODES = "|".join(sorted({code for codes in STYLES.values() for code in codes.split(";")}))
OWN_CODES = re.compile(rf"(\x1b\[(?:0|(?:{_CODES})(?:;(?:{_CODES}))*)m)")


def harmless(text: str) -> str:
    """Text with our own styles, where whatever else could steer a terminal is shown as a mark.

    Names, paths and messages come from repositories: an escape sequence or a
    bidirectional override in one must not rewrite what a person reads.
    """
    if text.isprintable():
        return text
    pieces = OWN_CODES.split(text)  # every second piece is a code of ours
    return "".join(piece if index % 2 else _marked(piece) for index, piece in enumerate(pieces))


def _marked(text: str) -> str:
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


class Terminal:
    """The output of one command.

    `out` takes what was asked for, `err` everything said along the way. With
    `as_json` only `result` and `refuse` write to `out`, one JSON value in all.
    """

    def __init__(self, out: TextIO, err: TextIO, *, colour: bool, as_json: bool) -> None:
        self.out, self.err = out, err
        self.colour, self.as_json = colour, as_json

    @classmethod
    def standard(
        cls, environ: Mapping[str, str], *, colour: str = "auto", output: str = "text"
    ) -> "Terminal":
        """The process's own streams. `NO_COLOR` and a stream that is no terminal turn colours off."""
        wanted = colour == "always" or (
            colour == "auto"
            and sys.stdout.isatty()
            and not environ.get("NO_COLOR")
            and environ.get("TERM") != "dumb"
        )
        return cls(sys.stdout, sys.stderr, colour=wanted, as_json=output == "json")

    def style(self, text: str, style: str) -> str:
        """Wrap text in the escape codes of a style (several in one word are joined by spaces)."""
        if not self.colour or not style:
            return text
        codes = ";".join(STYLES[name] for name in style.split())
        return f"\x1b[{codes}m{text}\x1b[0m"

    def say(self, text: str = "", style: str = "") -> None:
        """Say something to a person; silent when a program listens."""
        if not self.as_json:
            print(harmless(self.style(text, style)), file=self.out, flush=True)

    def say_wrapped(self, text: str, begin: str = "", style: str = "") -> None:
        """Say a long sentence in lines of at most `WIDTH`, the later ones below its beginning.

        `begin` is what stands before the sentence; it may hold styles. Words are never broken.
        """
        margin = len(OWN_CODES.sub("", begin))
        lines = textwrap.wrap(text, WIDTH - margin, break_long_words=False, break_on_hyphens=False)
        for line in lines or [""]:
            self.say(f"{begin}{self.style(line, style)}")
            begin = " " * margin

    def clear(self) -> None:
        """Begin again at the top, for what is shown over and over; a file keeps everything."""
        if self.out.isatty() and not self.as_json:
            self.out.write(CLEAR)

    def note(self, text: str, style: str = "dim") -> None:
        """Say something beside the result, on standard error."""
        shown = self.style(text, style) if self.err.isatty() else text
        print(harmless(shown), file=self.err, flush=True)

    def progress(self, text: str) -> None:
        """Say what is being waited for, to a person who looks on."""
        if self.err.isatty():
            self.note(f"{text} ...")

    def result(self, value: Any) -> None:
        """Print the result for a program; silent when a person listens."""
        if self.as_json:
            json.dump(value, self.out, indent=2, sort_keys=True, ensure_ascii=False)
            print(file=self.out, flush=True)

    def refuse(self, error: GitwarrantError) -> None:
        """Say an error: a sentence with its place and remedy."""
        if self.as_json:
            self.result({"error": describe(error)})
            return
        stage = f"refused by {error.stage}: " if isinstance(error, Refused) else "error: "
        where = f"{error.place}: " if error.place else ""
        paint = self.style if self.err.isatty() else (lambda text, _style: text)
        print(harmless(paint(stage, "bad") + where + error.what), file=self.err)
        print(harmless(paint("  remedy: ", "bold") + error.remedy), file=self.err, flush=True)


def describe(error: GitwarrantError) -> dict[str, Any]:
    """An error as JSON data: kind, stage (for a refusal), what, remedy, place."""
    place = error.place
    return {
        "kind": type(error).__name__,
        "stage": error.stage if isinstance(error, Refused) else None,
        "what": error.what,
        "remedy": error.remedy,
        "place": {"path": place.path, "line": place.line, "column": place.column} if place else None,
    }
