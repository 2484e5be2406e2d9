"""Every lie about a live object is seen: who wrote it, whose it is, that nothing happened."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, manifest, run, until

from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.live import DriftKind
from gitwarrant.model.manifest import Json, Manifest, Pointer
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

Item = Callable[[Workshop], Manifest]
Lie = Callable[[Workshop, Manifest], Awaitable[Any]]

TEMPLATE: Pointer = ("spec", "template", "spec")
WEB: Pointer = (*TEMPLATE, "containers", 0)
CONTROLLER = "kube-controller-manager"


def web(shop: Workshop) -> Manifest:
    return shop.deployment(paused=True)


def settings(shop: Workshop) -> Manifest:
    return shop.config(a="1")


def secret(shop: Workshop) -> Manifest:
    content = {"apiVersion": "v1", "kind": "Secret", "metadata": shop.named("db")}
    return manifest({**content, "stringData": {"password": "hunter2"}})


def role(shop: Workshop) -> Manifest:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    content = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": shop.named("reader")}
    return manifest({**content, "rules": [rule]})


def service(shop: Workshop) -> Manifest:
    content = {"apiVersion": "v1", "kind": "Service", "metadata": shop.named("web")}
    return manifest({**content, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})


def merge(content: Json, manager: str = "kubectl-edit", subresource: str = "") -> Lie:
    return lambda shop, item: shop.patch(item, content, manager=manager, subresource=subresource)


def strategic(content: Json, manager: str = "kubectl-edit") -> Lie:
    return lambda shop, item: shop.patch(item, content, manager=manager, kind="strategic-merge-patch")


def operations(*listed: tuple[str, str, Json]) -> Lie:
    content = [{"op": op, "path": path, "value": value} for op, path, value in listed]
    return lambda shop, item: shop.patch(item, content, kind="json-patch")


def containers(*listed: Json) -> Json:
    return {"spec": {"template": {"spec": {"containers": list(listed)}}}}


async def owned_by_a_bystander(shop: Workshop, item: Manifest) -> None:
    """The owner is there, so that the garbage collector does not win the race against the look."""
    other = shop.config("owner")
    made = await shop.send("POST", other, other.content, collection=True)
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": made["metadata"]["uid"]}
    await operations(("add", "/metadata/ownerReferences", [owner]))(shop, item)


async def deleted(shop: Workshop, item: Manifest) -> None:
    await shop.send("DELETE", item)


async def made_again(shop: Workshop, item: Manifest) -> None:
    """The same name, label and content: only the uid tells."""
    labels = (await shop.live(item))["metadata"]["labels"]
    await shop.send("DELETE", item)
    content = {**item.content, "metadata": {**item.content["metadata"], "labels": labels}}
    await shop.send("POST", item, content, collection=True)


async def dying(shop: Workshop, item: Manifest) -> None:
    """Deleted, but held by a finalizer: all its fields still are as warranted."""
    await operations(("add", "/metadata/finalizers", ["example.com/stay"]))(shop, item)
    await shop.send("DELETE", item)


async def taken_over(shop: Workshop, item: Manifest) -> None:
    """A forced server-side apply under a trusted name takes the field, and its ownership."""
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": shop.named("settings"),
        "data": {"a": "2"},
    }
    query = f"?fieldManager={CONTROLLER}&force=true"
    await shop.send("PATCH", item, content, query=query, content_type="application/apply-patch+yaml")


@dataclass(frozen=True)
class Told:
    """What is said of it: how, at which field, and by whom."""

    kind: DriftKind
    field: Pointer = ()
    by: str = "kubectl-edit"


def changed(*field: str | int, by: str = "kubectl-edit") -> Told:
    return Told(DriftKind.CHANGED, field, by)


EMPTIED: Json = {"metadata": {"managedFields": [{}]}}

LIES: list[tuple[str, Item, Lie, Told]] = [
    (
        "managedFields emptied, and a key smuggled in",
        settings,
        merge({**EMPTIED, "data": {"b": "2"}}),
        changed("data", "b", by=""),
    ),
    (
        "our name forged",
        settings,
        merge({"data": {"a": "2"}}, "gitwarrant"),
        changed("data", "a", by="gitwarrant"),
    ),
    (
        "the controller-manager's name forged",
        web,
        strategic(containers({"name": "web", "image": "evil"}), CONTROLLER),
        changed(*WEB, "image", by=CONTROLLER),
    ),
    (
        "a trusted name takes the field over by apply",
        settings,
        taken_over,
        changed("data", "a", by=CONTROLLER),
    ),
    (
        "an injector's name forged, where nobody asked for a CA",
        settings,
        merge({"data": {"service-ca.crt": "evil"}}, "cainjector"),
        changed("data", "service-ca.crt", by="cainjector"),
    ),
    (
        "an autoscaler's name forged, where none is",
        web,
        merge({"spec": {"replicas": 9}}, CONTROLLER, "/scale"),
        changed("spec", "replicas", by=""),
    ),
    (
        "the aggregating controller's name forged on a Role",
        role,
        merge(
            {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}]},
            "clusterrole-aggregation-controller",
        ),
        changed("rules", by="clusterrole-aggregation-controller"),
    ),
    (
        "a sidecar by strategic merge, under a mesh's name",
        web,
        strategic(containers({"name": "istio-proxy", "image": "evil"}), "pilot-discovery"),
        changed(*TEMPLATE, "containers", 0, by="pilot-discovery"),
    ),
    (
        "an init container",
        web,
        strategic({"spec": {"template": {"spec": {"initContainers": [{"name": "spy", "image": "evil"}]}}}}),
        changed(*TEMPLATE, "initContainers"),
    ),
    (
        "env by the same name twice",
        web,
        operations(("add", "/spec/template/spec/containers/0/env/-", {"name": "MODE", "value": "unsafe"})),
        changed(*WEB, "env"),
    ),
    (
        "args replaced",
        web,
        operations(("replace", "/spec/template/spec/containers/0/args", ["--port", "22"])),
        changed(*WEB, "args"),
    ),
    ("a ConfigMap's key added", settings, merge({"data": {"extra": "x"}}), changed("data", "extra")),
    (
        "binaryData beside data",
        settings,
        merge({"binaryData": {"b": "AA=="}}),
        changed("binaryData"),
    ),
    (
        "a Secret through stringData",
        secret,
        merge({"stringData": {"password": "sesame"}}),
        changed("data", "password"),
    ),
    (
        "a Service without selector, so that anybody may write its Endpoints",
        service,
        merge({"spec": {"selector": None}}),
        changed("spec", "selector", by=""),
    ),
    (
        "our label stripped from a member",
        settings,
        merge({"metadata": {"labels": {PART_OF: None}}}),
        changed("metadata", "labels", PART_OF, by=""),
    ),
    (
        "our label changed to another environment's",
        settings,
        merge({"metadata": {"labels": {PART_OF: "applyset-other-v1"}}}),
        changed("metadata", "labels", PART_OF),
    ),
    (
        "an annotation that a controller obeys",
        web,
        merge({"metadata": {"annotations": {"linkerd.io/inject": "disabled"}}}),
        changed("metadata", "annotations", "linkerd.io/inject"),
    ),
    (
        "a restart by hand",
        web,
        merge(
            {
                "spec": {
                    "template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
                }
            }
        ),
        changed("spec", "template", "metadata", "annotations"),
    ),
    (
        "a finalizer, so that it can never go",
        settings,
        operations(("add", "/metadata/finalizers", ["example.com/stay"])),
        changed("metadata", "finalizers"),
    ),
    (
        "an owner, so that garbage collection deletes it one day",
        settings,
        owned_by_a_bystander,
        changed("metadata", "ownerReferences"),
    ),
    (
        "marked immutable",
        settings,
        merge({"immutable": True}),
        changed("immutable"),
    ),
    ("deleted", settings, deleted, Told(DriftKind.MISSING, by="")),
    ("deleted and made again the same", settings, made_again, Told(DriftKind.RECREATED, by="")),
    (
        "deleted, and held back by a finalizer",
        settings,
        dying,
        Told(DriftKind.DELETING, ("metadata", "finalizers")),
    ),
]
BEYOND_REPAIR = frozenset({"marked immutable", "deleted, and held back by a finalizer"})
"""What the server lets nobody undo: it stays told."""


@pytest.mark.parametrize(("name", "make", "lie", "told"), [pytest.param(*row, id=row[0]) for row in LIES])
def test_every_lie_is_seen_and_undone(cluster: Sandbox, name: str, make: Item, lie: Lie, told: Told) -> None:
    """The drift names kind, field and writer; after the revert, where there can be one, nothing differs."""

    async def test(shop: Workshop) -> None:
        item = make(shop)
        assert (await shop.apply(item)).complete
        assert (await shop.observe(item)).drifts == ()

        await lie(shop, item)
        [drift] = (await shop.observe(item)).drifts

        assert drift.kind is told.kind
        assert told.field in {(), *(each.pointer for each in drift.differences)}
        assert told.by in {"", *drift.managers}

        reverted = await shop.observe(item, mode=DriftMode.REVERT)

        assert (reverted.reverted == (item.key,)) is (name not in BEYOND_REPAIR)
        assert ((await shop.observe(item)).drifts == ()) is (name not in BEYOND_REPAIR)

    run(cluster.kubeconfig, test)


def test_what_garbage_collection_was_made_to_delete_comes_back(cluster: Sandbox) -> None:
    """Attack: an owner that does not exist, so that garbage collection deletes. Observe makes it anew."""

    async def test(shop: Workshop) -> None:
        item = settings(shop)
        await shop.apply(item)
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0" * 36}
        await operations(("add", "/metadata/ownerReferences", [owner]))(shop, item)

        async def collected() -> bool:
            return await shop.cluster.get(item.key, item.version) is None

        await until(collected)
        seen = await shop.observe(item, mode=DriftMode.REVERT)

        assert [drift.kind for drift in seen.drifts] == [DriftKind.MISSING]
        assert (await shop.observe(item)).drifts == ()

    run(cluster.kubeconfig, test)


def test_an_edit_before_the_first_look_is_seen(cluster: Sandbox) -> None:
    """Attack: written in the second between our apply and our first read. It never becomes the truth."""

    async def test(shop: Workshop) -> None:
        item = settings(shop)
        await shop.apply(item)
        await shop.patch(item, {"data": {"smuggled": "yes"}})

        [drift] = (await shop.observe(item)).drifts

        assert [each.pointer for each in drift.differences] == [("data", "smuggled")]

    run(cluster.kubeconfig, test)


def test_scaling_to_none_under_a_warranted_autoscaler_is_seen(cluster: Sandbox) -> None:
    """Attack: with no replicas the autoscaler is off, so nobody would bring the workload back."""

    async def test(shop: Workshop) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        item = shop.deployment()
        scaler = manifest(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": shop.named("web"),
                "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9},
            }
        )
        await shop.apply(item, scaler)
        await shop.patch(item, {"spec": {"replicas": 4}}, manager=CONTROLLER, subresource="/scale")
        assert (await shop.observe(item, scaler)).drifts == ()

        await shop.patch(item, {"spec": {"replicas": 0}}, manager=CONTROLLER, subresource="/scale")
        [drift] = (await shop.observe(item, scaler)).drifts

        assert [each.pointer for each in drift.differences] == [("spec", "replicas")]

    run(cluster.kubeconfig, test)


def test_putting_a_field_back_leaves_what_an_autoscaler_set(cluster: Sandbox) -> None:
    """The manifest declares 2 replicas, the autoscaler made 5 of them; an edited image comes back alone."""

    async def test(shop: Workshop) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        item = shop.deployment(replicas=2)
        scaler = manifest(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": shop.named("web"),
                "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9},
            }
        )
        await shop.apply(item, scaler)
        await shop.patch(item, {"spec": {"replicas": 5}}, manager=CONTROLLER, subresource="/scale")
        await strategic(containers({"name": "web", "image": "evil"}))(shop, item)

        seen = await shop.observe(item, scaler, mode=DriftMode.REVERT)

        assert seen.reverted == (item.key,)
        spec = (await shop.live(item))["spec"]
        assert spec["replicas"] == 5
        assert spec["template"]["spec"]["containers"][0]["image"] != "evil"
        assert (await shop.observe(item, scaler)).drifts == ()

    run(cluster.kubeconfig, test)
