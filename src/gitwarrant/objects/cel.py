"""CEL: expressions about objects, as Kubernetes has them in validation rules.

Only what is clearly true counts. An error of the evaluation is a value in the
library, and a truthy one at that; here it is an exception, as is every answer
of another type than the one asked for.

What bounds the cost: the text is short; the library nests 32 levels deep at
most and stops after 10,000 iterations, of all loops together; patterns are
RE2's. An expression that lets text grow (`+`, `replace`) can still be dear, so
it must come from whoever writes the rules, never from the object it is about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from gitwarrant.model.errors import GitwarrantError, Place

MAX_TEXT = 4000  # characters; the rules that operators ship for themselves have some hundred

FAULTS = (RuntimeError, TypeError, ValueError, OverflowError)
"""What the library raises: beyond its budget, or for a value that it cannot hand over."""


class CelError(GitwarrantError):
    """An expression is none, or gives no clear answer."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was compiled once."""

    text: str
    place: Place
    _compiled: Any

    def boolean(self, values: Mapping[str, Any]) -> bool:
        """Whether it is true of these values, by the names of its variables.

        Raises:
            CelError: it gives no bool: a field is missing, a type does not fit, a budget is used up.
        """
        answer = self._evaluated(values)
        if answer is True or answer is False:
            return answer
        raise self._unclear(f"gives {_kind(answer)}, not true or false")

    def string(self, values: Mapping[str, Any]) -> str:
        """The text it makes of these values.

        Raises:
            CelError: it gives no text.
        """
        answer = self._evaluated(values)
        if isinstance(answer, str):
            return answer
        raise self._unclear(f"gives {_kind(answer)}, not text")

    def _evaluated(self, values: Mapping[str, Any]) -> Any:
        try:
            found = self._compiled.eval(data=values)
            if found.type() == _cel().Type.ERROR:
                raise self._unclear(f"cannot be evaluated: {found.value()}")
            return found.value()
        except FAULTS as error:
            raise self._unclear(f"cannot be evaluated: {_first_line(error)}") from error

    def _unclear(self, what: str) -> CelError:
        return CelError(
            f"the expression {self.text!r} {what}",
            remedy="ask 'has(self.status.field)' before a field that may be missing",
            place=self.place,
        )


def compile_expression(
    text: str, place: Place, *, gives: type[bool] | type[str] = bool, variables: Sequence[str] = ("self",)
) -> Expression:
    """Compile an expression about these variables, whose types are known only when it is evaluated.

    Args:
        gives: what it must give, as far as that can be told from the text.

    Raises:
        CelError: it is too long, does not parse, or gives something else.
    """
    if len(text) > MAX_TEXT:
        raise CelError(
            f"the expression has {len(text)} characters, and {MAX_TEXT} are the most",
            remedy="make it shorter, or more than one",
            place=place,
        )
    try:
        compiled = _environment(tuple(variables)).compile(text)
    except FAULTS as error:
        what = f"the expression {text!r} is not CEL: {_first_line(error)}"
        raise CelError(what, remedy="see docs/how-to/write-a-health-rule.md", place=place) from error
    types = _cel().Type
    wanted = types.BOOL if gives is bool else types.STRING
    if compiled.return_type() not in (wanted, types.DYN):
        found = compiled.return_type().name().lower()
        what = f"the expression {text!r} gives {found}, and {wanted.name().lower()} is needed"
        raise CelError(what, remedy="compare it with something, or turn it with string(...)", place=place)
    return Expression(text, place, compiled)


@cache
def _cel() -> Any:
    """The library, loaded for the first expression: it takes twelve megabytes."""
    from cel_expr_python import cel  # type: ignore[import-untyped]  # noqa: PLC0415 - its package has no py.typed

    return cel


@cache
def _environment(variables: tuple[str, ...]) -> Any:
    """Made once for each set of variables: it takes a tenth of a second."""
    from cel_expr_python.ext.ext_optional import ExtOptional  # type: ignore[import-untyped]  # noqa: PLC0415 - as above
    from cel_expr_python.ext.ext_strings import ExtStrings  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    types = dict.fromkeys(variables, _cel().Type.DYN)
    return _cel().NewEnv(variables=types, extensions=[ExtStrings(), ExtOptional()])


def _first_line(error: Exception) -> str:
    line = str(error).partition("\n")[0]
    return line.removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: ").removesuffix(" [INVALID_ARGUMENT]")


def _kind(value: object) -> str:
    return "null" if value is None else f"a {type(value).__name__}"
