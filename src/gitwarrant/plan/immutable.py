"""Which fields the API server does not let change once an object exists, as data.

The table lets a pull request see beforehand that an object will be made again.
It need not be complete: what it does not know, the server refuses in its dry
run, and what it names too much, the server changes in place (`cluster.recreate`).
"""

from collections.abc import Mapping

from gitwarrant.model.canonical import dumps
from gitwarrant.model.manifest import Json, Manifest

RBAC = "rbac.authorization.k8s.io"

IMMUTABLE: Mapping[str, tuple[str, ...]] = {
    f"ClusterRoleBinding.{RBAC}": ("roleRef",),
    "CustomResourceDefinition.apiextensions.k8s.io": ("spec/group", "spec/scope", "spec/names/kind"),
    "DaemonSet.apps": ("spec/selector",),
    "Deployment.apps": ("spec/selector",),
    "EndpointSlice.discovery.k8s.io": ("addressType",),
    "IngressClass.networking.k8s.io": ("spec/controller",),
    "Job.batch": (
        "spec/backoffLimitPerIndex",
        "spec/completionMode",
        "spec/managedBy",
        "spec/podFailurePolicy",
        "spec/selector",
        "spec/template",
    ),
    "PersistentVolume": ("spec/claimRef", "spec/csi", "spec/local", "spec/nfs", "spec/volumeMode"),
    "PersistentVolumeClaim": (
        "spec/accessModes",
        "spec/dataSource",
        "spec/dataSourceRef",
        "spec/selector",
        "spec/storageClassName",
        "spec/volumeMode",
        "spec/volumeName",
    ),
    "PriorityClass.scheduling.k8s.io": ("preemptionPolicy", "value"),
    "ReplicaSet.apps": ("spec/selector",),
    f"RoleBinding.{RBAC}": ("roleRef",),
    "RuntimeClass.node.k8s.io": ("handler",),
    "Secret": ("type",),
    "Service": ("spec/clusterIP", "spec/clusterIPs"),
    "StatefulSet.apps": (
        "spec/podManagementPolicy",
        "spec/selector",
        "spec/serviceName",
        "spec/volumeClaimTemplates",
    ),
    "StorageClass.storage.k8s.io": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
    "VolumeAttributesClass.storage.k8s.io": ("driverName", "parameters"),
}
SEALED = ("binaryData", "data", "immutable", "stringData")
"""What a ConfigMap or a Secret with `immutable: true` does not let change."""


def unchangeable(earlier: Manifest, later: Manifest) -> tuple[str, ...]:
    """The fields of an object that differ and that the API server will not change, as `/spec/selector`."""
    fields = {*IMMUTABLE.get(earlier.kind, ()), *_sealed(earlier)}
    return tuple(
        f"/{field}"
        for field in sorted(fields)
        if dumps(_value(earlier.content, field)) != dumps(_value(later.content, field))
    )


def _sealed(manifest: Manifest) -> tuple[str, ...]:
    immutable = manifest.content.get("immutable") is True
    return SEALED if immutable and manifest.kind in ("ConfigMap", "Secret") else ()


def _value(content: Json, field: str) -> Json:
    """The value of a field; None where it is absent, which the API server does not tell apart."""
    for step in field.split("/"):
        content = content.get(step) if isinstance(content, dict) else None
    return content
