"""Which kinds live in a namespace and which belong to the whole cluster.

Kubernetes up to 1.36, kinds of removed API versions included: a manifest that
names one is judged, and refused by the server, not mistaken for a custom kind.
Requests without an object of their own (reviews, bindings) are not listed.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from gitwarrant.model.manifest import Content


class Scope(Enum):
    """Where the name of an object is unique."""

    NAMESPACE = "namespace"
    CLUSTER = "cluster"


_NAMESPACED = {
    "": "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController "
    "ResourceQuota Secret Service ServiceAccount",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "coordination.k8s.io": "Lease LeaseCandidate",
    "discovery.k8s.io": "EndpointSlice",
    "events.k8s.io": "Event",
    "extensions": "DaemonSet Deployment Ingress NetworkPolicy ReplicaSet",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
    "resource.k8s.io": "PodSchedulingContext ResourceClaim ResourceClaimTemplate",
    "storage.k8s.io": "CSIStorageCapacity",
}
_CLUSTER = {
    "": "Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "extensions": "PodSecurityPolicy",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "internal.apiserver.k8s.io": "StorageVersion",
    "networking.k8s.io": "ClusterCIDR IPAddress IngressClass ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy": "PodSecurityPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceClass ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
    "storagemigration.k8s.io": "StorageVersionMigration",
}
BUILTIN: Mapping[tuple[str, str], Scope] = {
    (group, kind): scope
    for table, scope in ((_NAMESPACED, Scope.NAMESPACE), (_CLUSTER, Scope.CLUSTER))
    for group, kinds in table.items()
    for kind in kinds.split()
}


def scope(group: str, kind: str) -> Scope | None:
    """The scope of a kind that Kubernetes itself has; None for any other."""
    return BUILTIN.get((group, kind))


def defined_scopes(contents: Iterable[Content]) -> dict[tuple[str, str], Scope]:
    """The kinds that CustomResourceDefinitions among these objects define, with their scope."""
    found: dict[tuple[str, str], Scope] = {}
    for content in contents:
        if content.get("kind") != "CustomResourceDefinition":
            continue
        spec: Any = content.get("spec")
        names = spec.get("names") if isinstance(spec, dict) else None
        if not isinstance(names, dict):
            continue  # the API server will say what is wrong with it
        match spec.get("group"), names.get("kind"), spec.get("scope"):
            case str(group), str(kind), "Namespaced":
                found[group, kind] = Scope.NAMESPACE
            case str(group), str(kind), "Cluster":
                found[group, kind] = Scope.CLUSTER
    return found
