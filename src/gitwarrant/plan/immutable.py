"""Which fields the API server does not let change once an object exists, as data.

The table lets a pull request see beforehand that an object will be made again.
It need not be complete: what it does not know, the server refuses in its dry
run, and what it names too much, the server changes in place (`cluster.recreate`).
"""

from collections.abc import Mapping

from gitwarrant.model.manifest import Content, Manifest, Pointer
from gitwarrant.objects.difference import compare, path

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
    frozen = [_pointer(field) for field in _frozen(earlier.kind, earlier.content)]
    found = compare(earlier.content, later.content) if frozen else ()
    return tuple(
        sorted(
            {
                path(one)
                for difference in found
                for one in frozen
                # A part of the field differs, or a whole of which it is a part.
                if difference.pointer[: len(one)] == one
                or one[: len(difference.pointer)] == difference.pointer
            }
        )
    )


def _frozen(kind: str, content: Content) -> tuple[str, ...]:
    sealed = SEALED if kind in ("ConfigMap", "Secret") and content.get("immutable") is True else ()
    return (*IMMUTABLE.get(kind, ()), *sealed)


def _pointer(field: str) -> Pointer:
    return tuple(field.split("/"))
