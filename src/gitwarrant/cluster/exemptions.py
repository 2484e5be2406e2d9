"""Fields that may differ from the baseline without being drift: shipped, narrow, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitwarrant.cluster.attribution import Owner, owners
from gitwarrant.model.manifest import ObjectKey, Pointer
from gitwarrant.model.plan import FieldDifference

Field = tuple[str, ...]
"""A way to a field; `*` stands for every item of a list."""

CONTROLLERS = frozenset({"kube-controller-manager"})


@dataclass(frozen=True, slots=True)
class Allocated:
    """A field that the server gives a value of its own choice where the manifest is silent."""

    kind: str
    field: Field
    reason: str


@dataclass(frozen=True, slots=True)
class Exemption:
    """A field that a controller of the cluster writes. It counts only where managedFields name that writer
    (for an autoscaler: name nobody else).

    `added`: only where the baseline has no such field, so nothing that was
    declared or defaulted is ever exempt. `subresource`: through which it must
    have been written; empty for any. `autoscaled`: only while a warranted
    autoscaler targets the object.
    """

    kind: str
    field: Field
    managers: frozenset[str]
    reason: str
    subresource: str = ""
    added: bool = True
    autoscaled: bool = False


ALLOCATED: tuple[Allocated, ...] = (
    Allocated("Service", ("spec", "clusterIP"), "the server picks an address from its range"),
    Allocated("Service", ("spec", "clusterIPs"), "the server picks an address from its range"),
    Allocated("Service", ("spec", "ports", "*", "nodePort"), "the server picks a port from its range"),
    Allocated("Service", ("spec", "healthCheckNodePort"), "the server picks a port from its range"),
    # A binding leaves no owner in managedFields; once set, the server lets nobody change it.
    Allocated("Pod", ("spec", "nodeName"), "the scheduler chose the node"),
)

INJECTORS = frozenset({"cainjector", "cert-manager-cainjector", "service-ca-operator"})
SCALE = "an autoscaler sets the number of replicas"
BOUND = "the volume binder writes what it bound"
CA = "a CA injector writes the bundle"

EXEMPTIONS: tuple[Exemption, ...] = (
    Exemption(
        "Deployment.apps",
        ("metadata", "annotations", "deployment.kubernetes.io/revision"),
        CONTROLLERS,
        "the Deployment controller counts revisions",
    ),
    Exemption(
        "DaemonSet.apps",
        ("metadata", "annotations", "deprecated.daemonset.template.generation"),
        CONTROLLERS,
        "the server counts generations",
    ),
    *(
        Exemption(
            kind, ("spec", "replicas"), CONTROLLERS, SCALE, subresource="scale", added=False, autoscaled=True
        )
        for kind in ("Deployment.apps", "ReplicaSet.apps", "StatefulSet.apps")
    ),
    Exemption("PersistentVolumeClaim", ("spec", "volumeName"), CONTROLLERS, BOUND),
    *(
        Exemption("PersistentVolumeClaim", ("metadata", "annotations", name), CONTROLLERS, BOUND)
        for name in (
            "pv.kubernetes.io/bind-completed",
            "pv.kubernetes.io/bound-by-controller",
            "volume.beta.kubernetes.io/storage-provisioner",
            "volume.kubernetes.io/storage-provisioner",
        )
    ),
    Exemption(
        "PersistentVolumeClaim",
        ("metadata", "annotations", "volume.kubernetes.io/selected-node"),
        frozenset({"kube-scheduler"}),
        "the scheduler chose the node that the volume must reach",
    ),
    Exemption("PersistentVolume", ("spec", "claimRef"), CONTROLLERS, BOUND),
    Exemption(
        "PersistentVolume",
        ("metadata", "annotations", "pv.kubernetes.io/bound-by-controller"),
        CONTROLLERS,
        BOUND,
    ),
    Exemption("ServiceAccount", ("secrets",), CONTROLLERS, "older token controllers list their Secrets"),
    Exemption(
        "CustomResourceDefinition.apiextensions.k8s.io",
        ("spec", "conversion", "webhook", "clientConfig", "caBundle"),
        INJECTORS,
        CA,
    ),
    Exemption("APIService.apiregistration.k8s.io", ("spec", "caBundle"), INJECTORS, CA),
    *(
        Exemption(
            f"{kind}.admissionregistration.k8s.io",
            ("webhooks", "*", "clientConfig", "caBundle"),
            INJECTORS,
            CA,
        )
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    ),
)


def exempt(difference: FieldDifference, key: ObjectKey, live: Mapping[str, Any], *, autoscaled: bool) -> str:
    """Why a difference is no drift; empty where it is drift.

    Args:
        difference: from the baseline to the live object.
        key: which object.
        live: the whole object, with its managedFields.
        autoscaled: an autoscaler targets it.
    """
    kind = f"{key.kind}.{key.group}" if key.group else key.kind
    for allocated in ALLOCATED:
        if allocated.kind == kind and not difference.before and leads(allocated.field, difference.pointer):
            return allocated.reason
    for rule in EXEMPTIONS:
        if rule.kind != kind or not leads(rule.field, difference.pointer):
            continue
        if (rule.added and difference.before) or (rule.autoscaled and not autoscaled):
            continue
        written = owners(live, difference.pointer)
        # The server tracks no owner when a defaulted number of replicas is scaled: seen with 1.36.
        if all(_wrote(rule, owner) for owner in written) if rule.autoscaled else _named(rule, written):
            return rule.reason
    return ""


def _named(rule: Exemption, written: frozenset[Owner]) -> bool:
    return any(_wrote(rule, owner) for owner in written)


def _wrote(rule: Exemption, owner: Owner) -> bool:
    return owner.manager in rule.managers and rule.subresource in ("", owner.subresource)


def leads(field: Field, pointer: Pointer) -> bool:
    """Whether a way leads exactly to this pointer."""
    return len(field) == len(pointer) and all(
        isinstance(at, int) if step == "*" else step == at for step, at in zip(field, pointer, strict=True)
    )
