"""Which rules let differences be, for an environment and at this moment: what `drift --explain` lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.cluster.exemptions import ALLOCATED, EXEMPTIONS, name_of
from gitwarrant.model.environment import Environment, IgnoreRule
from gitwarrant.model.live import SHIPPED
from gitwarrant.objects.difference import path


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """One rule. `gain` is what somebody gets by forging the name of a shipped rule's writer."""

    kind: str
    rule: str
    reason: str
    place: str
    conditions: tuple[str, ...]
    gain: str = ""


def rules_in_force(environment: Environment, now: datetime) -> tuple[RuleInForce, ...]:
    """The configured rules that have not ended, and all that are shipped."""
    own = [_configured(rule) for rule in environment.ignore if rule.until is None or now < rule.until]
    return (*own, *_shipped())


def _configured(rule: IgnoreRule) -> RuleInForce:
    conditions = [] if rule.name == "*" else [f"name: {rule.name}"]
    conditions += [f"when: {rule.when}"] if rule.when else []
    conditions += [f"until: {rule.until.isoformat()}"] if rule.until else []
    what = path(rule.pointer) or "(objects that nobody declared)"
    return RuleInForce(rule.kind, f"{rule.kind} {what}", rule.reason, str(rule.place), tuple(conditions))


def _shipped() -> Iterator[RuleInForce]:
    for allocated in ALLOCATED:
        silent = ("where the manifest is silent",)
        yield RuleInForce(allocated.kind, name_of(allocated), allocated.reason, SHIPPED, silent)
    for rule in EXEMPTIONS:
        written = f"written by: {', '.join(sorted(rule.managers))}"
        conditions = (
            f"{written} through {rule.subresource}" if rule.subresource else written,
            *(["where it was not declared"] if rule.added else []),
            *(["while a warranted autoscaler targets it"] if rule.autoscaled else []),
            *([f"where the manifest has one of: {', '.join(map(path, rule.asked))}"] if rule.asked else []),
            *([f"only: {', '.join(sorted(rule.values))}"] if rule.values else []),
            *([f"name: {rule.names}"] if rule.names != "*" else []),
        )
        yield RuleInForce(rule.kind, name_of(rule), rule.reason, SHIPPED, conditions, rule.gain)
