"""Ignore rules: differences that a configuration lets be, none wider than it is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from gitwarrant.cluster.exemptions import begins
from gitwarrant.model.environment import IgnoreRule
from gitwarrant.model.live import Excuse
from gitwarrant.model.manifest import Content, Json, ObjectKey, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.cel import CelError, Expression, compile_expression
from gitwarrant.objects.difference import compare, path

VARIABLES = ("self", "baseline", "value")


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule with its condition compiled."""

    rule: IgnoreRule
    when: Expression | None

    def holds(self, truth: Content, live: Content, value: Json) -> bool:
        """Whether it lets this value be.

        Raises:
            CelError: that cannot be told, so it does not.
        """
        return self.when is None or self.when.boolean({"self": live, "baseline": truth, "value": value})


@dataclass(frozen=True, slots=True)
class Ignoring:
    """The ignore rules in force, compiled."""

    conditions: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, rules: Sequence[IgnoreRule], now: datetime) -> "Ignoring":
        """Compile the rules that have not ended.

        Raises:
            CelError: a condition is no expression.
        """
        return cls(tuple(compiled(rule) for rule in rules if rule.until is None or now < rule.until))

    def excuse(
        self, difference: FieldDifference, key: ObjectKey, truth: Content, live: Content
    ) -> tuple[Excuse | None, tuple[str, ...]]:
        """The rule that lets a difference be, and which rules could not be judged: those let nothing be.

        A difference that is wider than a rule (a whole mapping was added) is let
        be only where every part of it is.
        """
        here = [item for item in self.conditions if item.rule.pointer and _about(item.rule, key)]
        complaints: list[str] = []
        found: Excuse | None = None
        for part in _parts(difference) if here else ():
            found = _first(here, part, truth, live, complaints)
            if found is None:
                break
        return found, tuple(dict.fromkeys(complaints))

    def undeclared(self, key: ObjectKey, live: Content) -> tuple[Excuse | None, tuple[str, ...]]:
        """The rule that lets an object be which nobody declared; `live` has its metadata alone."""
        here = [item for item in self.conditions if not item.rule.pointer and _about(item.rule, key)]
        complaints: list[str] = []
        found = _first(here, FieldDifference((), (), (None,)), {}, live, complaints)
        return found, tuple(dict.fromkeys(complaints))


def compiled(rule: IgnoreRule) -> Condition:
    """Compile one rule.

    Raises:
        CelError: its condition is no expression.
    """
    when = compile_expression(rule.when, rule.place, variables=VARIABLES) if rule.when else None
    return Condition(rule, when)


def _about(rule: IgnoreRule, key: ObjectKey) -> bool:
    return rule.kind == key.typed and fnmatchcase(key.name, rule.name)


def _first(
    conditions: Sequence[Condition],
    part: FieldDifference,
    truth: Content,
    live: Content,
    complaints: list[str],
) -> Excuse | None:
    value = part.after[0] if part.after else None
    for item in conditions:
        try:
            if begins(item.rule.pointer, part.pointer) and item.holds(truth, live, value):
                name = f"{item.rule.kind} {path(item.rule.pointer)}".rstrip()
                return Excuse(name, item.rule.reason, str(item.rule.place))
        except CelError as error:
            complaints.append(f"the ignore rule at {error.place} lets nothing be: {error.what}")
    return None


def _parts(difference: FieldDifference) -> Iterator[FieldDifference]:
    """The smallest differences that one is made of; itself where there is nothing inside."""
    match difference.before, difference.after:
        case (list(before),), (list(after),) if len(before) == len(after):
            inner = [
                part
                for index, (old, new) in enumerate(zip(before, after, strict=True))
                for part in compare(old, new, (*difference.pointer, index))
            ]
        case (), (value,):
            inner = [FieldDifference(pointer, (), (item,)) for pointer, item in _inside(value, difference)]
        case (value,), ():
            inner = [FieldDifference(pointer, (item,), ()) for pointer, item in _inside(value, difference)]
        case _:
            inner = []
    if not inner:
        yield difference
    for part in inner:
        yield from _parts(part)


def _inside(value: Json, difference: FieldDifference) -> list[tuple[Pointer, Json]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [((*difference.pointer, step), item) for step, item in items]
