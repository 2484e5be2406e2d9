"""Objects that nobody declared, where an environment has a namespace to itself: an intruder's Pod, a grant.

They are told, never touched. Only metadata is read. What a controller made is
left out where the controller also undoes what others make in its name; an
owner reference alone proves nothing, for anybody may write one.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.discovery import Resource
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.power.calls import BOOKKEEPING, BY_NAME
from gitwarrant.cluster.refusal import ClusterError, ServerTrouble
from gitwarrant.model.live import Drift, DriftKind, Explained, JudgedField
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import FieldDifference

MAX_SEEN = 20_000  # objects of one namespace, of which some hundred bytes each are kept while it is judged
LISTS = 4  # lists read at once: a page of metadata takes a megabyte or two
MAX_TOLD = 500  # undeclared objects of one namespace that are told one by one

EVERYWHERE = frozenset(
    {
        ("ConfigMap", "istio-ca-root-cert"),
        ("ConfigMap", "kube-root-ca.crt"),
        ("ConfigMap", "openshift-service-ca.crt"),
        ("ServiceAccount", "default"),
    }
)
"""Objects that a controller puts into every namespace, and puts right when somebody changes them."""
MADE = frozenset(
    {
        ("CronJob.batch", "Job.batch"),
        ("DaemonSet.apps", "ControllerRevision.apps"),
        ("DaemonSet.apps", "Pod"),
        ("Deployment.apps", "ReplicaSet.apps"),
        ("Job.batch", "Pod"),
        ("ReplicaSet.apps", "Pod"),
        ("ReplicationController", "Pod"),
        ("Service", "EndpointSlice.discovery.k8s.io"),
        ("StatefulSet.apps", "ControllerRevision.apps"),
        ("StatefulSet.apps", "PersistentVolumeClaim"),
        ("StatefulSet.apps", "Pod"),
    }
)
"""What the controllers of Kubernetes make of what: the owner's kind and the kind that is owned."""
GRANTS = frozenset({"Role.rbac.authorization.k8s.io", "RoleBinding.rbac.authorization.k8s.io"})
"""Kinds that an owner reference never excuses: an operator that makes them is named by an ignore rule."""
SLICES = frozenset({"endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"})
"""Who takes away EndpointSlices of its own name that it did not make."""
NUMBER = re.compile(r"\d+", re.ASCII)
SLICED_BY = "endpointslice.kubernetes.io/managed-by"


@dataclass(frozen=True, slots=True)
class Makers:
    """For what declared objects controllers make others of a known name, without an owner."""

    unselective: frozenset[ObjectKey]
    """Services without selector: nobody keeps their Endpoints right."""
    claims: frozenset[tuple[str, str]]
    """Namespace and name of what StatefulSets claim, less the number at its end."""

    @classmethod
    def of(cls, manifests: Iterable[Manifest]) -> Self:
        """What these are known to be made for; all Services and StatefulSets must be among them."""
        unselective, claims = set(), set()
        for item in manifests:
            if item.kind == "Service" and not (item.content.get("spec") or {}).get("selector"):
                unselective.add(item.key)
            elif item.kind == "StatefulSet.apps":
                claims |= {(item.key.namespace, name) for name in _claims(item)}
        return cls(frozenset(unselective), frozenset(claims))


@dataclass(frozen=True, slots=True)
class Estate:
    """Where to look, and what may be there.

    Args:
        whole: namespaces that hold nothing but what was declared.
        shared: other namespaces of the environment: only what carries its label is looked at,
            of the kinds that it has.
        identifier: the label's value.
        declared: what any environment declared, and what gitwarrant itself keeps there.
        uids: of the environment's inventory, with the kind of each.
        makers: what controllers make for the environment's own objects without an owner.
        ignoring: which undeclared objects are wanted.
    """

    whole: frozenset[str]
    shared: frozenset[str]
    identifier: str
    declared: frozenset[ObjectKey]
    uids: Mapping[str, str]
    makers: Makers
    ignoring: Ignoring


@dataclass(frozen=True, slots=True)
class _Seen:
    key: ObjectKey
    metadata: Mapping[str, Any]

    @property
    def uid(self) -> str:
        return str(self.metadata.get("uid", ""))

    @property
    def labels(self) -> Mapping[str, str]:
        return self.metadata.get("labels") or {}


@dataclass(slots=True)
class _Census:
    """One namespace, taken in object by object: only of what may be a stranger more than its uid is kept."""

    estate: Estate
    whole: bool
    known: dict[str, str]
    """The uids of what is no stranger, with the kind of each."""
    seen: set[ObjectKey] = field(default_factory=set)
    left: list[_Seen] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """Which kinds could not be looked at."""

    def take(self, item: _Seen) -> bool:
        """Take in one object; whether there was room. A list that began anew gives some twice."""
        if len(self.seen) >= MAX_SEEN:
            return False
        if item.key not in self.seen:
            self.seen.add(item.key)
            if self._is_known(item):
                self.known[item.uid] = item.key.typed
            else:
                self.left.append(item)
        return True

    def _is_known(self, item: _Seen) -> bool:
        if item.key in self.estate.declared:
            return True
        return self.whole and (_expected(item.key, self.estate) or _is_made(item, self.known))

    def strangers(self) -> list[_Seen]:
        """What is there that was neither declared nor made by a controller of what was."""
        left = self.left
        while made := [item for item in left if self._is_known(item)]:
            self.known |= {item.uid: item.key.typed for item in made}
            left = [item for item in left if item.uid not in self.known]
        return left


async def undeclared(cluster: Cluster, estate: Estate) -> tuple[list[Drift], list[Explained]]:
    """Find what nobody declared, and what of it is wanted.

    Raises:
        Unreachable: the server does not answer.
    """
    kinds = await holdings(cluster)
    owned = frozenset(estate.uids.values())
    ours = [resource for resource in kinds if _typed(resource) in owned]
    drifts: list[Drift] = []
    wanted: list[Explained] = []
    for namespace in sorted(estate.whole | estate.shared):
        labels = "" if namespace in estate.whole else f"{PART_OF}={estate.identifier}"
        census = _Census(estate, not labels, dict(estate.uids))
        calls = [
            partial(_list_kind, cluster, kind, namespace, labels, census)
            for kind in (ours if labels else kinds)
        ]
        await bounded(LISTS, calls)
        strangers = census.strangers()
        told = [_judged(item, estate) for item in sorted(strangers, key=lambda item: item.key)]
        found = [item for item in told if isinstance(item, Drift)]
        wanted += [item for item in told if isinstance(item, Explained)]
        drifts += found[:MAX_TOLD]
        drifts += _beyond(namespace, census, len(found))
    return drifts, wanted


async def holdings(cluster: Cluster) -> list[Resource]:
    """The kinds whose objects are looked at, in one version each.

    Raises:
        Unreachable: the server does not answer.
    """
    served = {_typed(resource): resource for resource in await cluster.served()}
    return [resource for resource in served.values() if holds(resource)]


async def may_be_listed(cluster: Cluster, kind: Resource, namespace: str) -> bool:
    """Whether strangers of this kind are looked for.

    To list Secrets is to read them all: where RBAC does not let us, nobody is asked to, and strangers
    among them stay unseen.
    """
    return (kind.group, kind.kind) not in BY_NAME or await cluster.may("list", kind, namespace)


def holds(resource: Resource) -> bool:
    """Whether objects of this kind are kept in namespaces."""
    return (
        resource.namespaced and {"list", "create"} <= resource.verbs and _typed(resource) not in BOOKKEEPING
    )


def _typed(resource: Resource) -> str:
    return ObjectKey(resource.group, resource.kind, "", "").typed


async def _list_kind(cluster: Cluster, kind: Resource, namespace: str, labels: str, census: _Census) -> None:
    try:
        if not await may_be_listed(cluster, kind, namespace):
            return
        async for item in _metadata(cluster, kind, namespace, labels):
            if not census.take(item):
                census.unseen.append(f"{_typed(kind)} (more than {MAX_SEEN} objects)")
                return
    except (ClusterError, ServerTrouble) as error:
        census.unseen.append(f"{_typed(kind)} ({error.what})")


async def _metadata(cluster: Cluster, kind: Resource, namespace: str, labels: str) -> AsyncIterator[_Seen]:
    async for page in cluster.pages(kind, namespace, labels=labels, metadata=True):
        for item in page.items:
            metadata = item.get("metadata") or {}
            for entry in metadata.get("managedFields") or ():
                entry.pop("fieldsV1", None)  # most of all bytes, and only the managers' names are told
            yield _Seen(ObjectKey(kind.group, kind.kind, namespace, str(metadata.get("name"))), metadata)


def _expected(key: ObjectKey, estate: Estate) -> bool:
    """What is there without an owner: in every namespace, or for a declared object of that name."""
    if (key.kind, key.name) in EVERYWHERE and not key.group:
        return True
    if key.typed == "Endpoints":
        service = ObjectKey("", "Service", key.namespace, key.name)
        return service in estate.declared and service not in estate.makers.unselective
    claim, _, number = key.name.rpartition("-")
    numbered = NUMBER.fullmatch(number) is not None
    return (
        key.typed == "PersistentVolumeClaim" and numbered and (key.namespace, claim) in estate.makers.claims
    )


def _claims(item: Manifest) -> list[str]:
    templates = (item.content.get("spec") or {}).get("volumeClaimTemplates") or ()
    return [f"{(template.get('metadata') or {}).get('name')}-{item.key.name}" for template in templates]


def _is_made(item: _Seen, known: Mapping[str, str]) -> bool:
    kind = item.key.typed
    if kind == "EndpointSlice.discovery.k8s.io" and item.labels.get(SLICED_BY) not in SLICES:
        return False
    for reference in item.metadata.get("ownerReferences") or ():
        owner = known.get(reference.get("uid"), "")
        if (owner, kind) in MADE and reference.get("controller") is True:
            return True
        if owner and _is_custom(owner) and kind not in GRANTS:
            return True
    return False


def _is_custom(kind: str) -> bool:
    group = kind.partition(".")[2]
    return "." in group and not group.endswith(".k8s.io")


def _judged(item: _Seen, estate: Estate) -> Drift | Explained:
    live = {"apiVersion": "", "kind": item.key.kind, "metadata": dict(item.metadata)}
    excuse, complaints = estate.ignoring.undeclared(item.key, live)
    if excuse:
        return Explained(item.key, (JudgedField(FieldDifference((), (), ()), (), excuse),))
    notes = [f"since {item.metadata.get('creationTimestamp')}", *complaints]
    if item.labels.get(PART_OF) == estate.identifier:
        notes.append("it carries this environment's label, but no warrant names it")
    managers = {str(entry.get("manager")) for entry in item.metadata.get("managedFields") or ()}
    return Drift(item.key, DriftKind.UNDECLARED, (), tuple(sorted(managers)), "; ".join(notes))


def _beyond(namespace: str, census: _Census, found: int) -> list[Drift]:
    """What cannot be told one by one, said of the namespace."""
    notes = [f"{found - MAX_TOLD} more objects that nobody declared"] if found > MAX_TOLD else []
    if census.unseen:
        notes.append(f"could not be listed: {', '.join(sorted(set(census.unseen)))}")
    key = ObjectKey("", "Namespace", "", namespace)
    return [Drift(key, DriftKind.UNJUDGED, (), (), "; ".join(notes))] if notes else []
