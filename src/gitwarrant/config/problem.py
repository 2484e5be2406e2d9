"""What is wrong in configuration files: all of it at once, each with its place and remedy."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitwarrant.model.errors import GitwarrantError, Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file."""

    what: str
    remedy: str
    place: Place


class ConfigError(GitwarrantError):
    """Configuration that cannot be used; holds every problem that was found, in the order of the files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        if not problems:
            raise ValueError("a configuration error needs a problem")
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place))
        first, *others = self.problems
        if not others:
            super().__init__(first.what, remedy=first.remedy, place=first.place)
            return
        told = "".join(
            f"\n  {problem.place}: {problem.what}\n    remedy: {problem.remedy}" for problem in self.problems
        )
        super().__init__(
            f"the configuration has {len(self.problems)} problems:{told}",
            remedy="mend them all, then run it again",
        )


def near(word: str, known: Iterable[str]) -> str:
    """`did you mean 'auto_deploy'?` when a known word is near, else the known words, else nothing."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"name one of: {', '.join(words)}" if words else ""


def near_or(word: str, known: Iterable[str], otherwise: str) -> str:
    """The same, and what else can be done."""
    hint = near(word, known)
    if not hint:
        return otherwise
    return f"{hint} Or {otherwise}" if hint.endswith("?") else f"{hint}; or {otherwise}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 approval`, `2 approvals`, `0 people`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
