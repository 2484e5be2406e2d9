"""Flux, Argo CD and people with kubectl, as the API server sees them: their objects, their ways to write."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitwarrant.cluster.wire import new_audit_id
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.sandbox.binaries import Binaries
from tests.support.cluster_workshop import Workshop, until

FLUX_LABELS = {
    "kustomize.toolkit.fluxcd.io/name": "shop",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}
TRACKED = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}

# (group, version, kind, plural): what the tools' own definitions serve, of any form.
KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations")
GIT_REPOSITORY = ("source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories")
APPLICATION = ("argoproj.io", "v1alpha1", "Application", "applications")


async def define(shop: Workshop, group: str, version: str, kind: str, plural: str) -> None:
    """Have the API server serve a kind whose objects may hold anything."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    content = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
            ],
        },
    }
    key = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "", f"{plural}.{group}")
    await shop.cluster.apply(key, "v1", content, force=True, audit_id=new_audit_id())

    async def served() -> bool:
        shop.cluster.forget_kinds()
        return any((one.group, one.kind) == (group, kind) for one in await shop.cluster.served())

    await until(served)


def labelled(item: Manifest, labels: Mapping[str, str]) -> dict[str, Any]:
    """The object as Flux applies it: with the labels by which it knows it again."""
    metadata = item.content["metadata"]
    return {**item.content, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **labels}}}


async def applied_by_flux(shop: Workshop, item: Manifest, labels: Mapping[str, str] = FLUX_LABELS) -> None:
    """Server-side apply, as kustomize-controller does it."""
    await shop.send(
        "PATCH",
        item,
        labelled(item, labels),
        query="?fieldManager=kustomize-controller&force=true",
        content_type="application/apply-patch+yaml",
    )


def applied_by_kubectl(kubeconfig: Path, content: Mapping[str, Any], manager: str = "") -> None:
    """Client-side apply by the real kubectl; Argo CD does the same under a name of its own."""
    program = Binaries.of(os.environ).find("kubectl")
    assert program is not None
    named = [f"--field-manager={manager}"] if manager else []
    subprocess.run(
        [str(program), "--kubeconfig", str(kubeconfig), "apply", *named, "-f", "-"],
        input=json.dumps(content).encode(),
        check=True,
        capture_output=True,
    )
