"""What an environment needs, where the rules of thumb of the other tests do not reach."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.rbac import RBAC, SHOP, declared

from gitwarrant.cluster.power.needs import Naming, Served, needs
from gitwarrant.model.environment import Bounds, DriftMode, Environment, Grant
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest

PRODUCTION = Environment(
    name="production",
    ref="refs/heads/main",
    path=".",
    namespace=SHOP,
    auto_deploy=True,
    promotion_source="",
    policies=(),
    approval_required=False,
    approvers=(),
    bounds=Bounds(),
    drift=DriftMode.REPORT,
    place=Place("environments.yaml", 1),
)


def verbs(*manifests: Manifest, naming: Naming = Naming.EXACT, kinds: str = "*") -> set[str]:
    """Every power in words, but for what each environment needs."""
    grant = Grant("production", frozenset({SHOP}), frozenset(kinds.split()), frozenset())
    found = needs(PRODUCTION, grant, manifests, naming=naming, served=Served())
    return {str(item.power) for item in found}


def config(**annotations: str) -> Manifest:
    named = {f"gitwarrant.dev/{name}": value for name, value in annotations.items()}
    return declared("v1", "ConfigMap", "web", metadata={"annotations": named})


@pytest.mark.parametrize(
    ("kind", "annotations", "may"),
    [
        pytest.param("ConfigMap", {}, True, id="plain"),
        pytest.param("ConfigMap", {"gitwarrant.dev/protect": "true"}, False, id="protected"),
        pytest.param("PersistentVolumeClaim", {}, False, id="holds data"),
        pytest.param("PersistentVolumeClaim", {"gitwarrant.dev/delete": "allow"}, True, id="announced"),
    ],
)
def test_nobody_needs_to_delete_what_plan_would_not_let_go(
    kind: str, annotations: Mapping[str, str], may: bool
) -> None:
    item = declared("v1", kind, "web", metadata={"annotations": dict(annotations)})

    assert (f'delete {kind.lower()}s "web" in shop' in verbs(item)) is may


def test_only_an_aggregated_cluster_role_takes_escalate() -> None:
    rules: dict[str, Any] = {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    total = declared(RBAC, "ClusterRole", "sum", "", **rules)

    escalates = {power for power in verbs(total) if power.startswith("escalate")}

    assert escalates == {'escalate clusterroles.rbac.authorization.k8s.io "sum"'}


def test_a_granted_kind_needs_its_rules_before_there_is_an_object() -> None:
    found = verbs(naming=Naming.GRANT, kinds="Deployment.apps Secret")

    assert {"create deployments.apps in shop", "list pods in shop"} <= found
    assert not any("secrets" in power for power in found)


def test_all_kinds_granted_are_those_that_there_are() -> None:
    found = verbs(config(), naming=Naming.GRANT)

    assert "patch configmaps in shop" in found
    assert not any("deployments" in power for power in found)
