"""Any text is an expression or refused, and any expression gives a clear answer or is refused."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitwarrant.model.errors import Place
from gitwarrant.objects.cel import CelError, compile_expression

PLACE = Place("environments.yaml", 1)
ATOMS = st.sampled_from(
    [
        "self",
        "self.a",
        "self.?a",
        "self['b']",
        "self[0]",
        "x",
        "1",
        "1.5",
        "'text'",
        "true",
        "null",
        "[]",
        "{}",
    ]
)
SHAPES = (
    *(
        "({0} == {1})",
        "({0} && {1})",
        "!{0}",
        "({0} + {1})",
        "({0} < {1})",
        "({0} in {1})",
        "({0} ? {1} : {0})",
    ),
    *(
        "{0}.all(x, {1})",
        "{0}.exists(x, {1})",
        "{0}.map(x, {1})",
        "{0}.filter(x, {1})",
        "[{0}, {1}]",
        "{0}[{1}]",
    ),
    *("has(self.a.{0})", "size({0})", "string({0})", "{0}.orValue({1})", "{0}.join({1})", "{0}.matches({1})"),
    *("{0}.replace({1}, {0})", "'%s'.format([{0}])", "timestamp({0})", "optional.of({0})", "dyn({0}) / {1}"),
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.builds(str.format, st.sampled_from(SHAPES), inner, inner),
    max_leaves=8,
)
WRITTEN = EXPRESSIONS | st.text(max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcx"), inner, max_size=3),
    max_leaves=8,
)


@given(WRITTEN, VALUES)
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_expression_is_true_or_false_or_refused(written: str, value: Any) -> None:
    try:
        answer = compile_expression(written, PLACE).boolean({"self": value})
    except CelError:
        return
    assert answer is True or answer is False
