"""Which kinds live in a namespace."""

import pytest

from gitwarrant.objects.scope import BUILTIN, Scope, defined_scopes, scope


@pytest.mark.parametrize(
    ("group", "kind", "expected"),
    [
        ("", "Pod", Scope.NAMESPACE),
        ("", "Namespace", Scope.CLUSTER),
        ("apps", "Deployment", Scope.NAMESPACE),
        ("rbac.authorization.k8s.io", "ClusterRole", Scope.CLUSTER),
        ("extensions", "Ingress", Scope.NAMESPACE),
        ("apps", "Pod", None),
        ("example.com", "Widget", None),
    ],
)
def test_a_builtin_kind_has_a_scope(group: str, kind: str, expected: Scope | None) -> None:
    """A kind in a group it does not belong to has none."""
    assert scope(group, kind) is expected


def test_no_kind_is_in_both_tables() -> None:
    """65 kinds and more, each once."""
    assert len(BUILTIN) > 65


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"group": "a.b", "scope": "Namespaced", "names": {"kind": "X"}}, {("a.b", "X"): Scope.NAMESPACE}),
        ({"group": "a.b", "scope": "Cluster", "names": {"kind": "X"}}, {("a.b", "X"): Scope.CLUSTER}),
        ({"group": "a.b", "scope": "Universe", "names": {"kind": "X"}}, {}),
        ({"group": ["a"], "scope": "Cluster", "names": {"kind": "X"}}, {}),
        ({"names": "X"}, {}),
        (None, {}),
    ],
)
def test_a_definition_gives_a_scope_or_nothing(spec: object, found: dict[tuple[str, str], Scope]) -> None:
    """One that makes no sense defines nothing; the server says why."""
    definition = {"kind": "CustomResourceDefinition", "spec": spec}

    assert defined_scopes([definition, {"kind": "Pod", "spec": spec}]) == found
