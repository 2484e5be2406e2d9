"""Applications as people deploy them, for measuring: four objects each, and no Pod is started."""

from collections.abc import Iterator
from typing import Any

import yaml

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey

IMAGE = "registry.example/web@sha256:" + "a" * 64


def application(namespace: str, name: str, *, exposed: bool = True) -> Iterator[Manifest]:
    """A Deployment at no replicas, its ServiceAccount, a Service, and an Ingress.

    Args:
        exposed: no: a ConfigMap stands for the Ingress, which no controller gives an address here.
    """
    labels = {"app": name}
    for api, kind, fields in _objects(name, labels, exposed=exposed):
        group, _, version = api.rpartition("/")
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        content = {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
        yield Manifest(ObjectKey(group, kind, namespace, name), version, content, Place("bench.yaml"), 0, ())


def _objects(
    name: str, labels: dict[str, str], *, exposed: bool
) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    container = {
        "name": "web",
        "image": IMAGE,
        "args": ["--port", "8080"],
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "LEVEL", "value": "info"}, {"name": "URL", "value": f"https://{name}.example/"}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "100m", "memory": "64Mi"},
        },
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {"serviceAccountName": name, "containers": [container]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    service = {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    ingress = {"rules": [{"host": f"{name}.example", "http": {"paths": [path]}}]}
    return (
        ("v1", "ServiceAccount", {}),
        ("v1", "Service", {"spec": service}),
        ("apps/v1", "Deployment", {"spec": deployment}),
        (
            ("networking.k8s.io/v1", "Ingress", {"spec": ingress})
            if exposed
            else ("v1", "ConfigMap", {"data": {"level": "info"}})
        ),
    )


def applications(namespace: str, count: int) -> list[Manifest]:
    """So many applications in one namespace."""
    return [item for number in range(count) for item in application(namespace, f"app-{number:03}")]


def files(namespace: str, count: int) -> dict[str, str]:
    """The same as files, one for each application."""
    return {
        f"app-{number:03}.yaml": yaml.safe_dump_all(
            item.content for item in application(namespace, f"app-{number:03}")
        )
        for number in range(count)
    }
