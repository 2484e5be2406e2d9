"""Objects that nobody declared are told; what controllers made of what was declared is not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, manifest, run, until

from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.model.environment import IgnoreRule
from gitwarrant.model.errors import Place
from gitwarrant.model.live import Drift, DriftKind
from gitwarrant.model.manifest import Manifest
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

VIEW = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
OWNED = "ownerReferences"


def stranger(shop: Workshop, version: str, kind: str, name: str, **content: Any) -> Manifest:
    return manifest({"apiVersion": version, "kind": kind, "metadata": shop.named(name), **content})


async def made(shop: Workshop, item: Manifest, **metadata: Any) -> Manifest:
    """Created by somebody who may, and not by us."""
    content = {**item.content, "metadata": {**item.content["metadata"], **metadata}}
    await shop.send("POST", item, content, collection=True, query="?fieldManager=kubectl-create")
    return item


async def told(shop: Workshop, *manifests: Manifest, **settings: Any) -> list[Drift]:
    seen = await shop.observe(*manifests, alone=True, **settings)
    return [drift for drift in seen.drifts if drift.kind is DriftKind.UNDECLARED]


def reference(live: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """An owner reference to a live object, as its controller writes it."""
    named = {"apiVersion": live["apiVersion"], "kind": live["kind"], "name": live["metadata"]["name"]}
    return {**named, "uid": live["metadata"]["uid"], "controller": True, **changed}


def test_what_controllers_make_is_expected(cluster: Sandbox) -> None:
    """ReplicaSets, Pods, EndpointSlices, Endpoints, revisions and claims follow from what was declared."""

    async def test(shop: Workshop) -> None:
        labels = {"app": "web"}
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        pod = {"containers": [{"name": "a", "image": "a"}]}
        stateful = {
            "selector": {"matchLabels": {"app": "db"}},
            "serviceName": "db",
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": pod},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        }
        items = [
            shop.deployment(),
            stranger(shop, "v1", "Service", "web", spec={"selector": labels, "ports": [{"port": 80}]}),
            stranger(shop, "apps/v1", "StatefulSet", "db", spec=stateful),
        ]
        await shop.apply(*items)
        slices = await shop.cluster.resource("discovery.k8s.io", "v1", "EndpointSlice")

        async def settled() -> bool:
            sliced = [
                item async for page in shop.cluster.pages(slices, shop.namespace) for item in page.items
            ]
            pods = [item async for item in shop.cluster.list("", "v1", "Pod", shop.namespace)]
            claims = [
                item async for item in shop.cluster.list("", "v1", "PersistentVolumeClaim", shop.namespace)
            ]
            return bool(sliced and len(pods) == 2 and claims)

        await until(settled)

        assert await told(shop, *items) == []

    run(cluster.kubeconfig, test)


def test_what_an_intruder_leaves_is_told_and_never_touched(cluster: Sandbox) -> None:
    """A Pod, a RoleBinding, and a Secret that holds a token."""

    async def test(shop: Workshop) -> None:
        settings = shop.config()
        await shop.apply(settings)
        assert await told(shop, settings) == []
        pod = {"containers": [{"name": "a", "image": "a"}]}
        token = {"kubernetes.io/service-account.name": "default"}
        left = [
            await made(shop, stranger(shop, "v1", "Pod", "miner", spec=pod)),
            await made(
                shop, stranger(shop, "rbac.authorization.k8s.io/v1", "RoleBinding", "in", roleRef=VIEW)
            ),
            await made(
                shop,
                stranger(shop, "v1", "Secret", "token", type="kubernetes.io/service-account-token"),
                annotations=token,
            ),
        ]

        found = await told(shop, settings)

        assert sorted(drift.key for drift in found) == sorted(item.key for item in left)
        assert all("kubectl-create" in drift.managers for drift in found)
        assert all(drift.note.startswith("since 20") for drift in found)
        assert [await shop.live(item) for item in left]

    run(cluster.kubeconfig, test)


def test_a_forged_owner_hides_nothing_that_grants_or_draws_traffic(cluster: Sandbox) -> None:
    """Attack: an owner reference to a declared object. Stopped by observe: by what is made of what."""

    async def test(shop: Workshop) -> None:
        service = stranger(shop, "v1", "Service", "web", spec={"ports": [{"port": 80}]})
        await shop.apply(service)
        owner = reference(await shop.live(service))
        ports = [{"port": 80, "protocol": "TCP", "name": ""}]
        endpoints = [{"addresses": ["10.9.9.9"]}]
        left = [
            await made(
                shop,
                stranger(
                    shop,
                    "discovery.k8s.io/v1",
                    "EndpointSlice",
                    "web-stolen",
                    addressType="IPv4",
                    ports=ports,
                    endpoints=endpoints,
                ),
                labels={"kubernetes.io/service-name": "web"},
                ownerReferences=[owner],
            ),
            await made(
                shop,
                stranger(shop, "rbac.authorization.k8s.io/v1", "RoleBinding", "in", roleRef=VIEW),
                ownerReferences=[owner],
            ),
            await made(shop, stranger(shop, "v1", "Endpoints", "web"), ownerReferences=[owner]),
        ]

        found = await told(shop, service)

        assert {item.key for item in left} <= {drift.key for drift in found}

    run(cluster.kubeconfig, test)


def test_an_object_that_only_wears_our_label_is_shown_not_adopted(cluster: Sandbox) -> None:
    """Attack: a bystander gets our label. It is never pruned, never counted as ours, and told."""

    async def test(shop: Workshop) -> None:
        settings, bystander = shop.config(), shop.config("bystander", a="1")
        await shop.apply(settings)
        label = (await shop.live(settings))["metadata"]["labels"][PART_OF]
        await made(shop, bystander, labels={PART_OF: label})
        await shop.apply(settings, deletes=[])
        shared = replace(shop.estate([settings]), whole=frozenset(), shared=frozenset({shop.namespace}))

        [drift] = await told(shop, settings)
        [labelled] = (await shop.observe(settings, estate=shared)).drifts

        assert (drift.key, drift.kind) == (bystander.key, DriftKind.UNDECLARED)
        assert drift.note.endswith("it carries this environment's label, but no warrant names it")
        assert labelled == drift
        assert [entry.key for entry in shop.owned()] == [settings.key]
        assert (await shop.live(bystander))["data"] == {"a": "1"}

    run(cluster.kubeconfig, test)


def test_an_ignore_rule_lets_a_named_object_be_and_is_shown(cluster: Sandbox) -> None:
    async def test(shop: Workshop) -> None:
        settings = shop.config()
        await shop.apply(settings)
        await made(shop, shop.config("cache-1"))
        await made(shop, shop.config("cash-1"))
        place = Place(".gitwarrant/environments.yaml", 7, 9)
        rule = IgnoreRule("ConfigMap", "cache-*", (), "", "the cache keeps its state there", None, place)

        seen = await shop.observe(settings, alone=True, ignore=[rule])

        assert [drift.key.name for drift in seen.drifts] == ["cash-1"]
        [wanted] = seen.explained
        assert wanted.key.name == "cache-1"
        assert wanted.fields[0].excuse is not None
        assert wanted.fields[0].excuse.place == str(place)

    run(cluster.kubeconfig, test)
