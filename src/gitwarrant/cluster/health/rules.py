"""Health by rule: CEL expressions about the live object, of an environment or shipped with gitwarrant."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from gitwarrant.cluster.health.reading import Live, Verdict
from gitwarrant.model.environment import HealthRule
from gitwarrant.model.live import Health
from gitwarrant.objects.cel import CelError, Expression, compile_expression


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule, ready to be asked."""

    rule: HealthRule
    outcomes: tuple[tuple[Health, Expression], ...]
    reason: Expression | None

    def verdict(self, live: Live) -> Verdict | None:
        """The verdict; None: the rule leaves it to what gitwarrant knows of the kind.

        An expression that cannot be evaluated gives no verdict of health: what
        cannot be judged is not healthy.
        """
        # A null stands for what is not there, as everywhere in the API; `has` takes it for a value.
        values = {"self": {name: value for name, value in live.items() if value is not None}}
        try:
            found = next((health for health, asked in self.outcomes if asked.boolean(values)), None)
        except CelError as error:
            return Health.UNKNOWN, f"it cannot be judged: {error.place}: {error.what}"
        if found is None and not self.rule.healthy:
            return None
        found = found or Health.PROGRESSING
        return found, "" if found is Health.HEALTHY else self._reason(values, found)

    def _reason(self, values: Mapping[str, Any], found: Health) -> str:
        if self.reason is not None:
            try:
                if told := self.reason.string(values).strip():
                    return told
            except CelError:  # a reason less; the verdict stands without it
                pass
        return f"by the rule at {self.rule.place} it is {found.value}"


class Rules:
    """Rules by kind. One that names the kind comes before one with `*`; else the first counts."""

    def __init__(self, rules: Iterable[Compiled]) -> None:
        self._rules = sorted(rules, key=lambda one: "*" in one.rule.kind)
        self._found: dict[str, Compiled | None] = {}

    def verdict(self, group: str, kind: str, live: Live) -> Verdict | None:
        """The verdict of the rule for a kind; None: there is none, or it leaves it to others."""
        name = f"{kind}.{group}" if group else kind
        if name not in self._found:
            fits = (one for one in self._rules if fnmatchcase(name, one.rule.kind))
            self._found[name] = next(fits, None)
        found = self._found[name]
        return found.verdict(live) if found else None


NO_RULES = Rules(())


def compiled(rule: HealthRule) -> Compiled:
    """Compile a rule.

    Raises:
        CelError: one of its expressions is none, with the place of the rule.
    """
    asked = (
        (Health.FAILED, rule.failed),
        (Health.SUSPENDED, rule.suspended),
        (Health.PROGRESSING, rule.progressing),
        (Health.HEALTHY, rule.healthy),
    )
    outcomes = tuple((health, compile_expression(text, rule.place)) for health, text in asked if text)
    reason = compile_expression(rule.reason, rule.place, gives=str) if rule.reason else None
    return Compiled(rule, outcomes, reason)


@lru_cache(maxsize=64)
def rules_of(rules: tuple[HealthRule, ...]) -> Rules:
    """The rules of an environment, compiled once.

    Raises:
        CelError: as `compiled`.
    """
    return Rules(map(compiled, rules)) if rules else NO_RULES
