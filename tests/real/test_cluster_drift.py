"""Every way to change a live object behind gitwarrant's back is seen, named, and undone."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, edited, manifest, run, until

from gitwarrant.model.environment import DriftMode
from gitwarrant.model.live import DriftKind
from gitwarrant.model.manifest import Manifest, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

CONTAINER: Pointer = ("spec", "template", "spec", "containers", 0)
Change = Callable[[Workshop, Manifest], Awaitable[Any]]


def merge(content: Any) -> Change:
    return lambda shop, item: shop.patch(item, content)


def operations(*listed: tuple[str, str, Any]) -> Change:
    content = [{"op": op, "path": path, "value": value} for op, path, value in listed]
    return lambda shop, item: shop.patch(item, content, kind="json-patch")


def strategic(content: Any) -> Change:
    return lambda shop, item: shop.patch(item, content, kind="strategic-merge-patch")


def containers(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(listed)}}}}


TABLE = [
    pytest.param(
        merge({"metadata": {"annotations": {"team": "mallory"}}}),
        ("metadata", "annotations", "team"),
        id="a declared field changed",
    ),
    pytest.param(merge({"spec": {"replicas": 7}}), ("spec", "replicas"), id="a default changed"),
    pytest.param(merge({"spec": {"minReadySeconds": 3}}), ("spec", "minReadySeconds"), id="a field added"),
    pytest.param(
        merge({"metadata": {"annotations": {"team": None}}}),
        ("metadata", "annotations", "team"),
        id="a declared field deleted",
    ),
    pytest.param(
        merge({"metadata": {"annotations": {"sidecar.example/inject": "true"}}}),
        ("metadata", "annotations", "sidecar.example/inject"),
        id="an annotation added",
    ),
    pytest.param(
        merge({"metadata": {"labels": {"tier": "public"}}}),
        ("metadata", "labels", "tier"),
        id="a label added",
    ),
    pytest.param(
        strategic(containers({"name": "web", "env": [{"name": "EXTRA", "value": "1"}]})),
        (*CONTAINER, "env", 0),
        id="an env variable added",
    ),
    pytest.param(
        operations(("add", "/spec/template/spec/hostNetwork", True)),
        ("spec", "template", "spec", "hostNetwork"),
        id="host network",
    ),
]


@pytest.mark.parametrize(("change", "field"), TABLE)
def test_a_change_behind_our_back_is_seen_and_undone(
    cluster: Sandbox, change: Change, field: Pointer
) -> None:
    """The drift names the field and who wrote it; after the revert nothing differs."""

    async def test(shop: Workshop) -> None:
        web = shop.deployment(paused=True)
        assert (await shop.apply(web)).complete
        assert (await shop.observe(web)).drifts == ()

        await change(shop, web)
        [drift] = (await shop.observe(web)).drifts

        assert (drift.kind, drift.differences[0].pointer) == (DriftKind.CHANGED, field)
        assert drift.differences[0].after == () or "kubectl-edit" in drift.managers

        reverted = await shop.observe(web, mode=DriftMode.REVERT)

        assert (reverted.reverted, reverted.drifts[0].note) == ((web.key,), "")
        assert (await shop.observe(web)).drifts == ()

    run(cluster.kubeconfig, test)


def test_a_missing_object_is_made_again(cluster: Sandbox) -> None:
    """Deleted by hand: seen, made again under the same manifest, and the inventory learns the new uid."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        await shop.send("DELETE", settings)

        seen = await shop.observe(settings, mode=DriftMode.REVERT)

        assert [drift.kind for drift in seen.drifts] == [DriftKind.MISSING]
        assert (await shop.observe(settings)).drifts == ()
        assert shop.owned()[0].uid == (await shop.live(settings))["metadata"]["uid"]

    run(cluster.kubeconfig, test)


def test_an_object_made_again_by_hand_is_seen(cluster: Sandbox) -> None:
    """Deleted and created with the same content: the uid tells, and what is extra is undone."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        content = {**settings.content, "data": {"a": "1", "b": "2"}}
        await shop.send("DELETE", settings)
        await shop.send("POST", settings, content, collection=True)

        [drift] = (await shop.observe(settings, mode=DriftMode.REVERT)).drifts

        assert drift.kind is DriftKind.RECREATED
        assert (await shop.observe(settings)).drifts == ()
        assert (await shop.live(settings))["data"] == {"a": "1"}

    run(cluster.kubeconfig, test)


def test_two_kinds_of_one_volume_are_put_back_at_once(cluster: Sandbox) -> None:
    """Where added and declared fields exclude each other, only one patch with both is accepted."""

    async def test(shop: Workshop) -> None:
        web = shop.deployment(paused=True, strategy={"type": "Recreate"})
        await shop.apply(web)
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
        await shop.patch(web, {"spec": {"strategy": rolling}})

        seen = await shop.observe(web, mode=DriftMode.REVERT)

        assert (seen.reverted, seen.drifts[0].note) == ((web.key,), "")
        assert (await shop.observe(web)).drifts == ()

    run(cluster.kubeconfig, test)


def test_a_secrets_values_are_never_shown(cluster: Sandbox) -> None:
    """`stringData` and `data` meet in the baseline; neither reaches the drift or the log."""

    async def test(shop: Workshop) -> None:
        content = {"apiVersion": "v1", "kind": "Secret", "metadata": shop.named("db")}
        secret = manifest({**content, "stringData": {"password": "hunter2"}})
        await shop.apply(secret)
        assert (await shop.observe(secret)).drifts == ()
        await shop.patch(secret, {"stringData": {"password": "sesame"}})

        [drift] = (await shop.observe(secret, mode=DriftMode.REVERT)).drifts

        assert drift.differences == (FieldDifference(("data", "password"), ("(hidden)",), ("(hidden)",)),)
        assert (await shop.observe(secret)).drifts == ()
        assert "aHVudGVyMg" not in repr(list(shop.log.read()))

    run(cluster.kubeconfig, test)


def test_what_controllers_write_is_no_drift(cluster: Sandbox) -> None:
    """Revisions, addresses, ports, a Job's own uid, a Pod's token volume and node: all as a cluster does."""

    async def test(shop: Workshop) -> None:
        items = [shop.deployment(), *_living(shop)]
        assert (await shop.apply(*items)).complete

        async def settled() -> bool:
            deployment, pod = await shop.live(items[0]), await shop.live(items[-1])
            counted = "deployment.kubernetes.io/revision" in deployment["metadata"]["annotations"]
            return counted and "nodeName" in pod["spec"]

        await until(settled)

        assert (await shop.observe(*items)).drifts == ()

    run(cluster.kubeconfig, test)


def test_a_port_that_the_server_picked_is_not_changed_unseen(cluster: Sandbox) -> None:
    """Remembered from the answer to our own write: a later one is drift, and the first comes back."""

    async def test(shop: Workshop) -> None:
        service, *_ = _living(shop)
        await shop.apply(service)
        before = (await shop.live(service))["spec"]["ports"]
        ports = [{**before[0], "nodePort": 30_000 if before[0]["nodePort"] != 30_000 else 30_001}, before[1]]
        await shop.patch(service, {"spec": {"ports": ports}})
        await shop.apply(service)

        [drift] = (await shop.observe(service, mode=DriftMode.REVERT)).drifts

        assert [item.pointer for item in drift.differences] == [("spec", "ports", 0, "nodePort")]
        assert (await shop.live(service))["spec"]["ports"] == before
        assert (await shop.observe(service)).drifts == ()

        await shop.send("DELETE", service)
        await shop.observe(service, mode=DriftMode.REVERT)

        assert (await shop.observe(service)).drifts == ()

    run(cluster.kubeconfig, test)


def test_lists_in_another_order_by_warrant_are_no_drift(cluster: Sandbox) -> None:
    """What apply makes of reordered, inserted and removed items is what a clean create makes."""

    async def test(shop: Workshop) -> None:
        for names in (("A", "B"), ("B", "A"), ("A", "C", "B"), ("C", "D"), ("X", "D", "Y")):
            web = _listing(shop, names)
            assert (await shop.apply(web)).complete
            assert (await shop.observe(web)).drifts == ()

    run(cluster.kubeconfig, test)


def _listing(shop: Workshop, names: tuple[str, ...]) -> Manifest:
    """A Deployment with these names in every kind of list."""
    web = shop.deployment(paused=True)
    spec = web.content["spec"]
    mounts = [{"name": "v", "mountPath": f"/{name}"} for name in names]
    listed = [
        {
            "name": name.lower(),
            "image": "a",
            "env": [{"name": each, "value": "1"} for each in names],
            "volumeMounts": mounts,
        }
        for name in names
    ]
    pod = {
        "containers": listed,
        "volumes": [{"name": "v", "emptyDir": {}}],
        "tolerations": [{"key": name} for name in names],
        "imagePullSecrets": [{"name": name.lower()} for name in names],
    }
    return edited(web, spec={**spec, "template": {**spec["template"], "spec": pod}})


def test_drift_is_recorded_once_and_the_revert_before_its_write(cluster: Sandbox) -> None:
    """The records in order: found, intended, done. Seen again unchanged, it is not recorded again."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        await shop.patch(settings, {"data": {"b": "2"}})
        first = await shop.observe(settings)
        await shop.observe(settings, previous=first)
        await shop.observe(settings, previous=first, mode=DriftMode.REVERT)

        found = shop.records(RecordKind.DRIFT_FOUND, RecordKind.REVERT_INTENT, RecordKind.REVERTED)

        assert [record.kind.value for record in found] == ["drift-found", "revert-intent", "reverted"]
        assert found[0].body["differences"] == [{"field": "/data/b", "before": [], "after": ["2"]}]
        assert found[1].body["audit_id"] == found[2].body["audit_id"]

    run(cluster.kubeconfig, test)


def test_only_a_warranted_autoscaler_may_scale(cluster: Sandbox) -> None:
    """Attack: hide a change of replicas behind a new autoscaler. Stopped by observe: it is not ours."""

    async def test(shop: Workshop) -> None:
        web, scaler = shop.deployment(), _autoscaler(shop)
        await shop.apply(web)
        await shop.send("POST", scaler, dict(scaler.content), collection=True)
        await shop.patch(
            web, {"spec": {"replicas": 3}}, manager="kube-controller-manager", subresource="/scale"
        )

        assert [drift.kind for drift in (await shop.observe(web)).drifts] == [DriftKind.CHANGED]

        await shop.send("DELETE", scaler)
        assert (await shop.apply(web, scaler)).complete
        await shop.patch(
            web, {"spec": {"replicas": 4}}, manager="kube-controller-manager", subresource="/scale"
        )

        assert (await shop.observe(web)).drifts == ()

        await shop.patch(web, {"spec": {"replicas": 5}})

        assert [drift.managers for drift in (await shop.observe(web)).drifts] == [("kubectl-edit",)]

    run(cluster.kubeconfig, test)


def _autoscaler(shop: Workshop) -> Manifest:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return manifest(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": shop.named("web"),
            "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9},
        }
    )


def _living(shop: Workshop) -> list[Manifest]:
    """Kinds that the server or a controller fills in."""
    pod = {"containers": [{"name": "a", "image": "a"}], "restartPolicy": "Never"}
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": pod["containers"]}}
    ports = [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    listed: list[tuple[str, str, dict[str, Any]]] = [
        ("v1", "Service", {"spec": {"type": "NodePort", "selector": labels, "ports": ports}}),
        ("v1", "ServiceAccount", {}),
        ("v1", "PersistentVolumeClaim", {"spec": claim}),
        ("rbac.authorization.k8s.io/v1", "Role", {"rules": [rule]}),
        ("apps/v1", "DaemonSet", {"spec": {"selector": {"matchLabels": labels}, "template": template}}),
        (
            "apps/v1",
            "StatefulSet",
            {"spec": {"selector": {"matchLabels": labels}, "serviceName": "x", "template": template}},
        ),
        ("batch/v1", "Job", {"spec": {"template": {"spec": pod}}}),
        (
            "batch/v1",
            "CronJob",
            {"spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}}},
        ),
        ("v1", "Pod", {"spec": pod}),
    ]
    return [
        manifest({"apiVersion": version, "kind": kind, "metadata": shop.named("x"), **content})
        for version, kind, content in listed
    ]
