"""One thing that somebody may do, and what the rules of a role come to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import WrongShape, mappings, spell, texts

ALL = "*"
MAX_POWERS = 100_000
"""Of one role: four lists of a few hundred words each would multiply to more than anybody can read."""


@dataclass(frozen=True, slots=True, order=True)
class Power:
    """A verb on a resource. `*` is everything, as in a rule of RBAC.

    An empty namespace is the whole cluster, an empty name every object. For an
    address that is no resource, only verb and `url` are set.
    """

    group: str
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""
    url: str = ""

    def covers(self, other: "Power") -> bool:
        """Whether who has this has the other.

        Source: k8s.io/kubernetes, `pkg/apis/rbac/v1/evaluation_helpers.go`.
        """
        if self.verb not in (ALL, other.verb):
            return False
        if self.url or other.url:
            return bool(self.url and other.url) and _matches_url(self.url, other.url)
        return (
            self.group in (ALL, other.group)
            and matches_resource(self.resource, other.resource)
            and self.namespace in ("", other.namespace)
            and self.name in ("", other.name)
        )

    def __str__(self) -> str:
        """`create deployments.apps in shop`, `get secrets "db" in shop`, `get nodes`."""
        if self.url:
            return f"{self.verb} {self.url}"
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f' "{self.name}"' if self.name else ""
        return f"{self.verb} {resource}{named}" + (f" in {self.namespace}" if self.namespace else "")


def matches_resource(held: str, asked: str) -> bool:
    """Whether a rule's resource stands for another: `*` for all, `*/log` for that of every kind."""
    if held in (ALL, asked):
        return True
    return held.startswith("*/") and asked.partition("/")[2] == held[2:] != ""


def _matches_url(held: str, asked: str) -> bool:
    return held in (ALL, asked) or (held.endswith("*") and asked.startswith(held.rstrip("*")))


def spoken(powers: Iterable[Power]) -> list[str]:
    """Powers in words, all verbs on one thing together: `get, list secrets in shop`."""
    verbs: dict[Power, list[str]] = {}
    for power in powers:
        verbs.setdefault(replace(power, verb=""), []).append(power.verb)
    return [str(replace(power, verb=", ".join(words))) for power, words in verbs.items()]


def powers_of(role: Content, at: Pointer = ()) -> Iterator[Power]:
    """What the rules of a Role or ClusterRole allow, wherever it is bound.

    Raises:
        WrongShape: the rules cannot be read.
    """
    for pointer, rule in mappings(role, "rules", at):
        yield from _powers_of_rule(rule, pointer)


def _powers_of_rule(rule: Content, at: Pointer) -> Iterator[Power]:
    verbs, urls = texts(rule, "verbs", at), texts(rule, "nonResourceURLs", at)
    groups, resources = texts(rule, "apiGroups", at), texts(rule, "resources", at)
    names = texts(rule, "resourceNames", at) or [""]
    if len(verbs) * len(groups) * len(resources) * len(names) > MAX_POWERS:
        raise WrongShape(f"{spell(at)} lists more than {MAX_POWERS} combinations", at)
    for url, verb in product(urls, verbs):
        yield Power("", "", verb, url=url)
    for group, resource, verb, name in product(groups, resources, verbs, names):
        yield Power(group, resource, verb, name=name)


def within(powers: Iterable[Power], namespace: str) -> Iterator[Power]:
    """What is left of powers where a RoleBinding gives them: in its namespace, and no addresses."""
    for power in powers:
        if not power.url:
            yield replace(power, namespace=namespace)


def uncovered(powers: Iterable[Power], held: Iterable[Power]) -> tuple[Power, ...]:
    """Those that who holds `held` does not have, without those that another of them covers."""
    known = frozenset(held)
    return concise(power for power in powers if not is_covered(power, known))


def concise(powers: Iterable[Power]) -> tuple[Power, ...]:
    """The same powers, sorted, without those that another covers."""
    unique = frozenset(powers)
    return tuple(sorted(power for power in unique if not _is_covered_by_another(power, unique)))


def is_covered(power: Power, held: frozenset[Power]) -> bool:
    """Whether one of the powers held covers this one."""
    return power in held or _is_covered_by_another(power, held)


def _is_covered_by_another(power: Power, held: frozenset[Power]) -> bool:
    if power.url:
        return any(other != power and other.covers(power) for other in held if other.url)
    return any(wider in held for wider in _wider(power))


def _wider(power: Power) -> Iterator[Power]:
    """Every other power that would cover this one: a few dozen, however many are held."""
    below = power.resource.partition("/")[2]
    resources = {power.resource, ALL, *([f"*/{below}"] if below else [])}
    for group, resource, verb, namespace, name in product(
        {power.group, ALL}, resources, {power.verb, ALL}, {power.namespace, ""}, {power.name, ""}
    ):
        wider = Power(group, resource, verb, namespace, name)
        if wider != power:
            yield wider
