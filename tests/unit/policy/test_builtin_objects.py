"""The checks about Secrets, roles and bindings."""

import json
from typing import Any

import pytest
from tests.support.manifests import an_object, applies, found, violations

from gitwarrant.objects.fields import WrongShape
from gitwarrant.policy.builtin.cluster_admin_binding import ClusterAdminBinding
from gitwarrant.policy.builtin.plaintext_secret import PlaintextSecret
from gitwarrant.policy.builtin.wildcard_rbac import WildcardRbac

RBAC = "rbac.authorization.k8s.io/v1"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SOPS = "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]"


def secret(**fields: Any) -> dict[str, Any]:
    """A Secret."""
    return an_object("v1", "Secret", **fields)


def remembered(kind: str, copy: str) -> dict[str, Any]:
    """An object with a copy that kubectl left."""
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "web", "annotations": {LAST_APPLIED: copy}},
    }


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_readable_values_of_a_secret_are_found_but_never_repeated(field: str) -> None:
    """The message names the keys; the value stays out of logs."""
    [violation] = violations(PlaintextSecret(), secret(**{field: {"password": "hunter2", "empty": ""}}))

    assert (violation.pointer, violation.message) == ((field,), "readable values in a Secret: password")
    assert "hunter2" not in repr(violation)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(secret(), id="nothing in it"),
        pytest.param(secret(data={}, stringData=None), id="empty"),
        pytest.param(secret(type="kubernetes.io/service-account-token"), id="to be filled by the cluster"),
        pytest.param(secret(data={"token": ""}), id="a place to be filled"),
        pytest.param(secret(data={"password": SOPS}, sops={}), id="encrypted by SOPS"),
    ],
)
def test_a_secret_without_readable_values_passes(content: dict[str, Any]) -> None:
    """Nothing there that anybody could use."""
    assert violations(PlaintextSecret(), content) == []


def test_a_value_that_only_looks_encrypted_is_found() -> None:
    """The mark of SOPS around a readable value hides nothing."""
    assert found(PlaintextSecret(), secret(stringData={"a": "ENC[hunter2]"})) == [
        (("stringData",), "readable values in a Secret: a")
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            an_object("bitnami.com/v1alpha1", "SealedSecret", spec={"encryptedData": {"a": "AgBy"}}),
            id="SealedSecret",
        ),
        pytest.param(
            an_object("external-secrets.io/v1", "ExternalSecret", spec={"data": [{"secretKey": "a"}]}),
            id="ExternalSecret",
        ),
        pytest.param(an_object("example.com/v1", "Secret", data={"a": "b"}), id="another group's Secret"),
        pytest.param(an_object("v1", "ConfigMap", data={"a": "b"}), id="ConfigMap"),
    ],
)
def test_other_kinds_are_not_applicable(content: dict[str, Any]) -> None:
    """Not judged at all, and counted as such."""
    assert not applies(PlaintextSecret(), content)


def test_a_secret_wrapped_in_another_object_is_found() -> None:
    """As Template and Crossplane do."""
    content = an_object("template.openshift.io/v1", "Template", objects=[secret(data={"a": "aHVudGVy"})])

    assert found(PlaintextSecret(), content) == [(("objects", 0, "data"), "readable values in a Secret: a")]


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_values_in_the_copy_that_kubectl_leaves_are_found(kind: str) -> None:
    """The annotation says everything that the Secret once said."""
    content = remembered(kind, json.dumps(secret(data={"a": "aHVudGVy"})))

    assert found(PlaintextSecret(), content) == [
        (
            ("metadata", "annotations", LAST_APPLIED),
            "readable values in the copy that 'kubectl apply' left: a",
        )
    ]


@pytest.mark.parametrize("copy", ['{"kind": "Secret", ', '["Secret"]'], ids=["no JSON", "no object"])
def test_a_copy_that_cannot_be_read_is_not_judged(copy: str) -> None:
    """It speaks of a Secret; nobody knows what it carries."""
    with pytest.raises(WrongShape, match="so nobody knows what it carries"):
        violations(PlaintextSecret(), remembered("Secret", copy))


def role(**rule: Any) -> dict[str, Any]:
    """A ClusterRole of one rule."""
    return an_object(RBAC, "ClusterRole", rules=[rule])


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        pytest.param(role(verbs=["get", "*"]), [("verbs", 1)], id="verbs"),
        pytest.param(role(resources=["*"]), [("resources", 0)], id="resources"),
        pytest.param(role(resources=["*/scale"]), [("resources", 0)], id="a subresource of everything"),
        pytest.param(role(apiGroups=["*"]), [("apiGroups", 0)], id="groups"),
        pytest.param(role(nonResourceURLs=["/*"]), [("nonResourceURLs", 0)], id="every URL"),
        pytest.param(
            role(apiGroups=["*"], resources=["*"], verbs=["*"]),
            [("apiGroups", 0), ("resources", 0), ("verbs", 0)],
            id="everything",
        ),
        pytest.param(role(resources=["pods/*"], verbs=["get"]), [], id="a pattern that RBAC does not know"),
        pytest.param(role(nonResourceURLs=["/healthz/*"]), [], id="the URLs below one"),
        pytest.param(role(resourceNames=["*"]), [], id="a name is no pattern"),
        pytest.param(an_object(RBAC, "Role", rules=None), [], id="no rules"),
    ],
)
def test_wildcards_are_found_where_the_api_server_reads_them(
    content: dict[str, Any], pointers: list[tuple[str | int, ...]]
) -> None:
    """Every one at its own place."""
    assert [pointer for pointer, _ in found(WildcardRbac(), content)] == [
        ("rules", 0, *pointer) for pointer in pointers
    ]


@pytest.mark.parametrize(
    ("selector", "is_found"),
    [
        pytest.param({}, True, id="an empty selector takes everything"),
        pytest.param(
            {"matchLabels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}, True, id="by its label"
        ),
        pytest.param(
            {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]},
            True,
            id="all without a label",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["web"]}]},
            True,
            id="all but some",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "kubernetes.io/bootstrapping", "operator": "Exists"}]},
            True,
            id="all that Kubernetes brings",
        ),
        pytest.param({"matchLabels": {"team": "web"}}, False, id="a label of its own"),
        pytest.param(
            {"matchExpressions": [{"key": "team", "operator": "In", "values": ["web"]}]},
            False,
            id="one of some",
        ),
    ],
)
def test_an_aggregation_that_takes_in_cluster_admin_is_found(
    selector: dict[str, Any], is_found: bool
) -> None:
    """Its rules are wildcards although none is written."""
    content = an_object(RBAC, "ClusterRole", aggregationRule={"clusterRoleSelectors": [selector]})

    pointers = [pointer for pointer, _ in found(WildcardRbac(), content)]

    assert pointers == ([("aggregationRule", "clusterRoleSelectors", 0)] if is_found else [])


def binding(kind: str, role: str, role_kind: str = "ClusterRole", *groups: str) -> dict[str, Any]:
    """A binding of a role to groups."""
    return an_object(
        RBAC,
        kind,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role},
        subjects=[{"kind": "Group", "name": name} for name in groups],
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            binding("ClusterRoleBinding", "cluster-admin"),
            [(("roleRef", "name"), "cluster-admin is bound: the whole cluster is given away")],
            id="in the whole cluster",
        ),
        pytest.param(
            binding("RoleBinding", "cluster-admin"),
            [(("roleRef", "name"), "cluster-admin is bound: everything in its namespace is given away")],
            id="in a namespace",
        ),
        pytest.param(
            binding("RoleBinding", "view", "ClusterRole", "web", "system:masters"),
            [
                (
                    ("subjects", 1, "name"),
                    "the group system:masters is bound: the API server never asks RBAC about it",
                )
            ],
            id="the group that is never asked about",
        ),
        pytest.param(binding("RoleBinding", "cluster-admin", "Role"), [], id="a Role that only has the name"),
        pytest.param(binding("ClusterRoleBinding", "view", "ClusterRole", "web"), [], id="another role"),
    ],
)
def test_a_binding_that_gives_everything_away_is_found(
    content: dict[str, Any], expected: list[tuple[tuple[str | int, ...], str]]
) -> None:
    """By the role it names or the group it feeds."""
    assert found(ClusterAdminBinding(), content) == expected


def test_roles_and_bindings_wrapped_in_another_object_are_found() -> None:
    """Wrapping hides them no more than it hides Pods."""
    objects = [role(verbs=["*"]), binding("ClusterRoleBinding", "cluster-admin")]
    content = an_object("template.openshift.io/v1", "Template", objects=objects)

    assert [pointer for pointer, _ in found(WildcardRbac(), content)] == [
        ("objects", 0, "rules", 0, "verbs", 0)
    ]
    assert [pointer for pointer, _ in found(ClusterAdminBinding(), content)] == [
        ("objects", 1, "roleRef", "name")
    ]
