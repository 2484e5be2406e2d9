"""CEL answers true or false, or refuses: nothing unclear ever counts as true."""

from typing import Any

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.objects.cel import MAX_TEXT, CelError, compile_expression

PLACE = Place("environments.yaml", 7, 5)
READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}], "replicas": 2, "text": "yes"}}


def evaluated(text: str, about: Any = READY) -> bool:
    return compile_expression(text, PLACE).boolean({"self": about})


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("self.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')", True),
        ("self.status.conditions.all(c, c.status == 'False')", False),
        ("has(self.status.phase) && self.status.phase == 'Running'", False),
        ("self.?status.?phase.orValue('Running') == 'Running'", True),
        ("self.status.text.upperAscii() == 'YES'", True),
        ("self.status.text.matches('^y.s$')", True),
    ],
)
def test_an_expression_is_true_or_false_of_an_object(text: str, answer: bool) -> None:
    assert evaluated(text) is answer


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("self.status.phase == 'Running'", id="a field is missing"),
        pytest.param("self.status.replicas", id="a number, from a field"),
        pytest.param("self.status.text", id="text, from a field"),
        pytest.param("self.status.replicas / 0 == 1", id="a division by zero"),
        pytest.param("self.status.replicas > 'a'", id="types that do not compare"),
        pytest.param("self.status.conditions[5].status == 'True'", id="an item that is not there"),
    ],
)
def test_what_gives_no_bool_is_refused_with_the_place(text: str) -> None:
    """The library gives an ERROR value that is truthy; here it never passes for true."""
    with pytest.raises(CelError) as refusal:
        evaluated(text)

    assert refusal.value.place == PLACE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("self.status &&", id="no end"),
        pytest.param("object.status == 1", id="an unknown variable"),
        pytest.param("nope(self)", id="an unknown function"),
        pytest.param("1 + 1", id="surely a number"),
        pytest.param("'true'", id="surely text"),
        pytest.param("optional.of(true)", id="surely an optional"),
        pytest.param("", id="nothing"),
        pytest.param("true" + " " * MAX_TEXT, id="too long"),
        pytest.param("(" * 500 + "true" + ")" * 500, id="too deep"),
    ],
)
def test_what_is_no_expression_is_refused_before_it_meets_an_object(text: str) -> None:
    with pytest.raises(CelError):
        compile_expression(text, PLACE)


def test_an_expression_that_loops_too_often_is_stopped() -> None:
    """A rule about a hostile object must not hold up the others."""
    hostile = {"status": {"listed": list(range(1000))}}
    text = "self.status.listed.all(a, self.status.listed.all(b, self.status.listed.all(c, a + b + c >= 0)))"

    with pytest.raises(CelError, match="budget"):
        evaluated(text, hostile)


def test_text_is_made_of_an_object_and_nothing_else_is_text() -> None:
    made = compile_expression("'%d replicas'.format([self.status.replicas])", PLACE, gives=str)
    number = compile_expression("self.status.replicas", PLACE, gives=str)

    assert made.string({"self": READY}) == "2 replicas"
    with pytest.raises(CelError, match="gives a int, not text"):
        number.string({"self": READY})


def test_an_expression_can_be_about_several_values() -> None:
    both = compile_expression("before.size < after.size", PLACE, variables=("before", "after"))

    assert both.boolean({"before": {"size": 1}, "after": {"size": 2}})
