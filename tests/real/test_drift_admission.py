"""What admission does to objects is in the baseline; what it began to do later is told for what it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, manifest, run, until
from tests.support.webhook import webhook

from gitwarrant.cluster.drift import UPGRADED
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.live import DriftKind
from gitwarrant.model.manifest import Json, Manifest
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

SIDECAR = {"name": "mesh-proxy", "image": "mesh:1"}


def default_level(item: Mapping[str, Json]) -> list[dict[str, Json]]:
    """What a defaulting webhook of an operator does."""
    if "level" in item.get("data", {"level": "no data at all"}):
        return []
    return [{"op": "add", "path": "/data/level", "value": "info"}]


def inject(item: Mapping[str, Json]) -> list[dict[str, Json]]:
    """What a mesh does: at Pods, and once."""
    names = [container["name"] for container in item["spec"]["containers"]]
    if SIDECAR["name"] in names:
        return []
    return [{"op": "add", "path": "/spec/containers/-", "value": SIDECAR}]


def test_a_defaulting_webhook_is_part_of_the_baseline(cluster: Sandbox, tmp_path: Path) -> None:
    """What it filled in is no drift, and nobody may change it either."""

    async def test(shop: Workshop) -> None:
        async with webhook(shop, tmp_path, "configmaps", default_level):
            settings = shop.config(a="1")
            await shop.apply(settings)
            assert (await shop.live(settings))["data"] == {"a": "1", "level": "info"}
            assert (await shop.observe(settings)).drifts == ()

            await shop.patch(settings, {"data": {"level": "debug"}})
            [drift] = (await shop.observe(settings)).drifts

            assert drift.kind is DriftKind.CHANGED
            assert [item.pointer for item in drift.differences] == [("data", "level")]

            await shop.observe(settings, mode=DriftMode.REVERT)
            assert (await shop.live(settings))["data"] == {"a": "1", "level": "info"}

    run(cluster.kubeconfig, test)


def test_a_meshs_sidecar_in_a_pod_is_part_of_the_baseline(cluster: Sandbox, tmp_path: Path) -> None:
    """No exemption lets a container be: the injected one is expected as it is, and as no other."""

    async def test(shop: Workshop) -> None:
        async with webhook(shop, tmp_path, "pods", inject):
            content = {"apiVersion": "v1", "kind": "Pod", "metadata": shop.named("web")}
            pod = manifest({**content, "spec": {"containers": [{"name": "web", "image": "web:1"}]}})
            await shop.apply(pod)
            assert len((await shop.live(pod))["spec"]["containers"]) == 2
            assert (await shop.observe(pod)).drifts == ()

            image = [{"op": "replace", "path": "/spec/containers/1/image", "value": "evil"}]
            await shop.patch(pod, image, kind="json-patch", manager="pilot-discovery")
            [drift] = (await shop.observe(pod)).drifts

            assert [item.pointer for item in drift.differences] == [("spec", "containers", 1, "image")]

    run(cluster.kubeconfig, test)


def test_a_webhook_that_came_after_the_deploy_is_told_as_such(cluster: Sandbox, tmp_path: Path) -> None:
    """It is no edit, so it is not fought over; but nobody approved it either, so it is told."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        assert (await shop.observe(settings)).drifts == ()
        async with webhook(shop, tmp_path, "configmaps", default_level):
            assert (await shop.observe(settings)).drifts == ()  # nothing was written through it yet

            await shop.patch(settings, {"data": {"a": "1"}})  # whoever touches it lets the webhook at it
            seen = await shop.observe(settings, mode=DriftMode.REVERT)

            [drift] = seen.drifts
            assert drift.kind is DriftKind.ADMISSION
            assert drift.note.startswith("a clean create of the same manifest gives these values too")
            assert [item.pointer for item in drift.differences] == [("data", "level")]
            assert shop.records(RecordKind.REVERT_INTENT) == []

            await shop.patch(settings, {"data": {"a": "2"}})
            [drift] = (await shop.observe(settings)).drifts

            assert drift.kind is DriftKind.CHANGED

    run(cluster.kubeconfig, test)


def test_an_upgraded_server_that_creates_otherwise_makes_no_drift(cluster: Sandbox, tmp_path: Path) -> None:
    """The new version is played by its number, and what it creates otherwise by a webhook."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        assert (await shop.observe(settings)).drifts == ()
        shop.cluster._version = "v1.99.0"
        async with webhook(shop, tmp_path, "configmaps", default_level):
            seen = await shop.observe(settings)

            assert seen.drifts == ()
            [explained] = seen.explained
            assert [field.excuse for field in explained.fields] == [UPGRADED]

            await shop.patch(settings, {"data": {"a": "2"}})
            [drift] = (await shop.observe(settings)).drifts

            assert ("data", "a") in [item.pointer for item in drift.differences]

    run(cluster.kubeconfig, test)


def test_new_defaults_of_a_custom_kind_make_no_drift(cluster: Sandbox) -> None:
    """The definition's generation is part of what a baseline is kept under."""

    async def test(shop: Workshop) -> None:
        definition = _definition(shop, level="info")
        await shop.send("POST", definition, definition.content, collection=True)
        try:
            widget = await _widget(shop)
            await shop.apply(widget)
            assert (await shop.observe(widget)).drifts == ()
            changed = _definition(shop, level="info", colour="red")
            await shop.patch(definition, {"spec": changed.content["spec"]})

            async def defaulted() -> bool:
                return "colour" in (await shop.live(widget))["spec"]

            await until(defaulted)

            assert (await shop.observe(widget)).drifts == ()

            await shop.patch(widget, {"spec": {"colour": "green"}})
            [drift] = (await shop.observe(widget)).drifts

            assert [item.pointer for item in drift.differences] == [("spec", "colour")]
        finally:
            await shop.send("DELETE", definition)

    run(cluster.kubeconfig, test)


def _definition(shop: Workshop, **defaults: str) -> Manifest:
    group = f"{shop.namespace}.example.com"
    fields = {name: {"type": "string", "default": value} for name, value in defaults.items()}
    properties = {"spec": {"type": "object", "properties": {"size": {"type": "integer"}, **fields}}}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"}
    version: dict[str, Any] = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
    }
    return manifest(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"widgets.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
        }
    )


async def _widget(shop: Workshop) -> Manifest:
    """A custom object, once its kind is served."""
    group = f"{shop.namespace}.example.com"
    widget = manifest(
        {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": shop.named("one"), "spec": {"size": 1}}
    )

    async def served() -> bool:
        shop.cluster.forget_kinds()
        return any(resource.group == group for resource in await shop.cluster.served())

    await until(served)
    return widget
