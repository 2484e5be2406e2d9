"""Whom somebody can become by what it may do, and so what it could do in the end."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from gitwarrant.objects.power.atoms import Power, within
from gitwarrant.objects.power.subjects import SERVICE_ACCOUNT, Holdings, Role, Subject
from gitwarrant.objects.power.ways import KUBE_SYSTEM, Gain, Step, steps

MAX_STEPS = 6
"""One after another. Nobody reads a longer way, and who can go six steps shows in the shorter ones."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What a way leads to: anything in a namespace (or everywhere), a role's rules, or somebody's power."""

    kind: str
    namespace: str
    name: str = ""

    def __str__(self) -> str:
        where = f"in {self.namespace}" if self.namespace else "in the whole cluster"
        match self.kind:
            case "anything":
                return f"anything {where}"
            case "accounts":
                return f"every ServiceAccount {where}"
            case "rules of":
                return f"the rules of {self.name}, {where}"
            case "reach":
                return f"what lies {where}"
        return str(Subject(self.kind, self.namespace, self.name))


@dataclass(frozen=True, slots=True, order=True)
class Path:
    """A way to more power: who, by which first step, over whom, to what."""

    subject: Subject
    first: Step
    target: Target
    via: tuple[Target, ...]
    """Whom it becomes on the way, first to last; the shortest such way."""

    @property
    def identity(self) -> tuple[Subject, str, str, str, Target]:
        """Paths with one identity are the same power, whatever else changed around them."""
        return (self.subject, self.first.way, self.first.namespace, self.first.name, self.target)


def anything(namespace: str = "") -> Target:
    """Any verb on any resource there."""
    return Target("anything", namespace)


def paths(subject: Subject, holdings: Holdings) -> Iterator[Path]:
    """Every way of a subject to power that nobody gave it in so many words.

    What it has by membership in the groups of all accounts and users counts. A
    step that gives nothing more by these objects is there all the same: other
    accounts may live in the same namespace.
    """
    for step, gain in steps(holdings.of(subject)):
        reached = _reached(tuple(_targets(step, gain, holdings)), subject, holdings)
        for target, via in sorted(reached.items()):
            yield Path(subject, step, target, via)


def _reached(
    first: tuple[Target, ...], subject: Subject, holdings: Holdings
) -> dict[Target, tuple[Target, ...]]:
    """Where one leads on to, each with whom it goes over: breadth first, so by a shortest way."""
    reached: dict[Target, tuple[Target, ...]] = {}
    waiting: deque[tuple[Target, tuple[Target, ...]]] = deque((target, ()) for target in first)
    while waiting:
        target, via = waiting.popleft()
        if target in reached or _is(target, subject):
            continue
        reached[target] = via
        if len(via) < MAX_STEPS:
            waiting += [(following, (*via, target)) for following in _following(target, holdings)]
    return reached


def _following(target: Target, holdings: Holdings) -> list[Target]:
    """What somebody with a target's power comes to; beside anything at all, nothing else matters."""
    found = [
        following
        for step, gain in steps(_powers(target, holdings))
        for following in _targets(step, gain, holdings)
    ]
    return [anything()] if anything() in found else found


def _is(target: Target, subject: Subject) -> bool:
    return (target.kind, target.namespace, target.name) == (subject.kind, subject.namespace, subject.name)


def _targets(step: Step, gain: Gain, holdings: Holdings) -> Iterator[Target]:
    match gain:
        case Gain.EVERYTHING:
            yield anything(step.namespace)
        case Gain.CLUSTER:
            yield anything()
        case Gain.ACCOUNTS:
            yield from _accounts(step, holdings)
        case Gain.ROLE:
            yield from _role(step, holdings)
        case Gain.IDENTITY:
            yield from _identity(step)
        case Gain.REACH:
            yield Target("reach", step.namespace, step.way)


def _accounts(step: Step, holdings: Holdings) -> Iterator[Target]:
    """The accounts that a step gives; those of Kubernetes' own controllers may do anything."""
    one = step.name if step.way in ("token", "impersonate-account") else ""
    if one and step.namespace:
        yield Target(SERVICE_ACCOUNT, step.namespace, one)
        return
    if not one:
        yield Target("accounts", step.namespace)
        if step.namespace in ("", KUBE_SYSTEM):
            yield anything()
    for account in sorted(holdings.accounts):
        there = step.namespace in ("", account.namespace) and one in ("", account.name)
        if there and holdings.empowers(account):
            yield Target(SERVICE_ACCOUNT, account.namespace, account.name)


def _role(step: Step, holdings: Holdings) -> Iterator[Target]:
    if step.name:
        role = Role("" if step.cluster_role else step.namespace, step.name)
        yield Target("rules of", step.namespace, str(role))
    elif step.cluster_role:
        yield anything(step.namespace)  # cluster-admin is one of them
    else:
        for role in sorted(holdings.roles):
            if role.namespace and step.namespace in ("", role.namespace):
                yield Target("rules of", role.namespace, str(role))


def _identity(step: Step) -> Iterator[Target]:
    if not step.name:
        yield anything()
        return
    for power in step.powers:
        for resource, kind in (("users", "User"), ("groups", "Group")):
            if power.resource in ("*", resource):
                yield Target(kind, "", step.name)


def _powers(target: Target, holdings: Holdings) -> frozenset[Power]:
    """What somebody may do that a way led to."""
    match target.kind:
        case "anything" | "accounts" | "reach":
            return frozenset()
        case "rules of":
            role = next((role for role in holdings.roles if str(role) == target.name), None)
            powers = holdings.roles[role] if role else frozenset()
            return frozenset(within(powers, target.namespace)) if target.namespace else powers
    return holdings.of(Subject(target.kind, target.namespace, target.name))


def telling(found: tuple[Path, ...]) -> tuple[Path, ...]:
    """Those that say something new: not what `anything` there includes already."""
    everywhere = {(path.subject, path.target.namespace) for path in found if path.target.kind == "anything"}
    return tuple(
        path
        for path in found
        if path.target.kind == "anything"
        or not {(path.subject, ""), (path.subject, path.target.namespace)} & everywhere
    )
