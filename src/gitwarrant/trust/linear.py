"""Regular expressions whose time grows with the text, whatever the expression: RE2's.

Python's `re` may try every way to split a text, so that one line of a file
stops whoever judges it. RE2 has no look-around and no back-references, and is
refused here where it cannot keep its bounds.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gitwarrant.model.errors import GitwarrantError, Place

MAX_EXPRESSION = 4000  # characters; a pattern of 1000 and what a translation adds
GROUP = 64  # expressions that are asked about at once, since most match nothing


class BadExpression(GitwarrantError):
    """An expression that RE2 does not take."""


def searcher(
    expression: str, place: Place | None = None, limit: int = MAX_EXPRESSION
) -> Callable[[str], bool]:
    """Compile an expression to a function that tells whether it occurs in a text.

    Time of a search: one pass over the text.

    Raises:
        BadExpression: too long, too large, or not RE2.
    """
    compiled = _compile(expression, place, limit)
    return lambda text: compiled.search(text) is not None


def matcher(expression: str, place: Place | None = None) -> Callable[[str], bool]:
    """Compile an expression to a function that tells whether it is the whole of a text.

    Raises:
        BadExpression: as `searcher` has it.
    """
    searcher(expression, place)  # by itself first: in a group, `a)(b` would be one
    return searcher(rf"\A(?:{expression})\z", place)


class Searchers:
    """Many expressions, and which of them occur in a text; asked in groups first, as most do not."""

    def __init__(self, expressions: Sequence[tuple[str, Place]]) -> None:
        """Raises BadExpression: one of them, with its place."""
        self._each = [searcher(expression, place) for expression, place in expressions]
        self._groups = [
            _any_of([expression for expression, _ in expressions[first : first + GROUP]])
            for first in range(0, len(expressions), GROUP)
        ]

    def matching(self, text: str) -> Iterator[int]:
        """The numbers of the expressions that occur in a text, in order, from 0."""
        for group, occurs in enumerate(self._groups):
            if occurs(text):
                numbers = range(group * GROUP, min((group + 1) * GROUP, len(self._each)))
                yield from (number for number in numbers if self._each[number](text))


def _any_of(expressions: Sequence[str]) -> Callable[[str], bool]:
    """Whether any of some good expressions may occur; too large together: maybe."""
    together = "|".join(f"(?:{expression})" for expression in expressions)
    try:
        return searcher(together, limit=MAX_EXPRESSION * GROUP)
    except BadExpression:
        return lambda _: True


def _compile(expression: str, place: Place | None, limit: int) -> Any:
    import re2  # type: ignore[import-untyped] # noqa: PLC0415 - typed nowhere; only where such patterns are

    options = re2.Options()
    options.log_errors = False
    try:
        if len(expression) > limit:
            raise re2.error(f"{len(expression)} characters exceed the limit of {limit}")
        return re2.compile(expression, options)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else error
        told = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadExpression(
            f"the expression {expression[:80]!r} cannot be used: {told}",
            remedy="write it as RE2 has it, without look-around and back-references",
            place=place,
        ) from error
