"""Who holds which power by a set of objects: accounts, users, groups, and whoever is bound to a role."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gitwarrant.model.manifest import Content, Manifest, ObjectKey, Pointer
from gitwarrant.objects.fields import mapping, mappings, text
from gitwarrant.objects.pods import POD_SPECS, pods_of
from gitwarrant.objects.power.atoms import Power, powers_of, within
from gitwarrant.objects.power.builtin import AGGREGATED, BUILT_IN, BUILT_IN_LABELS
from gitwarrant.objects.rbac import GROUP, MASTERS, selects

SERVICE_ACCOUNT = "ServiceAccount"
HOLDERS = "holders of"
"""Stands before the role of a subject that is everybody who is bound to it somewhere else."""

DEFAULT_ACCOUNT = "default"
NOT_HERE = "it is not among these manifests"
AGGREGATES = "it takes up rules of every ClusterRole in the cluster that its selectors match"
_ACCOUNT_USER = "system:serviceaccount:"
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Somebody whom RBAC knows: a `ServiceAccount`, `User` or `Group`; or the holders of a role."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`ServiceAccount shop/web`, `Group developers`, `holders of ClusterRole edit`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Role:
    """A role as a binding names it; a ClusterRole has no namespace."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"Role {self.namespace}/{self.name}" if self.namespace else f"ClusterRole {self.name}"

    @property
    def holders(self) -> Subject:
        """Everybody who is bound to it by objects that we do not see."""
        return Subject(f"{HOLDERS} {'Role' if self.namespace else 'ClusterRole'}", self.namespace, self.name)


@dataclass(frozen=True, slots=True, order=True)
class Unknown:
    """A binding to a role of which these objects do not say, or not completely, what it allows."""

    subject: Subject
    role: Role
    namespace: str
    """Where it is given; empty: in the whole cluster."""
    why: str

    def __str__(self) -> str:
        where = f"in {self.namespace}" if self.namespace else "in the whole cluster"
        return f"whatever {self.role} allows, {where}: {self.why}"


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """A workload that runs as an account: its image may do whatever the account may."""

    workload: ObjectKey
    account: Subject


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that a set of objects says about power."""

    direct: Mapping[Subject, frozenset[Power]]
    """What bindings give each subject; to the holders of a role that nobody here is bound to, its rules."""
    unknown: frozenset[Unknown]
    accounts: frozenset[Subject]
    """Every ServiceAccount that is declared, bound, or run as."""
    runs: frozenset[Run]
    roles: Mapping[Role, frozenset[Power]] = field(default_factory=dict)

    def of(self, subject: Subject) -> frozenset[Power]:
        """What a subject may do, by itself and as a member of the groups that everybody like it is in."""
        found = set(self.direct.get(subject, ()))
        for group in groups_of(subject):
            found |= self.direct.get(Subject("Group", "", group), frozenset())
        return frozenset(found)

    def empowers(self, subject: Subject) -> bool:
        """Whether a subject has any power, or may have some that cannot be said."""
        return bool(self.of(subject)) or any(item.subject == subject for item in self.unknown)


def groups_of(subject: Subject) -> tuple[str, ...]:
    """The groups that the API server puts a subject in, whatever anybody declares."""
    if subject.kind == SERVICE_ACCOUNT:
        inside = f"system:serviceaccounts:{subject.namespace}"
        return ("system:serviceaccounts", inside, "system:authenticated")
    return ("system:authenticated",) if subject.kind == "User" else ()


def holdings(manifests: Iterable[Manifest]) -> Holdings:
    """Read who holds what.

    Raises:
        WrongShape: a role, a binding or a workload cannot be read.
    """
    listed = tuple(manifests)
    roles = _roles(listed)
    direct: defaultdict[Subject, set[Power]] = defaultdict(set)
    unknown, bound = set(), set()
    aggregated = frozenset(_aggregated(listed))
    for subject, role, namespace in _bindings(listed):
        bound.add(role)
        direct[subject] |= _given(roles.get(role, frozenset()), namespace)
        if role not in roles:
            unknown.add(Unknown(subject, role, namespace, NOT_HERE))
        elif role in aggregated:
            unknown.add(Unknown(subject, role, namespace, AGGREGATES))
    for role in _declared(listed) - bound | _taken_up(listed):
        direct[role.holders] |= _given(roles[role], role.namespace)
    direct[Subject("Group", "", MASTERS)] |= BUILT_IN["cluster-admin"]
    runs = frozenset(_runs(listed))
    accounts = {subject for subject in direct if subject.kind == SERVICE_ACCOUNT}
    accounts |= {item.subject for item in unknown if item.subject.kind == SERVICE_ACCOUNT}
    accounts |= {run.account for run in runs} | set(_declared_accounts(listed))
    frozen = {subject: frozenset(powers) for subject, powers in direct.items()}
    return Holdings(frozen, frozenset(unknown), frozenset(accounts), runs, roles)


def _given(powers: frozenset[Power], namespace: str) -> frozenset[Power]:
    """What a binding in this namespace gives of a role's powers; an empty one is everywhere."""
    return frozenset(within(powers, namespace)) if namespace else powers


def role_of(manifest: Manifest) -> Role | None:
    """The role that a manifest is; None for anything else."""
    key = manifest.key
    if key.group != GROUP or key.kind not in ("Role", "ClusterRole"):
        return None
    return Role(key.namespace if key.kind == "Role" else "", key.name)


def referenced(binding: Content, namespace: str) -> Role:
    """The role that a binding in this namespace gives."""
    role, way = mapping(binding, "roleRef", ()), ("roleRef",)
    inside = namespace if text(role, "kind", way) == "Role" else ""
    return Role(inside, text(role, "name", way))


def _declared(manifests: Sequence[Manifest]) -> set[Role]:
    return {role for manifest in manifests if (role := role_of(manifest))}


def _roles(manifests: Sequence[Manifest]) -> dict[Role, frozenset[Power]]:
    """Every role with its rules, and with those that aggregation adds to it."""
    found = {Role("", name): powers for name, powers in BUILT_IN.items()}
    found |= {
        role: frozenset(powers_of(item.content)) for item in manifests if (role := role_of(item)) is not None
    }
    takes = tuple(_takes(manifests))
    # What is taken up may itself take up: at most as often as there are roles.
    for _ in range(len(takes) + 1):
        before = dict(found)
        for target, source in takes:
            found[target] |= found[source]
        if found == before:
            break
    return found


def _takes(manifests: Sequence[Manifest]) -> Iterator[tuple[Role, Role]]:
    """(role, another whose rules it takes up by aggregation)."""
    labelled = [(Role("", name), labels) for name, labels in BUILT_IN_LABELS.items()]
    labelled += [
        (role, _labels(item)) for item in manifests if (role := role_of(item)) and not role.namespace
    ]
    for role, labels in labelled:
        yield from ((target, role) for target in _built_in_targets(labels))
    for target, content in _aggregated(manifests).items():
        for pointer, selector in _selectors(content):
            yield from ((target, role) for role, labels in labelled if selects(selector, labels, pointer))


def _aggregated(manifests: Sequence[Manifest]) -> dict[Role, Content]:
    """The ClusterRoles that take up the rules of others."""
    return {
        role: item.content
        for item in manifests
        if (role := role_of(item)) and not role.namespace and any(_selectors(item.content))
    }


def _selectors(role: Content) -> Iterator[tuple[Pointer, Content]]:
    rule = mapping(role, "aggregationRule", ())
    return mappings(rule, "clusterRoleSelectors", ("aggregationRule",))


def _taken_up(manifests: Sequence[Manifest]) -> set[Role]:
    """The ClusterRoles of Kubernetes itself that labels of these manifests add rules to."""
    return {
        target
        for manifest in manifests
        if (role := role_of(manifest)) and not role.namespace
        for target in _built_in_targets(_labels(manifest))
    }


def _built_in_targets(labels: Mapping[str, str]) -> set[Role]:
    return {
        Role("", name)
        for word, names in AGGREGATED.items()
        if labels.get(f"{_AGGREGATE}{word}") == "true"
        for name in names
    }


def _labels(manifest: Manifest) -> Mapping[str, str]:
    return mapping(mapping(manifest.content, "metadata", ()), "labels", ("metadata",))


def _bindings(manifests: Sequence[Manifest]) -> Iterator[tuple[Subject, Role, str]]:
    """(who, which role, where; an empty namespace is everywhere) of every binding."""
    for manifest in manifests:
        key, content = manifest.key, manifest.content
        if key.group != GROUP or key.kind not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        for pointer, subject in mappings(content, "subjects", ()):
            named = _subject(
                text(subject, "kind", pointer),
                text(subject, "namespace", pointer) or key.namespace,
                text(subject, "name", pointer),
            )
            yield named, referenced(content, key.namespace), key.namespace


def _subject(kind: str, namespace: str, name: str) -> Subject:
    if kind == SERVICE_ACCOUNT:
        return Subject(kind, namespace, name)
    if kind == "User" and name.startswith(_ACCOUNT_USER):
        inside, _, account = name.removeprefix(_ACCOUNT_USER).partition(":")
        return Subject(SERVICE_ACCOUNT, inside, account)
    return Subject(kind, "", name)


def _runs(manifests: Sequence[Manifest]) -> Iterator[Run]:
    for manifest in manifests:
        if (manifest.key.group, manifest.key.kind) not in POD_SPECS:
            continue
        for pod in pods_of(manifest):
            account = (
                text(pod.spec, "serviceAccountName", pod.pointer)
                or text(pod.spec, "serviceAccount", pod.pointer)
                or DEFAULT_ACCOUNT
            )
            yield Run(manifest.key, Subject(SERVICE_ACCOUNT, manifest.key.namespace, account))


def _declared_accounts(manifests: Sequence[Manifest]) -> Iterator[Subject]:
    for manifest in manifests:
        key = manifest.key
        if (key.group, key.kind) == ("", SERVICE_ACCOUNT):
            yield Subject(SERVICE_ACCOUNT, key.namespace, key.name)
