"""Fields are read in the type that Kubernetes gives them; absent and null are the same; else refused."""

from collections.abc import Callable
from typing import Any

import pytest

from gitwarrant.objects import fields
from gitwarrant.objects.fields import WrongShape, spell


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        pytest.param(fields.mapping, {"a": 1}, {"a": 1}, id="mapping"),
        pytest.param(fields.mapping, None, {}, id="no mapping"),
        pytest.param(fields.sequence, [1], [1], id="list"),
        pytest.param(fields.sequence, None, [], id="no list"),
        pytest.param(fields.texts, ["a"], ["a"], id="texts"),
        pytest.param(fields.text, "a", "a", id="text"),
        pytest.param(fields.text, None, "", id="no text"),
        pytest.param(fields.flag, True, True, id="true"),
        pytest.param(fields.flag, None, None, id="neither true nor false"),
        pytest.param(fields.number, 7, 7, id="number"),
        pytest.param(fields.number, None, None, id="no number"),
    ],
)
def test_a_field_of_its_type_is_given(read: Callable[..., Any], value: Any, expected: Any) -> None:
    """And null is as good as absent, as for the API server."""
    assert read({"field": value}, "field", ("spec",)) == expected
    if value is None:
        assert read({}, "field", ("spec",)) == expected


@pytest.mark.parametrize(
    ("read", "value", "what"),
    [
        pytest.param(fields.mapping, [], "spec.field should be a mapping, but is a list", id="mapping"),
        pytest.param(fields.sequence, {}, "spec.field should be a list, but is a mapping", id="list"),
        pytest.param(fields.texts, ["a", 1], "spec.field[1] should be text, but is a number", id="texts"),
        pytest.param(fields.text, True, "spec.field should be text, but is true or false", id="text"),
        pytest.param(fields.flag, "true", "spec.field should be true or false, but is text", id="flag"),
        pytest.param(
            fields.flag, 1, "spec.field should be true or false, but is a number", id="flag as number"
        ),
        pytest.param(fields.number, 0.0, "spec.field should be a whole number, but is 0.0", id="number"),
        pytest.param(
            fields.number, True, "spec.field should be a whole number, but is True", id="true as number"
        ),
    ],
)
def test_a_field_of_another_type_is_refused(read: Callable[..., Any], value: Any, what: str) -> None:
    """With the field's name, what it should be and what it is."""
    with pytest.raises(WrongShape) as error:
        read({"field": value}, "field", ("spec",))

    assert error.value.what == what


def test_a_list_of_mappings_gives_each_with_its_way() -> None:
    """The way starts at the object's top."""
    found = list(fields.mappings({"items": [{"a": 1}, {}]}, "items", ("spec",)))

    assert found == [(("spec", "items", 0), {"a": 1}), (("spec", "items", 1), {})]


@pytest.mark.parametrize(
    ("pointer", "spelled"),
    [
        pytest.param(("spec", "containers", 0, "image"), "spec.containers[0].image", id="usual"),
        pytest.param(("metadata", "annotations", "a.b/c"), "metadata.annotations['a.b/c']", id="quoted"),
        pytest.param((), "the object", id="top"),
    ],
)
def test_a_pointer_is_spelled_as_people_write_it(pointer: tuple[str | int, ...], spelled: str) -> None:
    """Names that would be read otherwise are quoted."""
    assert spell(pointer) == spelled
