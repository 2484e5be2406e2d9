"""What a page says is printed, beside what was printed."""

import re

VARYING = (
    (re.compile(r"https://127\.0\.0\.1:\d+"), "SERVER"),
    (re.compile(r"\bv1\.\d+\.\d+\b"), "VERSION"),
    (re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "KEY"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC"), "TIME"),
)


def unprinted(documented: tuple[str, ...], printed: list[str]) -> str:
    """The first documented line that was not printed after those before it; empty when all were.

    `...` stands for whatever stands there: any lines, or the end of one.
    """
    left = iter(map(neutral, printed))
    for line in documented:
        wanted = neutral(line)
        start = wanted.removesuffix("...")
        if not any(given.startswith(start) if start != wanted else given == wanted for given in left):
            return line
    return ""


def neutral(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern, word in VARYING:
        line = pattern.sub(word, line)
    return line
