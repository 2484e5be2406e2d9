"""Roles and bindings that give exactly a set of powers to one holder, each rule with its reasons."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.cluster.power.calls import OBJECT_CALLS
from gitwarrant.cluster.power.needs import Needed
from gitwarrant.model.manifest import Content
from gitwarrant.objects.power.atoms import Power
from gitwarrant.objects.power.subjects import SERVICE_ACCOUNT, Subject
from gitwarrant.objects.rbac import GROUP

_API = f"{GROUP}/v1"
VERBS = tuple(call.verb for call in OBJECT_CALLS)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a Role, and why it is there: (verbs, reason)."""

    content: Mapping[str, Any]
    reasons: tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True, slots=True)
class Grantings:
    """What an operator applies, in this order; a Role's rules stand apart with their reasons."""

    heads: tuple[Content, ...]
    """Namespaces and the ServiceAccount, which the rest stands on."""
    roles: tuple[tuple[Content, tuple[Rule, ...]], ...]
    """Each Role or ClusterRole without its rules, and these."""
    bindings: tuple[Content, ...]

    @property
    def objects(self) -> tuple[Content, ...]:
        """All of them, whole."""
        roles = ({**head, "rules": [dict(rule.content) for rule in rules]} for head, rules in self.roles)
        return (*self.heads, *roles, *self.bindings)


def grantings(
    needed: Sequence[Needed],
    name: str,
    holder: Subject,
    namespaces: Collection[str] = (),
    identifier: str = "",
) -> Grantings:
    """The objects that give these powers, a Role for each namespace and a ClusterRole for the rest.

    Args:
        name: of all of them.
        holder: a ServiceAccount, made too, or a User or Group that exists.
        namespaces: those that the environment itself declares: they must be there before a Role can
            lie in them, and are handed over to it by its ApplySet label.
        identifier: that label's value.
    """
    by_namespace = defaultdict(list)
    for item in needed:
        by_namespace[item.power.namespace].append(item)
    roles: list[tuple[Content, tuple[Rule, ...]]] = []
    bindings: list[Content] = []
    for namespace, items in sorted(by_namespace.items()):
        kind = "Role" if namespace else "ClusterRole"
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        roles.append(({"apiVersion": _API, "kind": kind, "metadata": metadata}, tuple(_rules(items))))
        bindings.append(_binding(kind, metadata, holder))
    return Grantings(tuple(_heads(holder, namespaces, identifier)), tuple(roles), tuple(bindings))


def _heads(holder: Subject, namespaces: Collection[str], identifier: str) -> Iterator[Content]:
    for namespace in sorted(namespaces):
        metadata: dict[str, Any] = {"name": namespace, "labels": {PART_OF: identifier}}
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    if holder.kind == SERVICE_ACCOUNT:
        if holder.namespace not in namespaces:
            yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": holder.namespace}}
        metadata = {"name": holder.name, "namespace": holder.namespace}
        yield {"apiVersion": "v1", "kind": SERVICE_ACCOUNT, "metadata": metadata}


def _binding(kind: str, metadata: Mapping[str, str], holder: Subject) -> Content:
    subject: dict[str, str] = {"kind": holder.kind, "name": holder.name}
    if holder.kind == SERVICE_ACCOUNT:
        subject["namespace"] = holder.namespace
    else:
        subject["apiGroup"] = GROUP
    return {
        "apiVersion": _API,
        "kind": f"{kind}Binding",
        "metadata": dict(metadata),
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": metadata["name"]},
        "subjects": [subject],
    }


Use = tuple[str, str]
"""(verb, reason)"""


def _rules(items: Iterable[Needed]) -> Iterator[Rule]:
    """Put together what differs in name, in verb, in resource: as few rules as say exactly this."""
    named: defaultdict[tuple[Power, str], list[str]] = defaultdict(list)
    for item in sorted(items):
        named[replace(item.power, name=""), item.reason].append(item.power.name)
    uses: defaultdict[tuple[Power, tuple[str, ...]], list[Use]] = defaultdict(list)
    for (power, reason), listed in named.items():
        uses[replace(power, verb=""), tuple(listed)].append((power.verb, reason))
    alike: defaultdict[tuple[str, tuple[str, ...], tuple[Use, ...]], list[Power]] = defaultdict(list)
    for (power, names), found in uses.items():
        own = names if names != ("",) else ()
        ordered = tuple(sorted(found, key=lambda use: _place(use[0])))
        # What is named is not mixed: a name would count for every resource of the rule.
        together = power.group if not own and not power.url else str(power)
        alike[together, own, ordered].append(power)
    for (_, names, ordered), powers in alike.items():
        yield Rule(_content(powers, names, ordered), tuple(_reasons(ordered)))


def _content(powers: Sequence[Power], names: Sequence[str], uses: Iterable[Use]) -> dict[str, Any]:
    verbs = list(dict.fromkeys(verb for verb, _ in uses))
    if powers[0].url:
        return {"nonResourceURLs": [power.url for power in powers], "verbs": verbs}
    resources = [power.resource for power in powers]
    rule: dict[str, Any] = {"apiGroups": [powers[0].group], "resources": resources, "verbs": verbs}
    return {**rule, "resourceNames": list(names)} if names else rule


def _reasons(uses: Iterable[Use]) -> Iterator[tuple[tuple[str, ...], str]]:
    for reason, group in groupby(uses, key=lambda use: use[1]):
        yield tuple(dict.fromkeys(verb for verb, _ in group)), reason


def _place(verb: str) -> tuple[int, str]:
    """Verbs in the order of their use, not of the alphabet."""
    return (VERBS.index(verb) if verb in VERBS else len(VERBS), verb)
