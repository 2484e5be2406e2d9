"""Attacks that reach for more than an environment may touch. Each is stopped by the plan stage."""

from dataclasses import replace

import pytest

from gitwarrant.model.change import BlobId, CommitId, File, Tree, TreeId
from gitwarrant.model.environment import Bounds, DriftMode, Environment, Grant, Tenant
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.plan import Action
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.plan.plan import plan
from gitwarrant.render.render import render

PLACE = Place(".gitwarrant/environments.yaml", 3, 5)
ENVIRONMENT = Environment(
    "production",
    "refs/heads/main",
    "env",
    "shop",
    True,
    "",
    (),
    False,
    (),
    Bounds(3, 1),
    DriftMode.REPORT,
    PLACE,
)
DEFINITION = "CustomResourceDefinition.apiextensions.k8s.io"
GRANT = Grant("production", frozenset({"shop"}), frozenset({"*"}), frozenset({"Namespace"}))
OUT_OF_REACH = "gitwarrant's own namespace gitwarrant-system is out of reach of every environment"
WIDE = replace(GRANT, namespaces=frozenset({"shop", "gitwarrant-system"}))


def rendering(*manifests: str) -> Rendered:
    """Manifests written as `kind name [namespace]`."""
    data = ""
    for manifest in manifests:
        kind, name, *namespace = manifest.split()
        kind, _, group = kind.partition(".")
        metadata = f"{{name: {name}, namespace: {namespace[0]}}}" if namespace else f"{{name: {name}}}"
        version = f"{group}/v1" if group else "v1"
        data += f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {metadata}\n"
    files = (File("env/a.yaml", 0o100644, BlobId(""), data.encode()),)
    return render(
        Tree.of(CommitId("c" * 40), TreeId("d" * 40), "env", files),
        namespace="shop",
        custom_kinds=frozenset(),
    )


@pytest.mark.parametrize(
    ("manifest", "grant", "what"),
    [
        pytest.param(
            "ConfigMap a kube-system",
            GRANT,
            "ConfigMap kube-system/a: this namespace is not granted; granted: shop",
            id="namespace_escape",
        ),
        pytest.param(
            "ClusterRole.rbac.authorization.k8s.io admin",
            GRANT,
            "ClusterRole.rbac.authorization.k8s.io admin: ClusterRole.rbac.authorization.k8s.io is not among "
            "the granted cluster kinds: Namespace",
            id="cluster_scoped_from_tenant",
        ),
        pytest.param(
            "Namespace kube-system",
            GRANT,
            "Namespace kube-system: this namespace is not granted; granted: shop",
            id="namespace_of_somebody_else",
        ),
        pytest.param(
            "Secret a",
            replace(GRANT, kinds=frozenset({"ConfigMap", "Deployment.apps"})),
            "Secret shop/a: the kind Secret is not granted; granted: ConfigMap, Deployment.apps",
            id="kind_outside_the_grant",
        ),
        pytest.param(
            "Deployment.apps gate gitwarrant-system",
            WIDE,
            f"Deployment.apps gitwarrant-system/gate: {OUT_OF_REACH}",
            id="gitwarrant_itself",
        ),
        pytest.param(
            "Namespace gitwarrant-system",
            WIDE,
            f"Namespace gitwarrant-system: {OUT_OF_REACH}",
            id="gitwarrant_namespace",
        ),
        pytest.param(
            "Role.rbac.authorization.k8s.io gitwarrant:shop:production",
            GRANT,
            "Role.rbac.authorization.k8s.io shop/gitwarrant:shop:production: names that begin with "
            "'gitwarrant:' are those of gitwarrant's own rights",
            id="gitwarrant_own_rights",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["create", "delete"])
def test_an_object_out_of_reach_is_refused(manifest: str, grant: Grant, what: str, operation: str) -> None:
    """Creating it, and deleting what an earlier warrant with a wider grant left behind."""
    reached, harmless = rendering(manifest), rendering("ConfigMap a")
    after, before = (reached, harmless) if operation == "create" else (harmless, reached)

    with pytest.raises(Refused) as refusal:
        plan(ENVIRONMENT, Tenant("shops", (grant,)), after, before, before.leaves)

    error = refusal.value
    place = Place("env/a.yaml", 2, 1) if operation == "create" else PLACE
    assert (error.stage, error.what, error.place) == ("plan", what, place)
    assert "tenant's grant" in error.remedy


def test_more_objects_than_bounds_allow() -> None:
    """A flood of objects is refused before a cluster sees one."""
    after = rendering(*(f"ConfigMap a{n}" for n in range(4)))

    with pytest.raises(Refused, match="4 objects; environment 'production' may have 3"):
        plan(ENVIRONMENT, Tenant("shops", (GRANT,)), after, None, None)


def test_an_environment_that_no_tenant_was_given() -> None:
    """Writing an environment into the repository does not make it deployable."""
    with pytest.raises(Refused, match="tenant 'shops' has no grant for environment 'production'") as refusal:
        plan(ENVIRONMENT, Tenant("shops", ()), rendering("ConfigMap a"), None, None)

    assert refusal.value.place == PLACE


@pytest.mark.parametrize(
    "manifest", ["Namespace shop", "CustomResourceDefinition.apiextensions.k8s.io widgets.a.example"]
)
def test_a_delete_that_takes_others_along(manifest: str) -> None:
    """Removing one file must not remove a namespace, or a kind, with everything in it that no plan shows."""
    before, after = rendering(manifest, "ConfigMap a"), rendering("ConfigMap a")
    tenant = Tenant("shops", (replace(GRANT, cluster_kinds=frozenset({"Namespace", DEFINITION})),))

    with pytest.raises(Refused, match="would be deleted, and everything in it") as refusal:
        plan(ENVIRONMENT, tenant, after, before, before.leaves)

    assert refusal.value.place == PLACE
    assert "first land a change that annotates it with 'gitwarrant.dev/delete: allow'" in refusal.value.remedy


def test_a_delete_announced_only_by_a_forged_rendering() -> None:
    """The announcement counts only in the rendering that was warranted."""
    before, after = rendering("Namespace shop", "ConfigMap a"), rendering("ConfigMap a")
    [namespace, config_map] = before.manifests
    annotated = {"name": "shop", "annotations": {"gitwarrant.dev/delete": "allow"}}
    announced = replace(namespace, content={**namespace.content, "metadata": annotated})
    forged = replace(before, units=(Unit("env", (announced, config_map), ()),))
    tenant = Tenant("shops", (GRANT,))

    with pytest.raises(Refused, match="would be deleted, and everything in it"):
        plan(ENVIRONMENT, tenant, after, forged, before.leaves)
    assert plan(ENVIRONMENT, tenant, after, forged, forged.leaves).count(Action.DELETE) == 1
