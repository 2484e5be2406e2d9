"""Patterns of paths, as GitHub's CODEOWNERS reads them.

`*` and `?` stay inside a name, `**` spans folders, a pattern without a slash
(or with one only at its end) matches at any depth, a name matches everything
below it, and the last pattern that matches decides. Square brackets are plain
characters there, so they are here. GitHub skips a line that it cannot read;
here it is refused, because a skipped rule is a hole.

Source: docs.github.com, "About code owners"; case-sensitive like GitHub.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.identity import PathRule

MAX_PATTERN = 1000  # characters; longer than any path that people type
TOKEN = re.compile(r"\\.|\*+|.", re.DOTALL)  # an escape, a run of asterisks, or a character
FOLDERS = "(?:[^/]++/)*?"  # as few whole folders as possible


class BadPattern(GitwarrantError):
    """A pattern, or a line of a CODEOWNERS file, that does not mean what its author may think."""


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern covers a path (relative to the repository's root, without a leading slash)."""
    return bool(compile_pattern(pattern).match(path))


def rule_for(path: str, rules: Sequence[PathRule]) -> PathRule | None:
    """The last rule that covers a path; None: no rule does."""
    for rule in reversed(rules):
        if compile_pattern(rule.pattern, rule.place).match(path):
            return rule
    return None


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str, place: Place | None = None) -> re.Pattern[str]:
    """Turn a pattern into an expression to `match` paths with.

    Every run of segments between two `**` is an atomic group that takes its
    first place and never another one, so time grows with path times pattern,
    not with a power of the path: paths are chosen by whoever commits.

    Raises:
        BadPattern: empty, negated, with three asterisks, a trailing backslash,
            or an empty segment.
    """
    _check(pattern, place)
    segments = pattern.removeprefix("/").split("/")
    if not pattern.startswith("/") and (len(segments) == 1 or segments[1:] == [""]):
        segments.insert(0, "**")
    if segments[-1] == "":
        segments[-1] = "**"
    return re.compile(_expression(segments), re.DOTALL)


def _check(pattern: str, place: Place | None) -> None:
    problem = ""
    if not pattern or len(pattern) > MAX_PATTERN:
        problem = f"a pattern has 1 to {MAX_PATTERN} characters, this one {len(pattern)}"
    elif pattern.startswith("!"):
        problem = f"pattern {pattern!r}: '!' does not negate in CODEOWNERS"
    elif pattern.startswith(("#", "\\#")):
        problem = f"pattern {pattern!r}: a pattern cannot begin with '#' in CODEOWNERS"
    elif "***" in pattern:
        problem = f"pattern {pattern!r}: three asterisks mean nothing"
    elif re.search(r"(?<!\\)(?:\\\\)*\\(?:/|\Z)", pattern):
        problem = f"pattern {pattern!r}: a backslash escapes nothing"
    elif pattern == "/" or "//" in pattern:
        problem = f"pattern {pattern!r}: a name is missing between slashes; it would match nothing"
    if problem:
        raise BadPattern(
            problem, remedy="write it as GitHub's CODEOWNERS does: docs/, *.yaml, /apps/**", place=place
        )


def _expression(segments: list[str]) -> str:
    """Join the runs of names that stand between `**`s."""
    runs: list[list[str]] = [[]]
    for segment in segments:
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append(segment)
    *before, last = runs
    expression = ""
    for number, run in enumerate(before):
        slash = "/" if expression else ""
        if number == 0:
            expression = _run(run)
        elif run:
            expression += f"{slash}(?>{FOLDERS}{_run(run)}(?![^/]))"
    slash = "/" if expression else ""
    if not last:
        return expression + (slash or ".")  # it ends in **: anything below
    folders = slash + FOLDERS if before else ""
    end = r"\Z" if last[-1] == "*" else "(?![^/])"  # a lone * takes files of this folder only
    return expression + folders + _run(last) + end


def _run(segments: list[str]) -> str:
    return "/".join(_segment(segment) for segment in segments)


def _segment(segment: str) -> str:
    """One name with `*` and `?`; after each `*` the first place of what follows is as good as any."""
    if segment == "*":
        return "[^/]++"
    pieces = [""]
    for part in TOKEN.findall(segment):
        if part.startswith("*"):
            pieces.append("")
        else:
            pieces[-1] += "[^/]" if part == "?" else re.escape(part[-1])
    first, *rest = pieces
    if not rest:
        return first
    *middle, last = rest
    between = "".join(f"(?>[^/]*?{piece})" for piece in middle)
    return first + between + (f"(?>[^/]*{last}(?![^/]))" if last else "[^/]*+")
