"""Comparing two states of an object, and the patch back."""

import copy
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitwarrant.model.manifest import Json
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import HIDDEN, bare, compare, hide_secrets, path, restored, undo


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        pytest.param({"a": 1}, {"a": 1}, (), id="equal"),
        pytest.param({"a": 1}, {"a": True}, (FieldDifference(("a",), (1,), (True,)),), id="one is not true"),
        pytest.param(
            {"a": [1]}, {"a": [True]}, (FieldDifference(("a",), ([1],), ([True],)),), id="nor in a list"
        ),
        pytest.param({"a": None}, {}, (FieldDifference(("a",), (None,), ()),), id="null is not absent"),
        pytest.param({"a": {}}, {"a": []}, (FieldDifference(("a",), ({},), ([],)),), id="another type"),
        pytest.param(
            [{"name": "a", "v": 1}, {"name": "b"}],
            [{"name": "a", "v": 2}, {"name": "c"}],
            (
                FieldDifference((0, "v"), (1,), (2,)),
                FieldDifference((1,), (), ({"name": "c"},)),
                FieldDifference((1,), ({"name": "b"},), ()),
            ),
            id="items by name",
        ),
        pytest.param(
            [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}],
            [{"containerPort": 53, "protocol": "UDP", "name": "x"}, {"containerPort": 53, "protocol": "TCP"}],
            (FieldDifference((0, "name"), (), ("x",)),),
            id="items by port and protocol",
        ),
        pytest.param(
            [{"name": "a"}, {"name": "b"}],
            [{"name": "b"}, {"name": "a"}],
            (FieldDifference((), ([{"name": "a"}, {"name": "b"}],), ([{"name": "b"}, {"name": "a"}],)),),
            id="another order",
        ),
        pytest.param(
            ["a"], ["a", "b"], (FieldDifference((), (["a"],), (["a", "b"],)),), id="a list without identity"
        ),
    ],
)
def test_every_difference_is_found(
    before: Json, after: Json, differences: tuple[FieldDifference, ...]
) -> None:
    """And nothing else."""
    assert tuple(compare(before, after)) == differences


def items(**optional: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    """Lists of named items."""
    return st.lists(st.fixed_dictionaries({"name": st.sampled_from("abcd")}, optional=optional), max_size=3)


ITEMS = items(v=st.integers(0, 1), env=items(v=st.integers(0, 1)))
SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "b/~c"])
VALUES = st.recursive(
    SCALARS | ITEMS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c/~"]), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "spec"]), VALUES, max_size=3)


@settings(max_examples=300)
@given(OBJECTS, OBJECTS)
@example({"a": [{"name": "c", "v": 1}]}, {"a": [{"name": "x"}, {"name": "c"}]})
@example({"a": [{"name": "c", "env": [{"name": "a"}]}]}, {"a": [{"name": "x"}, {"name": "c", "env": []}]})
def test_undoing_the_differences_gives_back_what_was(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The patch applied in order leads from `after` to exactly `before`: nothing was missed."""
    differences = list(compare(before, after))

    assert repr(_patched(after, undo(differences))) == repr(_ordered(before))
    assert repr(_ordered(restored(after, differences))) == repr(_ordered(before))


def test_restoring_changes_neither_state() -> None:
    """The result may hold parts of `before`, whose owner goes on using it."""
    before: dict[str, Any] = {"a": [{"name": "c", "env": [{"name": "x"}]}, {"name": "d"}]}
    after: dict[str, Any] = {"a": [{"name": "d", "v": 1}, {"name": "e"}]}
    kept = copy.deepcopy((before, after))

    restored(after, tuple(compare(before, after)))

    assert (before, after) == kept


def _patched(value: Json, operations: list[dict[str, Json]]) -> Json:
    """Apply a JSON patch of the three operations (RFC 6902)."""
    top = {"": copy.deepcopy(value)}
    for operation in operations:
        target: Any = top
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")]
        for step in parents:
            target = target[int(step)] if isinstance(target, list) else target[step]
        place: Any = int(last) if isinstance(target, list) else last
        if operation["op"] == "remove":
            del target[place]
        elif operation["op"] == "add" and isinstance(target, list):
            target.insert(place, operation["value"])
        else:
            target[place] = operation["value"]
    return _ordered(top[""])


def _ordered(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def test_a_secret_is_compared_without_being_shown() -> None:
    """Values and kubectl's copy of the whole Secret are hidden; other kinds are untouched."""
    annotations = ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
    differences = (
        FieldDifference(("data", "a"), ("b",), ()),
        FieldDifference(annotations, ("{...}",), ("{,,,}",)),
        FieldDifference(("type",), ("x",), ("y",)),
    )

    assert hide_secrets(differences, "Secret") == (
        FieldDifference(("data", "a"), (HIDDEN,), ()),
        FieldDifference(annotations, (HIDDEN,), (HIDDEN,)),
        FieldDifference(("type",), ("x",), ("y",)),
    )
    assert hide_secrets(differences, "ConfigMap") == differences


def test_what_the_server_keeps_is_left_out() -> None:
    """Status and server metadata; labels and annotations are always there to compare by name."""
    live = {
        "metadata": {"name": "a", "uid": "1", "managedFields": [], "labels": None},
        "status": {"x": 1},
        "data": {},
    }

    assert bare(live) == {"metadata": {"name": "a", "labels": {}, "annotations": {}}, "data": {}}


def test_pointers_are_written_as_rfc_6901() -> None:
    """Slashes and tildes are escaped."""
    assert path(("metadata", "annotations", "a.b/c~d", 0)) == "/metadata/annotations/a.b~1c~0d/0"
