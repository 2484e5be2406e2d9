"""cluster-admin-binding: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, said

RULE = "cluster-admin-binding"
CLUSTER = "cluster-admin is bound: the whole cluster is given away"
NAMESPACE = "cluster-admin is bound: everything in its namespace is given away"
MASTERS = "the group system:masters is bound: the API server never asks RBAC about it"


@pytest.mark.parametrize(
    ("kind", "role", "subject", "expected"),
    [
        pytest.param(
            "ClusterRoleBinding",
            "ClusterRole, name: cluster-admin",
            "User, name: ada",
            [f"4 {CLUSTER}"],
            id="violating",
        ),
        pytest.param(
            "RoleBinding",
            "ClusterRole, name: cluster-admin",
            "User, name: ada",
            [f"4 {NAMESPACE}"],
            id="evading: for one namespace",
        ),
        pytest.param("RoleBinding", "ClusterRole, name: view", "User, name: ada", [], id="clean"),
        pytest.param(
            "RoleBinding",
            "Role, name: cluster-admin",
            "User, name: ada",
            [],
            id="clean: a Role that is only called so",
        ),
        pytest.param(
            "RoleBinding",
            "ClusterRole, name: view",
            "Group, name: 'system:masters'",
            [f"5 {MASTERS}"],
            id="evading: a group that RBAC is not asked about",
        ),
        pytest.param(
            "RoleBinding",
            "ClusterRole, name: view",
            "User, name: 'system:masters'",
            [],
            id="clean: a user of that name has no power",
        ),
    ],
)
def test_cluster_admin_binding(kind: str, role: str, subject: str, expected: list[str]) -> None:
    """All findings of one binding."""
    text = (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: x}}\n"
        f"roleRef: {{kind: {role}}}\nsubjects: [{{kind: {subject}}}]"
    )

    assert said(text, RULE) == expected


def test_a_binding_wrapped_in_a_custom_kind_is_found() -> None:
    """Evading: an operator would unwrap it."""
    text = (
        "apiVersion: example.com/v1\nkind: Wrapper\nmetadata: {name: x}\nspec:\n"
        "  - apiVersion: rbac.authorization.k8s.io/v1\n    kind: ClusterRoleBinding\n"
        "    roleRef: {name: cluster-admin}"
    )

    assert said(text, RULE) == [f"7 {CLUSTER}"]


def test_a_binding_whose_role_cannot_be_read_is_not_judged() -> None:
    """Text where a mapping belongs."""
    api = "apiVersion: rbac.authorization.k8s.io/v1"
    text = f"{api}\nkind: RoleBinding\nmetadata: {{name: x}}\nroleRef: cluster-admin"

    assert [one.reason for one in judged(text, RULE).unjudged] == ["roleRef should be a mapping, but is text"]
