"""What a manager declared, read back from managedFields, and the union of what two declared."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitwarrant.cluster.adoption import earlier, given_up, takes_over, transfer
from gitwarrant.cluster.fieldsets import declared, extract, last_applied, union
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.plan import FieldDifference

PORT = {"containerPort": 80, "protocol": "TCP", "name": "http"}
CONTAINER = {"name": "web", "image": "web:1", "ports": [PORT], "args": ["--port", "80"]}

EXTRACTED: list[Any] = [
    pytest.param({"f:a": {}}, {"a": 1, "b": 2}, {"a": 1}, id="one field"),
    pytest.param({"f:a": {}}, {"a": {"x": 1}}, {"a": {"x": 1}}, id="a field as a whole"),
    pytest.param({"f:a": {".": {}}}, {"a": {"x": 1}}, {"a": {}}, id="that a map is there, and nothing in it"),
    pytest.param({"f:gone": {}}, {"a": 1}, {}, id="a field that is gone"),
    pytest.param(
        {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}}},
        [CONTAINER, {"name": "sidecar"}],
        [{"name": "web", "image": "web:1"}],
        id="an item by its key",
    ),
    pytest.param(
        {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
        [PORT],
        [{"containerPort": 80}],
        id="a key that was defaulted was not declared",
    ),
    pytest.param({'k:{"name":"web"}': {".": {}}}, [CONTAINER], [{"name": "web"}], id="that an item is there"),
    pytest.param({'v:"b"': {}}, ["a", "b"], ["b"], id="a value of a set"),
]


@pytest.mark.parametrize(("fields", "value", "wanted"), EXTRACTED)
def test_what_a_set_names_is_taken_from_the_live_value(fields: Any, value: Any, wanted: Any) -> None:
    assert extract(fields, value) == wanted


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        pytest.param({"f:a": {}}, {"f:b": {}}, {"f:a": {}, "f:b": {}}, id="apart"),
        pytest.param(
            {"f:a": {"f:x": {}}}, {"f:a": {"f:y": {}}}, {"f:a": {"f:x": {}, "f:y": {}}}, id="inside"
        ),
        pytest.param({"f:a": {}}, {"f:a": {"f:y": {}}}, {"f:a": {".": {}, "f:y": {}}}, id="whole and part"),
        pytest.param({"f:a": {}}, {"f:a": {}}, {"f:a": {}}, id="the same"),
    ],
)
def test_a_union_holds_the_fields_of_both(one: Any, other: Any, wanted: Any) -> None:
    assert (union(one, other), union(other, one)) == (wanted, wanted)


NAMES = st.sampled_from(["f:a", "f:b", 'k:{"n":1}'])


def of_fields(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Sets of fields; `.` never holds anything."""
    itself: st.SearchStrategy[Any] = st.sampled_from([{}, {".": {}}])
    return st.builds(lambda one, other: {**one, **other}, itself, st.dictionaries(NAMES, inner, max_size=3))


SETS: st.SearchStrategy[Any] = st.recursive(st.just({}), of_fields)


@given(SETS, SETS, SETS)
def test_a_union_does_not_ask_who_came_first(one: Any, other: Any, third: Any) -> None:
    assert union(one, other) == union(other, one)
    assert union(union(one, other), third) == union(one, union(other, third))
    assert union(one, one) == one


def live(*entries: tuple[str, str, dict[str, Any]], **annotations: str) -> dict[str, Any]:
    fields = [
        {
            "manager": manager,
            "operation": operation,
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": owned,
        }
        for manager, operation, owned in entries
    ]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "settings",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "7",
            "managedFields": fields,
            **({"annotations": annotations} if annotations else {}),
        },
        "data": {"level": "info", "colour": "blue"},
    }


Entry = tuple[str, str, dict[str, Any]]

FLUX: Entry = ("kustomize-controller", "Apply", {"f:data": {"f:level": {}}})
EDITED: Entry = ("kubectl-edit", "Update", {"f:data": {"f:colour": {}}})


def test_a_manifest_is_read_back_from_what_its_manager_owns() -> None:
    """The name is there though managedFields never speak of it; what others wrote is not."""
    found = declared(live(FLUX, EDITED), frozenset({"kustomize-controller"}))

    assert found == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop"},
        "data": {"level": "info"},
    }


def test_who_owns_nothing_declared_nothing() -> None:
    assert declared(live(EDITED), frozenset({"kustomize-controller"})) is None


def test_the_status_is_no_declaration() -> None:
    """Controllers write it, through its own subresource or not."""
    seen = live(FLUX)
    seen["metadata"]["managedFields"][0]["subresource"] = "status"

    assert declared(seen, frozenset({"kustomize-controller"})) is None


def test_a_transfer_moves_the_fields_of_the_named_tools_alone() -> None:
    """Bound to the object as it was read; a manager that was not named keeps what it has."""
    other: Entry = ("hpa", "Update", {"f:data": {"f:size": {}}})
    seen = live(FLUX, EDITED, other)

    managers = earlier([Adoptable.FLUX, Adoptable.KUBECTL])
    test, version, moved = transfer(seen, managers)

    assert (test["value"], version["value"], version["op"]) == ("u1", "7", "replace")
    assert [(entry["manager"], entry["operation"], entry["fieldsV1"]) for entry in moved["value"]] == [
        other,
        ("gitwarrant", "Apply", {"f:data": {"f:level": {}, "f:colour": {}}}),
    ]


def test_only_what_a_named_tool_declared_can_be_taken_over() -> None:
    seen = live(FLUX, EDITED)

    assert takes_over(seen, earlier([Adoptable.FLUX])) == ("kustomize-controller",)
    assert takes_over(seen, earlier([Adoptable.HELM])) == ()
    assert takes_over(seen, frozenset()) == ()


def test_what_the_earlier_tool_declared_and_we_do_not_is_named() -> None:
    wanted = {**live(FLUX), "data": {"colour": "blue"}}

    assert given_up(live(FLUX), wanted, earlier([Adoptable.FLUX])) == (
        FieldDifference(("data", "level"), ("info",), ()),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param('{"kind": "ConfigMap"}', {"kind": "ConfigMap"}, id="a manifest"),
        pytest.param("[]", None, id="no object"),
        pytest.param("{", None, id="no JSON"),
        pytest.param("[" * 100_000, None, id="too deep"),
    ],
)
def test_kubectls_annotation_is_read_where_it_can_be(text: str, found: Any) -> None:
    annotated = live()
    annotated["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": text}

    assert last_applied(annotated) == found
