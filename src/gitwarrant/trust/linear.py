"""Regular expressions whose time grows with the text, whatever the expression: RE2's.

Python's `re` may try every way to split a text, so that one line of a file
stops whoever judges it. RE2 has no look-around and no back-references, and is
refused here where it cannot keep its bounds.
"""

from collections.abc import Callable
from typing import Any

from gitwarrant.model.errors import GitwarrantError, Place

MAX_EXPRESSION = 4000  # characters; a pattern of 1000 and what a translation adds


class BadExpression(GitwarrantError):
    """An expression that RE2 does not take."""


def searcher(expression: str, place: Place | None = None) -> Callable[[str], bool]:
    """Compile an expression to a function that tells whether it occurs in a text.

    Time of a search: one pass over the text.

    Raises:
        BadExpression: too long, too large, or not RE2.
    """
    compiled = _compile(expression, place)
    return lambda text: compiled.search(text) is not None


def _compile(expression: str, place: Place | None) -> Any:
    import re2  # type: ignore[import-untyped] # noqa: PLC0415 - typed nowhere; only where such patterns are

    options = re2.Options()
    options.log_errors = False
    try:
        if len(expression) > MAX_EXPRESSION:
            raise re2.error(f"{len(expression)} characters exceed the limit of {MAX_EXPRESSION}")
        return re2.compile(expression, options)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else error
        told = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadExpression(
            f"the expression {expression[:80]!r} cannot be used: {told}",
            remedy="write it as RE2 has it, without look-around and back-references",
            place=place,
        ) from error
