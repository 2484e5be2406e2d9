"""Drift judged on plain objects: attribution, exemptions, and patches that lead back."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.cluster.attribution import writers
from gitwarrant.cluster.drift import Terms, judge
from gitwarrant.model.live import Drift, DriftKind, Writer
from gitwarrant.model.manifest import Json, ObjectKey, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import compare, undo

KEY = ObjectKey("apps", "Deployment", "shop", "web")
CONTROLLER = "kube-controller-manager"
REVISION = "deployment.kubernetes.io/revision"


def deployment(**metadata: Any) -> dict[str, Any]:
    named = {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "7", **metadata}
    return {"metadata": named, "spec": {"replicas": 1}, "status": {"replicas": 1}}


def fields(manager: str, tree: Json, *, subresource: str = "") -> dict[str, Json]:
    return {"manager": manager, "operation": "Update", "subresource": subresource, "fieldsV1": tree}


TRUTH = {
    "metadata": {"name": "web", "namespace": "shop", "annotations": {}, "labels": {}},
    "spec": {"replicas": 1},
}


def judged(live: Json, *, uid: str = "u1", autoscaled: bool = False) -> Drift | None:
    return judge(Terms(KEY, uid, TRUTH, TRUTH, autoscaled=autoscaled), live).drift


def test_bookkeeping_is_no_drift() -> None:
    live = deployment(generation=4, managedFields=[{}], creationTimestamp="2026-11-21T00:00:00Z")

    assert judged(live) is None


def test_missing_and_recreated_are_told_apart() -> None:
    missing = judged(None)
    recreated = judged(deployment(), uid="u0")

    assert missing == Drift(KEY, DriftKind.MISSING, (), ())
    assert recreated == Drift(KEY, DriftKind.RECREATED, (), ())


@pytest.mark.parametrize(
    ("manager", "value", "exempt"),
    [
        pytest.param(CONTROLLER, "3", True, id="the controller counted"),
        pytest.param("kubectl-edit", "3", False, id="somebody wrote it"),
        pytest.param("", "3", False, id="nobody is named: emptied managedFields excuse nothing"),
    ],
)
def test_the_revision_annotation_is_exempt_only_from_its_controller(
    manager: str, value: str, exempt: bool
) -> None:
    tree: Json = {"f:metadata": {"f:annotations": {f"f:{REVISION}": {}}}}
    managed = [fields(manager, tree, subresource="status")] if manager else []
    live = deployment(annotations={REVISION: value}, managedFields=managed)

    drift = judged(live)

    assert (drift is None) is exempt


@pytest.mark.parametrize(
    ("manager", "subresource", "autoscaled", "exempt"),
    [
        pytest.param(CONTROLLER, "scale", True, True, id="a warranted autoscaler"),
        pytest.param(CONTROLLER, "scale", False, False, id="no autoscaler of ours"),
        pytest.param(CONTROLLER, "", True, False, id="not through scale"),
        pytest.param("kubectl-edit", "", True, False, id="by hand"),
    ],
)
def test_replicas_are_exempt_only_for_a_warranted_autoscaler(
    manager: str, subresource: str, autoscaled: bool, exempt: bool
) -> None:
    tree: Json = {"f:spec": {"f:replicas": {}}}
    live = deployment(managedFields=[fields(manager, tree, subresource=subresource)])
    live["spec"] = {"replicas": 5}

    drift = judged(live, autoscaled=autoscaled)

    assert (drift is None) is exempt


def test_a_field_beside_an_exempt_one_is_still_seen() -> None:
    """An exemption covers one field, not the object."""
    tree: Json = {"f:metadata": {"f:annotations": {f"f:{REVISION}": {}, "f:evil": {}}}}
    annotations = {REVISION: "1", "evil": "yes"}
    live = deployment(annotations=annotations, managedFields=[fields(CONTROLLER, tree, subresource="status")])

    drift = judged(live)

    assert drift is not None
    assert drift.differences == (FieldDifference(("metadata", "annotations", "evil"), (), ("yes",)),)
    assert drift.managers == (CONTROLLER,)


def items(*names: str) -> list[Json]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("earlier", "today", "live", "drifted"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, {"a": 1}, False, id="a new default that it has not"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 1}, False, id="another default than it has"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 3}, True, id="a value of neither"),
        pytest.param({}, {"m": {"a": 1}}, {}, False, id="a whole mapping that is new"),
        pytest.param(
            {"m": {"a": 1}}, {}, {"m": {"a": 1, "b": 2}}, True, id="a field smuggled into an old mapping"
        ),
        pytest.param(
            {"l": items("y", "x", "z")},
            {"l": items("x", "y", "z")},
            {"l": items("x", "z")},
            True,
            id="an item removed, whatever its place was",
        ),
    ],
)
def test_what_it_was_deployed_as_is_no_drift_after_an_upgrade(
    earlier: Json, today: Json, live: Json, drifted: bool
) -> None:
    first, truth = ({**TRUTH, "spec": spec} for spec in (earlier, today))
    terms = Terms(KEY, "u1", truth, truth, earlier=first)

    assert (judge(terms, {**deployment(), "spec": live}).drift is not None) is drifted


def test_the_values_of_a_secret_are_not_explained_either() -> None:
    key = ObjectKey("", "Secret", "shop", "db")
    metadata = {"name": "db", "annotations": {}, "labels": {}}
    truth = {"metadata": metadata, "data": {"password": "b3Vycw=="}}

    found = judge(
        Terms(key, "u1", truth, truth), {"metadata": {**metadata, "uid": "u1"}, "data": {"password": "eA=="}}
    )

    [field] = found.fields
    assert field.difference == FieldDifference(("data", "password"), ("(hidden)",), ("(hidden)",))
    assert found.differences[0].after == ("eA==",)


LIVE = {
    "spec": {
        "containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}],
        "args": ["1"],
        "finalizers": ["f"],
    }
}


@pytest.mark.parametrize(
    ("tree", "pointer", "owned"),
    [
        pytest.param({"f:spec": {"f:args": {}}}, ("spec", "args", 0), True, id="an atomic list as a whole"),
        pytest.param(
            {"f:spec": {"f:containers": {'k:{"name":"b"}': {"f:image": {}}}}},
            ("spec", "containers", 1, "image"),
            True,
            id="by key",
        ),
        pytest.param(
            {"f:spec": {"f:containers": {'k:{"name":"b"}': {"f:image": {}}}}},
            ("spec", "containers", 0, "image"),
            False,
            id="another key",
        ),
        pytest.param(
            {"f:spec": {"f:finalizers": {'v:"f"': {}}}}, ("spec", "finalizers", 0), True, id="a set by value"
        ),
        pytest.param({"f:spec": {}}, ("spec", "args"), True, id="a whole map"),
        pytest.param({"f:other": {}}, ("spec",), False, id="something else"),
        pytest.param("no tree", ("spec",), False, id="not a tree"),
        pytest.param(
            {"f:spec": {"f:containers": {"k:{": {}}}}, ("spec", "containers", 0), False, id="a broken key"
        ),
    ],
)
def test_an_owner_is_found_by_its_fields(tree: Json, pointer: Pointer, owned: bool) -> None:
    live = {**LIVE, "metadata": {"managedFields": [fields("m", tree)]}}

    assert writers(live, pointer) == (frozenset({Writer("m", "Update", "", "")}) if owned else frozenset())


NAMES = st.sampled_from(["a", "b", "c/d", "e~f"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["x", "y"]))
ITEMS = st.lists(
    st.fixed_dictionaries({"name": NAMES}, optional={"value": SCALARS}),
    max_size=4,
    unique_by=lambda i: i["name"],
)
DOCUMENTS = st.recursive(
    SCALARS | ITEMS,
    lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, DOCUMENTS, max_size=3)


@settings(max_examples=150, deadline=None)
@given(OBJECTS, OBJECTS)
def test_undoing_the_differences_leads_back(before: Json, after: Json) -> None:
    """Every difference is seen: patching it away gives exactly what was before."""
    found = tuple(compare(before, after))

    assert list(compare(before, patched(after, undo(found)))) == []


def patched(document: Json, operations: list[dict[str, Json]]) -> Json:
    """Apply a JSON patch as RFC 6902 says: add, remove and replace."""
    document = copy.deepcopy(document)
    for operation in operations:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        parent = document
        for part in way:
            parent = parent[int(part)] if isinstance(parent, list) else parent[part]
        change(parent, int(last) if isinstance(parent, list) else last, operation)
    return document


def change(parent: Json, at: Json, operation: dict[str, Json]) -> None:
    match operation["op"]:
        case "remove":
            del parent[at]
        case "replace":
            parent[at] = operation["value"]
        case "add" if isinstance(parent, list):
            assert at <= len(parent)
            parent.insert(at, operation["value"])
        case "add":
            parent[at] = operation["value"]
