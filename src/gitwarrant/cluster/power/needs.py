"""The power that one environment takes: by the tenant's grant, or by the very objects there are now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import product

from gitwarrant.cluster.applyset import parent_key
from gitwarrant.cluster.power.calls import (
    BOOKKEEPING,
    BY_NAME,
    CLUSTER_UID,
    OBJECT_CALLS,
    PARENT,
    PARENT_VERBS,
    SCHEMA,
    STRANGERS,
    WATCHED,
    Call,
    names,
)
from gitwarrant.model.environment import Environment, Grant
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.objects.power.atoms import Power, concise, powers_of
from gitwarrant.objects.power.subjects import referenced, role_of
from gitwarrant.objects.rbac import BINDINGS, GROUP
from gitwarrant.objects.removal import may_be_deleted
from gitwarrant.objects.resources import defined_plurals, plural
from gitwarrant.objects.scope import BUILTIN, Scope, scope

ANY_KIND = "*"
DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")


def _typed(group: str, kind: str) -> str:
    return ObjectKey(group, kind, "", "").typed


STRANGERS_OF_KUBERNETES = frozenset(
    (group, kind)
    for (group, kind), where in BUILTIN.items()
    if where is Scope.NAMESPACE and group != "extensions" and _typed(group, kind) not in BOOKKEEPING
)

POWERFUL = frozenset({"Secret", f"Role.{GROUP}", f"RoleBinding.{GROUP}"})
"""Kinds that carry power themselves: their objects are named in rules, whatever the grant says."""

Kind = tuple[str, str]
"""(group, kind)"""


@dataclass(frozen=True, slots=True)
class Served:
    """What a cluster says of its kinds; empty where nobody asked it.

    Without it, only the kinds of Kubernetes itself and those that the manifests
    define are known by their resource.
    """

    plurals: Mapping[Kind, str] = field(default_factory=dict)
    strangers: frozenset[Kind] = frozenset()
    """Kinds of which objects that nobody declared can be in a namespace."""


class Naming(Enum):
    """How far rules reach: to what the grant allows, or to the objects there are now."""

    GRANT = "grant"
    EXACT = "exact"


@dataclass(frozen=True, slots=True, order=True)
class Needed:
    """A power, and what it is needed for."""

    power: Power
    reason: str


def needs(
    environment: Environment,
    grant: Grant,
    manifests: Sequence[Manifest],
    *,
    naming: Naming,
    served: Served,
    leaving: Sequence[Manifest] = (),
) -> tuple[Needed, ...]:
    """Everything that deploying these manifests, and watching them, asks of the API server.

    What belongs to the whole cluster and what carries power is always named
    object by object: there, a new object needs a new rule.

    Args:
        leaving: objects that stand now and are in the manifests no more: they will be deleted.

    Raises:
        GitwarrantError: a custom kind's resource is not known.
    """
    plurals = {**served.plurals, **defined_plurals(item.content for item in (*leaving, *manifests))}
    scene = _Scene(environment, grant, manifests, leaving, replace(served, plurals=plurals))
    found = [*scene.own(), *scene.objects(named_only=naming is Naming.GRANT), *scene.power_of_roles()]
    if naming is Naming.GRANT:
        found += scene.granted()
    found += [*scene.watched(granted=naming is Naming.GRANT), *scene.strangers()]
    wanted = frozenset(concise(item.power for item in found))
    reasons: dict[Power, list[str]] = {}
    for item in found:
        if item.power in wanted and item.reason not in reasons.setdefault(item.power, []):
            reasons[item.power].append(item.reason)
    return tuple(sorted(Needed(power, "; ".join(words)) for power, words in reasons.items()))


@dataclass(frozen=True, slots=True)
class _Scene:
    environment: Environment
    grant: Grant
    manifests: Sequence[Manifest]
    leaving: Sequence[Manifest]
    served: Served

    def own(self) -> Iterator[Needed]:
        """What gitwarrant keeps and asks for itself."""
        yield Needed(Power("", "namespaces", "get", name="kube-system"), CLUSTER_UID)
        parent = parent_key(self.environment.name, self.environment.namespace)
        for verb in PARENT_VERBS:
            yield Needed(Power("", "configmaps", verb, parent.namespace, parent.name), PARENT)
        for manifest in self.manifests:
            yield from self._schema(manifest.key.group, manifest.key.kind, manifest.place)

    def _schema(self, group: str, kind: str, place: Place) -> Iterator[Needed]:
        if scope(group, kind) is None:
            name = f"{self._resource(group, kind, place)}.{group}"
            yield Needed(Power(*DEFINITIONS, "get", name=name), SCHEMA)

    def objects(self, *, named_only: bool) -> Iterator[Needed]:
        """What each object needs; `named_only`: of those that the grant's rules leave out."""
        for manifest in (*self.manifests, *self.leaving):
            if named_only and manifest.key.namespace and manifest.kind not in POWERFUL:
                continue
            key, resource = manifest.key, self._resource_of(manifest)
            for call in self._calls(manifest):
                name = key.name if names(call, key.group, key.kind) else ""
                yield Needed(Power(key.group, resource, call.verb, key.namespace, name), call.reason)

    def _calls(self, manifest: Manifest) -> Iterator[Call]:
        goes = manifest in self.leaving
        for call in OBJECT_CALLS:
            if call.verb == "delete":
                wanted = goes or may_be_deleted(manifest, self.environment.data_kinds)
            else:
                wanted = not goes or call.verb == "get"
            if wanted:
                yield call

    def granted(self) -> Iterator[Needed]:
        """What every object that the grant allows would need."""
        for group, kind in self._granted_kinds():
            resource = self._resource(group, kind, self.environment.place)
            yield from self._schema(group, kind, self.environment.place)
            for namespace in sorted(self.grant.namespaces):
                for call in OBJECT_CALLS:
                    yield Needed(Power(group, resource, call.verb, namespace), call.reason)

    def _granted_kinds(self) -> set[tuple[str, str]]:
        named = {(group, kind) for kind, _, group in (name.partition(".") for name in self.grant.kinds)}
        if ANY_KIND in self.grant.kinds:
            here = {(item.key.group, item.key.kind) for item in self.manifests if item.key.namespace}
            named = (named - {("", ANY_KIND)}) | here
        return {(group, kind) for group, kind in named if _typed(group, kind) not in POWERFUL}

    def watched(self, *, granted: bool) -> Iterator[Needed]:
        """What is read beside the objects; `granted`: for objects that may come, too."""
        kinds = {(item.key.namespace, item.kind) for item in self.manifests if item.key.namespace}
        if granted:
            names = [_typed(*kind) for kind in self._granted_kinds()]
            kinds |= set(product(self.grant.namespaces, names))
        for namespace, kind in sorted(kinds):
            for watched in WATCHED:
                if kind in watched.for_kinds:
                    for verb in watched.verbs:
                        power = Power(watched.group, watched.resource, verb, namespace)
                        yield Needed(power, watched.reason)

    def strangers(self) -> Iterator[Needed]:
        """Where only what was declared should be, every kind is listed; elsewhere, those that we have."""
        declared = {item.key.name for item in self.manifests if item.kind == "Namespace"}
        whole = declared | ({self.environment.namespace} if self.environment.unmanaged else set())
        ours = {(item.key.group, item.key.kind) for item in self.manifests if item.key.namespace}
        shared = {item.key.namespace for item in self.manifests if item.key.namespace} - whole
        anything = (self.served.strangers or STRANGERS_OF_KUBERNETES) | ours
        for namespaces, kinds, verbs in ((whole, anything, ("list", "watch")), (shared, ours, ("list",))):
            for namespace, (group, kind), verb in product(namespaces, kinds - BY_NAME, verbs):
                resource = self._resource(group, kind, self.environment.place)
                yield Needed(Power(group, resource, verb, namespace), STRANGERS)

    def power_of_roles(self) -> Iterator[Needed]:
        """What the API server asks of whoever writes a Role or a binding: to have what it gives.

        Never `escalate`, which would let the applier write any rule into that Role,
        but for an aggregated ClusterRole, whose rules nobody knows beforehand.
        """
        for manifest in self.manifests:
            role = role_of(manifest)
            if role is not None and "aggregationRule" in manifest.content:
                power = Power(GROUP, "clusterroles", "escalate", name=role.name)
                yield Needed(power, f"{role} takes up rules that nobody knows beforehand")
            elif role is not None:
                for power in powers_of(manifest.content):
                    held = Power(
                        power.group, power.resource, power.verb, role.namespace, power.name, power.url
                    )
                    yield Needed(held, f"{role} gives it: nobody may write a Role that gives what he has not")
            elif manifest.key.group == GROUP and manifest.key.kind in BINDINGS:
                given = referenced(manifest.content, manifest.key.namespace)
                resource = "roles" if given.namespace else "clusterroles"
                power = Power(GROUP, resource, "bind", manifest.key.namespace, given.name)
                yield Needed(power, f"{manifest.key} gives {given}")

    def _resource_of(self, manifest: Manifest) -> str:
        return self._resource(manifest.key.group, manifest.key.kind, manifest.place)

    def _resource(self, group: str, kind: str, place: Place) -> str:
        found = plural(group, kind) or self.served.plurals.get((group, kind))
        if found is None:
            raise GitwarrantError(
                f"nobody here says what the cluster calls {_typed(group, kind)} in its rules",
                remedy="ask the cluster: --cluster; or add the CustomResourceDefinition to the environment",
                place=place,
            )
        return found
