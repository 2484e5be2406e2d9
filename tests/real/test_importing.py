"""Coming from Flux and Argo CD on a real API server: the same manifests, by digest, and how they differ."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, edited, manifest, run
from tests.support.other_tools import (
    APPLICATION,
    GIT_REPOSITORY,
    KUSTOMIZATION,
    TRACKED,
    applied_by_flux,
    applied_by_kubectl,
    define,
)
from tests.support.repositories import Simulator

from gitwarrant.git.reading import Repository
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import FieldDifference
from gitwarrant.pipeline.importing.importing import bring
from gitwarrant.pipeline.importing.parity import Compared, Verdict
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def kustomization(shop: Workshop, *owned: ObjectKey) -> Manifest:
    """Flux's own object, with the inventory that it keeps in its status."""
    entries = [{"id": f"{key.namespace}_{key.name}_{key.group}_{key.kind}", "v": "v1"} for key in owned]
    return manifest(
        {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": shop.named("shop"),
            "spec": {
                "path": "./apps/shop",
                "prune": True,
                "suspend": True,
                "targetNamespace": shop.namespace,
                "sourceRef": {"kind": "GitRepository", "name": "env"},
            },
            "status": {"inventory": {"entries": entries}},
        }
    )


def application(shop: Workshop) -> Manifest:
    return manifest(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": shop.named("shop"),
            "spec": {
                "source": {"repoURL": "https://git.example.com/env", "path": "apps/shop"},
                "destination": {"namespace": shop.namespace},
            },
        }
    )


async def compared(
    shop: Workshop, tmp_path: Path, tool: Adoptable, *manifests: Manifest
) -> tuple[Compared, ...]:
    """What `import` finds of an environment with these manifests in the repository."""
    simulator = Simulator(tmp_path / "env.git")
    files = {f"apps/shop/{item.key.name}.json": json.dumps(item.content) for item in manifests}
    commit = simulator.commit(by="alice", files=files)
    found = await bring(tool, Repository(tmp_path / "env.git"), commit, shop.cluster)
    [shown] = [one for one in found if one.imported.source.namespace == shop.namespace]
    assert shown.refusal is None
    assert shown.compared is not None
    return shown.compared


def test_what_flux_applied_is_read_back_and_is_the_same(cluster: Sandbox, tmp_path: Path) -> None:
    """In the server's spelling: half a processor is 500m; Flux's own labels do not count."""

    async def test(shop: Workshop) -> tuple[Compared, ...]:
        for kind in (KUSTOMIZATION, GIT_REPOSITORY):
            await define(shop, *kind)
        web, settings = with_limits(shop.deployment(), "0.5"), shop.config(level="info")
        await applied_by_flux(shop, web)
        await applied_by_flux(shop, settings)
        await shop.send(
            "POST", kustomization(shop), kustomization(shop, web.key, settings.key).content, collection=True
        )
        return await compared(shop, tmp_path, Adoptable.FLUX, web, settings)

    found = run(cluster.kubeconfig, test)

    assert [(item.verdict, item.key.kind) for item in found] == [
        (Verdict.SAME, "ConfigMap"),
        (Verdict.SAME, "Deployment"),
    ]
    assert all(item.ours == item.theirs is not None for item in found)


def test_what_differs_from_flux_is_named_field_by_field(cluster: Sandbox, tmp_path: Path) -> None:
    """What is in the repository only, what Flux has besides, and which field has another value."""

    async def test(shop: Workshop) -> tuple[Compared, ...]:
        for kind in (KUSTOMIZATION, GIT_REPOSITORY):
            await define(shop, *kind)
        settings, gone, new = shop.config(level="info"), shop.config("gone"), shop.config("new", a="b")
        await applied_by_flux(shop, settings)
        await applied_by_flux(shop, gone)
        made = kustomization(shop, settings.key, gone.key)
        await shop.send("POST", made, made.content, collection=True)
        return await compared(shop, tmp_path, Adoptable.FLUX, edited(settings, data={"level": "debug"}), new)

    found = {item.key.name: item for item in run(cluster.kubeconfig, test)}

    assert {name: item.verdict for name, item in found.items()} == {
        "gone": Verdict.ONLY_THEIRS,
        "new": Verdict.ONLY_OURS,
        "settings": Verdict.DIFFERS,
    }
    assert found["settings"].differences == (FieldDifference(("data", "level"), ("info",), ("debug",)),)


def test_what_argo_cd_applied_is_read_back_from_its_annotation(cluster: Sandbox, tmp_path: Path) -> None:
    """Argo CD applies as kubectl does on the client's side; its tracking annotation does not count."""

    async def test(shop: Workshop) -> tuple[Compared, ...]:
        await define(shop, *APPLICATION)
        web = with_limits(shop.deployment(), "0.5")
        metadata = web.content["metadata"]
        tracked = {**metadata, "annotations": {**metadata["annotations"], **TRACKED}}
        applied_by_kubectl(cluster.kubeconfig, {**web.content, "metadata": tracked}, "argocd-controller")
        await shop.send("POST", application(shop), application(shop).content, collection=True)
        return await compared(shop, tmp_path, Adoptable.ARGOCD, web)

    [found] = run(cluster.kubeconfig, test)

    assert found.verdict is Verdict.SAME, found


def with_limits(item: Manifest, processors: str) -> Manifest:
    spec: dict[str, Any] = item.content["spec"]
    template = spec["template"]
    container = {**template["spec"]["containers"][0], "resources": {"limits": {"cpu": processors}}}
    pod = {**template["spec"], "containers": [container]}
    return edited(item, spec={**spec, "template": {**template, "spec": pod}})
