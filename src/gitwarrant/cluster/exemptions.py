"""Fields that may differ from the baseline without being drift: shipped, narrow, each with its reason.

What an admission webhook does when an object is created needs no entry here: a
mesh's sidecar in a Pod and the defaults of an operator are part of the
baseline, because the dry run that makes it goes through the same webhooks.

Every line says what somebody gains who may write the object and forges the
writer's name: never more than that one field. What would give power (a
container, a label that a policy or a mesh reads, a finalizer of unknown name,
a path of an Ingress) has no line.
"""

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gitwarrant.model.live import SHIPPED, Excuse, Writer
from gitwarrant.model.manifest import Content, Json, ObjectKey, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import path

Field = tuple[str, ...]
"""A way to a field; `*` stands for every item of a list."""

WHOLE = frozenset({"k3s", "kubelite"})
"""Distributions that run all of Kubernetes in one process, whose name stands for each of its parts."""
CONTROLLERS = WHOLE | {"kube-controller-manager"}
CLOUDS = (
    frozenset({"aws-cloud-controller-manager", "cloud-controller-manager", "gcp-cloud-controller-manager"})
    | CONTROLLERS
)
OPENSHIFT = frozenset({"openshift-controller-manager"})
SCALERS = CONTROLLERS | {"keda", "keda-operator"}
INJECTORS = frozenset({"cainjector", "cert-manager-cainjector", "service-ca-operator"})
ISTIO = frozenset({"pilot-discovery"})
RANCHER = frozenset({"agent", "rancher"})
CERTIFIERS = frozenset(
    {"cert-manager-certificates-issuing", "cert-manager-certificates-key-manager", "cert-manager"}
)


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

    `gain`: what somebody gets by forging that name. `added`: only where the
    baseline has no such field, so nothing that was declared or defaulted is
    ever exempt. `asked`: the baseline must have one of these fields: the
    manifest asks for what is written. `values`: only these texts may be set, or
    added to a list of texts. `names`: only objects named like this.
    `subresource`: through which it must have been written; empty for any.
    `autoscaled`: only while a warranted autoscaler targets the object.
    """

    kind: str
    field: Field
    managers: frozenset[str]
    reason: str
    gain: str
    added: bool = True
    asked: tuple[Field, ...] = ()
    values: frozenset[str] = frozenset()
    names: str = "*"
    subresource: str = ""
    autoscaled: bool = False


def _annotation(name: str) -> Field:
    return ("metadata", "annotations", name)


ALLOCATED: tuple[Allocated, ...] = (
    Allocated("Service", ("spec", "clusterIP"), "the server picks an address from its range"),
    Allocated("Service", ("spec", "clusterIPs"), "the server picks an address from its range"),
    Allocated("Service", ("spec", "ports", "*", "nodePort"), "the server picks a port from its range"),
    Allocated("Service", ("spec", "healthCheckNodePort"), "the server picks a port from its range"),
    # A binding leaves no owner in managedFields; once set, the server lets nobody change it.
    Allocated("Pod", ("spec", "nodeName"), "the scheduler chose the node"),
)

SCALE = "an autoscaler sets the number of replicas"
BOUND = "the volume binder writes what it bound"
CA = "a CA injector writes the bundle that the manifest asks for"
TEXT = "a text that only people and that controller read"
STUCK = "the object stays until that controller lets it go"
FINALIZERS: Field = ("metadata", "finalizers")
WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
WEBHOOK_CA: Field = ("webhooks", "*", "clientConfig", "caBundle")
ASKS_FOR_CA = tuple(
    _annotation(name)
    for name in (
        "cert-manager.io/inject-apiserver-ca",
        "cert-manager.io/inject-ca-from",
        "cert-manager.io/inject-ca-from-secret",
        "service.beta.openshift.io/inject-cabundle",
    )
)
MISTRUSTED = "callers trust another CA: of use only with the Service, or to stop the calls"

WORKLOADS: tuple[Exemption, ...] = (
    Exemption(
        "Deployment.apps",
        _annotation("deployment.kubernetes.io/revision"),
        CONTROLLERS,
        "the Deployment controller counts revisions",
        "another number for `rollout undo`, until the controller counts again",
    ),
    Exemption(
        "DaemonSet.apps",
        _annotation("deprecated.daemonset.template.generation"),
        CONTROLLERS,
        "the server counts generations",
        TEXT,
    ),
    *(
        Exemption(
            kind,
            ("spec", "replicas"),
            SCALERS,
            SCALE,
            "a number that the autoscaler corrects at its next look",
            subresource="scale",
            added=False,
            autoscaled=True,
        )
        for kind in ("Deployment.apps", "ReplicaSet.apps", "StatefulSet.apps")
    ),
)

VOLUMES: tuple[Exemption, ...] = (
    Exemption(
        "PersistentVolumeClaim",
        ("spec", "volumeName"),
        CONTROLLERS,
        BOUND,
        "before it is bound, a claim gets another volume; after that the server lets nobody change it",
    ),
    *(
        Exemption("PersistentVolumeClaim", _annotation(name), CONTROLLERS, BOUND, TEXT)
        for name in (
            "pv.kubernetes.io/bind-completed",
            "pv.kubernetes.io/bound-by-controller",
            "volume.beta.kubernetes.io/storage-provisioner",
            "volume.kubernetes.io/storage-provisioner",
        )
    ),
    Exemption(
        "PersistentVolumeClaim",
        _annotation("volume.kubernetes.io/selected-node"),
        WHOLE | {"kube-scheduler"},
        "the scheduler chose the node that the volume must reach",
        "the volume is made near another node",
    ),
    Exemption(
        "PersistentVolume",
        ("spec", "claimRef"),
        CONTROLLERS,
        BOUND,
        "an unbound volume is given to another claim",
    ),
    Exemption(
        "PersistentVolume", _annotation("pv.kubernetes.io/bound-by-controller"), CONTROLLERS, BOUND, TEXT
    ),
)

CERTIFICATES: tuple[Exemption, ...] = (
    Exemption(
        "CustomResourceDefinition.apiextensions.k8s.io",
        ("spec", "conversion", "webhook", "clientConfig", "caBundle"),
        INJECTORS,
        CA,
        MISTRUSTED,
        asked=ASKS_FOR_CA,
    ),
    Exemption(
        "APIService.apiregistration.k8s.io",
        ("spec", "caBundle"),
        INJECTORS,
        CA,
        MISTRUSTED,
        asked=ASKS_FOR_CA,
    ),
    *(
        Exemption(
            f"{kind}.admissionregistration.k8s.io", WEBHOOK_CA, INJECTORS, CA, MISTRUSTED, asked=ASKS_FOR_CA
        )
        for kind in WEBHOOKS
    ),
    Exemption(
        "ConfigMap",
        ("data", "service-ca.crt"),
        INJECTORS,
        CA,
        "whoever reads that key trusts another CA",
        asked=ASKS_FOR_CA,
    ),
    # Not `cert-manager.io/*`: `allow-direct-injection` lets a Secret feed CA bundles.
    *(
        Exemption(
            "Secret",
            _annotation(f"cert-manager.io/{name}"),
            CERTIFIERS,
            "cert-manager notes the certificate that it keeps there",
            TEXT,
        )
        for name in (
            "alt-names",
            "certificate-name",
            "common-name",
            "ip-sans",
            "issuer-group",
            "issuer-kind",
            "issuer-name",
            "uri-sans",
        )
    ),
)

MESHES: tuple[Exemption, ...] = (
    *(
        Exemption(
            f"{kind}.admissionregistration.k8s.io",
            WEBHOOK_CA,
            ISTIO,
            "istiod writes the CA of its own webhooks",
            MISTRUSTED,
            names="istio*",
        )
        for kind in WEBHOOKS
    ),
    Exemption(
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
        ("webhooks", "*", "failurePolicy"),
        ISTIO,
        "istiod lets its validation fail closed once it can answer",
        "Istio's objects cannot be changed while istiod is away",
        added=False,
        values=frozenset({"Fail"}),
        names="istio*",
    ),
)

ROLES: tuple[Exemption, ...] = (
    Exemption(
        "ClusterRole.rbac.authorization.k8s.io",
        ("rules",),
        CONTROLLERS | {"clusterrole-aggregation-controller"},
        "the rules are gathered from the ClusterRoles that aggregationRule selects",
        "rules until the controller gathers again, within a second",
        asked=(("aggregationRule",),),
    ),
    Exemption(
        "ServiceAccount",
        ("secrets",),
        CONTROLLERS | OPENSHIFT,
        "older token controllers list their Secrets",
        "Secrets of its namespace may be mounted, where that is limited at all",
    ),
    Exemption(
        "ServiceAccount",
        ("imagePullSecrets",),
        OPENSHIFT,
        "OpenShift lets its Pods pull from the inner registry",
        "images are pulled with another credential of the same namespace",
    ),
)

CLOUD: tuple[Exemption, ...] = (
    Exemption(
        "Service",
        FINALIZERS,
        CLOUDS,
        "a cloud's load balancer is taken down before its Service",
        STUCK,
        added=False,
        values=frozenset({"service.kubernetes.io/load-balancer-cleanup"}),
    ),
    Exemption(
        "Service",
        FINALIZERS,
        frozenset({"controller"}),
        "the AWS load balancer controller takes its load balancer down first",
        STUCK,
        added=False,
        values=frozenset({"service.k8s.aws/resources"}),
    ),
    Exemption(
        "Ingress.networking.k8s.io",
        FINALIZERS,
        frozenset({"controller", "glbc"}),
        "a load balancer is taken down before its Ingress",
        STUCK,
        added=False,
        values=frozenset({"ingress.k8s.aws/resources", "networking.gke.io/ingress-finalizer-V2"}),
    ),
    Exemption(
        "Service",
        _annotation("cloud.google.com/neg-status"),
        frozenset({"glbc"}),
        "GKE notes the network endpoint groups that it made",
        TEXT,
    ),
    *(
        Exemption(
            "Ingress.networking.k8s.io",
            _annotation(f"ingress.kubernetes.io/{name}"),
            frozenset({"glbc"}),
            "GKE notes the parts of the load balancer that it made",
            TEXT,
        )
        for name in (
            "backends",
            "forwarding-rule",
            "https-forwarding-rule",
            "https-target-proxy",
            "ssl-cert",
            "target-proxy",
            "url-map",
        )
    ),
    # Not `field.cattle.io/projectId`: it moves a namespace to whoever holds another project.
    *(
        Exemption(
            kind,
            _annotation("field.cattle.io/publicEndpoints"),
            RANCHER,
            "Rancher notes where it can be reached",
            TEXT,
        )
        for kind in (
            "DaemonSet.apps",
            "Deployment.apps",
            "Ingress.networking.k8s.io",
            "Service",
            "StatefulSet.apps",
        )
    ),
    Exemption("Namespace", _annotation("cattle.io/status"), RANCHER, "Rancher notes its progress", TEXT),
)

EXEMPTIONS: tuple[Exemption, ...] = (*WORKLOADS, *VOLUMES, *CERTIFICATES, *MESHES, *ROLES, *CLOUD)


def exempt(
    difference: FieldDifference,
    key: ObjectKey,
    truth: Content,
    written: Collection[Writer],
    *,
    autoscaled: bool,
) -> Excuse | None:
    """Why a difference is no drift; None where it is drift.

    Args:
        difference: from the baseline to the live object.
        key: which object.
        truth: the whole baseline.
        written: who wrote the field, as managedFields tell.
        autoscaled: an autoscaler targets it.
    """
    for allocated in ALLOCATED:
        if (
            allocated.kind == key.typed
            and not difference.before
            and leads(allocated.field, difference.pointer)
        ):
            return Excuse(name_of(allocated), allocated.reason, SHIPPED)
    for rule in EXEMPTIONS:
        if (
            _about(rule, key, difference)
            and _allowed(rule, truth, difference, autoscaled=autoscaled)
            and _written(rule, written)
        ):
            return Excuse(name_of(rule), rule.reason, SHIPPED)
    return None


def name_of(rule: Allocated | Exemption) -> str:
    """What a shipped rule is called: its kind and its field."""
    return f"{rule.kind} {path(rule.field)}"


def _about(rule: Exemption, key: ObjectKey, difference: FieldDifference) -> bool:
    return (
        rule.kind == key.typed and leads(rule.field, difference.pointer) and fnmatchcase(key.name, rule.names)
    )


def _allowed(rule: Exemption, truth: Content, difference: FieldDifference, *, autoscaled: bool) -> bool:
    return (
        not (rule.added and difference.before not in ((), (None,)))
        and not (rule.autoscaled and not autoscaled)
        and (not rule.asked or any(_has(truth, field) for field in rule.asked))
        and (not rule.values or _only(rule.values, difference))
    )


def _has(content: Json, field: Field) -> bool:
    for step in field:
        if not isinstance(content, dict) or step not in content:
            return False
        content = content[step]
    return bool(content)


def _only(values: frozenset[str], difference: FieldDifference) -> bool:
    """Whether these texts were set, or were added to a list that otherwise stayed as it was."""
    match difference.before, difference.after:
        case before, (list(after),):
            old = before[0] if before else []
            return (
                isinstance(old, list) and [item for item in after if item not in values or item in old] == old
            )
        case _, (str(text),):
            return text in values
    return False


def _written(rule: Exemption, written: Collection[Writer]) -> bool:
    if rule.autoscaled:  # the server tracks no owner when a defaulted number is scaled: seen with 1.36
        return all(_wrote(rule, owner) for owner in written)
    return any(_wrote(rule, owner) for owner in written)


def _wrote(rule: Exemption, owner: Writer) -> bool:
    return owner.manager in rule.managers and rule.subresource in ("", owner.subresource)


def leads(field: Field, pointer: Pointer) -> bool:
    """Whether a way leads exactly to this pointer."""
    return len(field) == len(pointer) and begins(field, pointer)


def begins(field: Field, pointer: Pointer) -> bool:
    """Whether a way leads to this pointer, or to what holds it."""
    return len(field) <= len(pointer) and all(
        isinstance(at, int) if step == "*" else step == at for step, at in zip(field, pointer, strict=False)
    )
