"""Health in environments.yaml: how kinds are judged, and how long their objects may take."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from gitwarrant.config.fields import bad, duration
from gitwarrant.config.source import Source, StrictModel
from gitwarrant.model.environment import HealthRule
from gitwarrant.model.manifest import Pointer

KINDS = re.compile(r"[A-Za-z*][A-Za-z0-9*]{0,62}(?:\.[a-z0-9*][a-z0-9.*-]{0,252})?")
ASKED = ("failed", "suspended", "progressing", "healthy")
SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=7)


def _kinds(text: str) -> str:
    if not KINDS.fullmatch(text):
        raise bad(
            f"{text[:80]!r} is not a kind", "write it like Widget.example.com, or *.example.com for a group"
        )
    return text


class HealthRuleFile(StrictModel):
    """How the health of a kind is judged: the first CEL expression about 'self' that is true decides."""

    kind: Annotated[str, AfterValidator(_kinds)] = Field(
        description="the kind, like Widget.example.com; * stands for any characters"
    )
    failed: str = Field("", description="true: it has failed, and will not mend itself")
    suspended: str = Field("", description="true: somebody stopped it")
    progressing: str = Field("", description="true: it is not healthy yet")
    healthy: str = Field(
        "",
        description="true: it is healthy, else it is progressing (default: as gitwarrant knows the kind)",
    )
    reason: str = Field("", description="gives text: why it is not healthy")


def judge_health(source: Source, pointer: Pointer, rules: list[HealthRuleFile], deadline: str) -> None:
    """Note rules that say nothing, kinds that have two, and deadlines that nobody could mean."""
    kinds: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.kind in kinds:
            what = f"{rule.kind!r} has two rules, and only the first would be asked"
            source.wrong((*pointer, "health", index, "kind"), what, "make one of them")
        kinds.add(rule.kind)
        if not any(getattr(rule, name) for name in ASKED):
            remedy = "write at least one of: " + ", ".join(ASKED)
            source.wrong((*pointer, "health", index), f"the rule of {rule.kind!r} never decides", remedy)
    if not SHORTEST <= duration(deadline) <= LONGEST:
        what = f"a health_deadline of {deadline} is too short or too long"
        source.wrong((*pointer, "health_deadline"), what, "write something from 10s to 7d")


def health_rules(source: Source, pointer: Pointer, rules: list[HealthRuleFile]) -> tuple[HealthRule, ...]:
    """Translate health rules, in their order. Their expressions are compiled where the rules are read."""
    return tuple(
        HealthRule(place=source.place((*pointer, "health", index)), **rule.model_dump())
        for index, rule in enumerate(rules)
    )
