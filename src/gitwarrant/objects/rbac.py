"""Roles and bindings: what a rule allows, whom a binding empowers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import WrongShape, mapping, mappings, spell, text, texts

GROUP = "rbac.authorization.k8s.io"
ROLES = ("Role", "ClusterRole")
BINDINGS = ("RoleBinding", "ClusterRoleBinding")

OWN_PREFIX = "gitwarrant:"
"""Begins the names of the Roles and bindings of gitwarrant's own rights: no environment writes them."""

CLUSTER_ADMIN = "cluster-admin"
CLUSTER_ADMIN_LABELS: Mapping[str, str] = {"kubernetes.io/bootstrapping": "rbac-defaults"}
"""The labels which every API server gives to its ClusterRole cluster-admin."""

MASTERS = "system:masters"
"""The group that the API server lets do anything, whatever RBAC says."""


def rights_name(tenant: str, environment: str) -> str:
    """What the Roles and bindings are called that let the agent deploy an environment."""
    return f"{OWN_PREFIX}{tenant}:{environment}"


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A word of a rule that stands for everything: the field, the word, and the way to it."""

    field: str
    word: str
    pointer: Pointer


def wildcards(role: Content, at: Pointer) -> Iterator[Wildcard]:
    """Every wildcard in the rules of a Role or ClusterRole, in the order written.

    Raises:
        WrongShape: the rules cannot be read.
    """
    for pointer, rule in mappings(role, "rules", at):
        for field in ("apiGroups", "resources", "verbs", "nonResourceURLs"):
            for index, word in enumerate(texts(rule, field, pointer)):
                if _is_wildcard(field, word):
                    yield Wildcard(field, word, (*pointer, field, index))


def _is_wildcard(field: str, word: str) -> bool:
    """As the API server evaluates rules: `*/scale` is every resource, `/*` every URL, `pods/*` nothing."""
    if field == "resources":
        return word == "*" or word.startswith("*/")
    return word == "*" or (field == "nonResourceURLs" and word == "/*")


def aggregates_cluster_admin(role: Content, at: Pointer) -> Iterator[Pointer]:
    """The selectors of an aggregated ClusterRole that would take in the rules of cluster-admin.

    Raises:
        WrongShape: a selector cannot be read.
    """
    rule = mapping(role, "aggregationRule", at)
    for pointer, selector in mappings(rule, "clusterRoleSelectors", (*at, "aggregationRule")):
        if selects(selector, CLUSTER_ADMIN_LABELS, pointer):
            yield pointer


def selects(selector: Content, labels: Mapping[str, str], at: Pointer) -> bool:
    """Whether a label selector takes these labels; an empty one takes everything.

    Raises:
        WrongShape: it cannot be read, or has an unknown operator.
    """
    wanted = mapping(selector, "matchLabels", at)
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(
        _holds(expression, labels, pointer)
        for pointer, expression in mappings(selector, "matchExpressions", at)
    )


def _holds(expression: Content, labels: Mapping[str, str], at: Pointer) -> bool:
    value = labels.get(text(expression, "key", at))
    values = texts(expression, "values", at)
    match text(expression, "operator", at):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case other:
            raise WrongShape(f"{spell((*at, 'operator'))} is {other!r}, which no selector has", at)


def binds_cluster_admin(binding: Content, at: Pointer) -> Pointer | None:
    """The way to the role's name when a binding gives cluster-admin; None when it does not.

    Raises:
        WrongShape: the role it names cannot be read.
    """
    role, way = mapping(binding, "roleRef", at), (*at, "roleRef")
    if text(role, "kind", way) != "Role" and text(role, "name", way) == CLUSTER_ADMIN:
        return (*way, "name")
    return None


def masters(binding: Content, at: Pointer) -> Iterator[Pointer]:
    """The subjects of a binding that are the group of those who may do anything.

    Raises:
        WrongShape: its subjects cannot be read.
    """
    for pointer, subject in mappings(binding, "subjects", at):
        if text(subject, "kind", pointer) == "Group" and text(subject, "name", pointer) == MASTERS:
            yield (*pointer, "name")
