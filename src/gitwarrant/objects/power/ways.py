"""The ways from one power to more, as data: what it takes, what it gives, and how to say so."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from gitwarrant.objects.power.atoms import ALL, Power, matches_resource, spoken
from gitwarrant.objects.rbac import GROUP

KUBE_SYSTEM = "kube-system"
"""Where Kubernetes' own controllers have their accounts; together they may do anything."""


SHOWN = 3  # powers in one sentence


class Gain(Enum):
    """What a way leads to, where its powers hold."""

    EVERYTHING = "everything"
    """Anything there; in the whole cluster where the power has no namespace."""
    CLUSTER = "cluster"
    """Anything in the whole cluster, wherever the power holds."""
    ACCOUNTS = "accounts"
    """The power of every ServiceAccount there, or of the one that the power names."""
    ROLE = "role"
    """The rules of the role that the power names; of every role where it names none."""
    IDENTITY = "identity"
    """The power of the user or group that the power names; of everybody where it names none."""
    REACH = "reach"
    """Nothing that RBAC knows more of; what it is worth depends on what lies there."""


@dataclass(frozen=True, slots=True)
class Need:
    """One of the powers that a way takes: any of these verbs on any of these resources."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    cluster: bool = False
    """The resource belongs to the whole cluster: a rule for it means nothing inside a namespace."""

    def met_by(self, power: Power) -> bool:
        """Whether a power is one of these, or covers one of them."""
        return (
            (power.verb == ALL or power.verb in self.verbs)
            and power.group in (ALL, self.group)
            and not power.url
            and not (self.cluster and power.namespace)
            and any(matches_resource(power.resource, resource) for resource in self.resources)
        )


@dataclass(frozen=True, slots=True)
class Way:
    """One way; all of `needs` must be met in one place, the first of them says where and for which name."""

    id: str
    needs: tuple[Need, ...]
    gain: Gain
    says: str


WRITE = ("create", "patch", "update")
READ = ("get", "list", "watch")
_ADMISSION = "admissionregistration.k8s.io"
_CERTIFICATES = "certificates.k8s.io"
_BINDINGS = Need(GROUP, ("rolebindings",), WRITE)
_CLUSTER_BINDINGS = Need(GROUP, ("clusterrolebindings",), WRITE, cluster=True)
_CORE_WORKLOADS = ("pods", "podtemplates", "replicationcontrollers")
_APP_WORKLOADS = ("daemonsets", "deployments", "replicasets", "statefulsets")

WAYS: tuple[Way, ...] = (
    Way("everything", (Need(ALL, (ALL,), ()),), Gain.EVERYTHING, "has every verb on every resource"),
    Way(
        "escalate",
        (Need(GROUP, ("roles",), ("escalate",)), Need(GROUP, ("roles",), WRITE)),
        Gain.EVERYTHING,
        "may write any rule into a Role",
    ),
    Way(
        "escalate-cluster",
        (
            Need(GROUP, ("clusterroles",), ("escalate",), cluster=True),
            Need(GROUP, ("clusterroles",), WRITE, cluster=True),
        ),
        Gain.EVERYTHING,
        "may write any rule into a ClusterRole",
    ),
    Way(
        "bind",
        (Need(GROUP, ("roles",), ("bind",)), _BINDINGS),
        Gain.ROLE,
        "may give a Role to anybody, itself too",
    ),
    Way(
        "bind-cluster-role",
        (Need(GROUP, ("clusterroles",), ("bind",)), _BINDINGS),
        Gain.ROLE,
        "may give a ClusterRole to anybody, itself too",
    ),
    Way(
        "bind-cluster",
        (Need(GROUP, ("clusterroles",), ("bind",), cluster=True), _CLUSTER_BINDINGS),
        Gain.ROLE,
        "may give a ClusterRole to anybody in the whole cluster, itself too",
    ),
    Way(
        "impersonate",
        (Need("", ("users", "groups"), ("impersonate",), cluster=True),),
        Gain.IDENTITY,
        "may act as somebody else",
    ),
    Way(
        "impersonate-account",
        (Need("", ("serviceaccounts",), ("impersonate",)),),
        Gain.ACCOUNTS,
        "may act as a ServiceAccount",
    ),
    Way(
        "token",
        (Need("", ("serviceaccounts/token",), ("create",)),),
        Gain.ACCOUNTS,
        "may have tokens of a ServiceAccount made",
    ),
    Way(
        "secret-token",
        (Need("", ("secrets",), ("create", "update", "patch")), Need("", ("secrets",), READ)),
        Gain.ACCOUNTS,
        "may have a Secret filled with a ServiceAccount's token, and read it",
    ),
    Way("secrets", (Need("", ("secrets",), READ),), Gain.REACH, "reads Secrets, and what they let in to"),
    Way(
        "exec",
        (Need("", ("pods/exec", "pods/attach"), ("create", "get")),),
        Gain.ACCOUNTS,
        "runs commands in running Pods",
    ),
    Way(
        "debug",
        (Need("", ("pods/ephemeralcontainers",), ("patch", "update")),),
        Gain.ACCOUNTS,
        "puts containers into running Pods",
    ),
    *(
        Way("workload", (Need(group, kinds, WRITE),), Gain.ACCOUNTS, "decides what runs as a ServiceAccount")
        for group, kinds in (
            ("", _CORE_WORKLOADS),
            ("apps", _APP_WORKLOADS),
            ("batch", ("cronjobs", "jobs")),
        )
    ),
    Way(
        "node-proxy",
        (Need("", ("nodes/proxy",), ("create", "get"), cluster=True),),
        Gain.CLUSTER,
        "runs commands in every Pod, past the API server",
    ),
    Way(
        "mutating-admission",
        (
            Need(
                _ADMISSION,
                ("mutatingwebhookconfigurations", "mutatingadmissionpolicies"),
                WRITE,
                cluster=True,
            ),
        ),
        Gain.CLUSTER,
        "changes every object that anybody writes",
    ),
    Way(
        "validating-admission",
        (Need(_ADMISSION, ("validatingwebhookconfigurations",), WRITE, cluster=True),),
        Gain.REACH,
        "is shown every object that anybody writes, Secrets too",
    ),
    Way(
        "lift-admission",
        (
            Need(
                _ADMISSION,
                (
                    "validatingwebhookconfigurations",
                    "validatingadmissionpolicies",
                    "validatingadmissionpolicybindings",
                ),
                (*WRITE, "delete", "deletecollection"),
                cluster=True,
            ),
        ),
        Gain.REACH,
        "switches off what admission forbids",
    ),
    Way(
        "pod-security",
        (Need("", ("namespaces",), ("patch", "update")),),
        Gain.REACH,
        "takes labels off a namespace, and with them Pod Security",
    ),
    Way(
        "certificates",
        (
            Need(_CERTIFICATES, ("certificatesigningrequests/approval",), ("patch", "update"), cluster=True),
            Need(_CERTIFICATES, ("signers",), ("approve",), cluster=True),
        ),
        Gain.CLUSTER,
        "approves certificates that let in as any user",
    ),
    Way(
        "api-service",
        (Need("apiregistration.k8s.io", ("apiservices",), WRITE, cluster=True),),
        Gain.CLUSTER,
        "answers in the API server's place",
    ),
    Way(
        "node-files",
        (Need("", ("persistentvolumes",), WRITE, cluster=True),),
        Gain.REACH,
        "gives Pods any path of a node as a volume",
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A way that somebody can go: where, and for which name the power holds (both may be empty: any)."""

    way: str
    namespace: str
    name: str
    cluster_role: bool
    """The name is that of a ClusterRole."""
    says: str
    powers: tuple[Power, ...]
    """The powers that the first need is met by."""

    def __str__(self) -> str:
        """`may write any rule into a Role (escalate roles "app" in shop)`."""
        words = spoken(self.powers)
        more = [f"{len(words) - SHOWN} more"] if len(words) > SHOWN else []
        return f"{self.says} ({'; '.join([*words[:SHOWN], *more])})"


def steps(powers: Iterable[Power]) -> Iterator[tuple[Step, Gain]]:
    """The ways that somebody with these powers can go, one for each place and name."""
    held = sorted(powers)
    for way in WAYS:
        found: dict[tuple[str, str], list[Power]] = {}
        for power in held:
            if way.needs[0].met_by(power):
                for namespace in _places(power, way.needs[1:], held):
                    found.setdefault((namespace, power.name), []).append(power)
        for (namespace, name), used in sorted(found.items()):
            cluster_role = any("clusterroles" in need.resources for need in way.needs)
            yield Step(way.id, namespace, name, cluster_role, way.says, tuple(used)), way.gain


def _places(first: Power, others: tuple[Need, ...], held: list[Power]) -> set[str]:
    """The namespaces in which all needs are met; the empty one is the whole cluster."""
    places = {first.namespace}
    for need in others:
        with_it = {power.namespace for power in held if need.met_by(power)}
        places = {one or other for one in places for other in with_it if not one or not other or one == other}
    return places
