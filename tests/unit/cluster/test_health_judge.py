"""Health by an environment's rules, and within its deadline."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import object_body
from gitwarrant.cluster.health.judge import HealthJudge
from gitwarrant.cluster.health.rules import compiled, rules_of
from gitwarrant.model.environment import HealthRule
from gitwarrant.model.errors import Place
from gitwarrant.model.live import Health, ObjectHealth
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.objects.cel import CelError

PLACE = Place(".gitwarrant/environments.yaml", 9, 7)
WIDGET = ObjectKey("example.com", "Widget", "shop", "w")
WAITING = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Waiting"}]}}
START = datetime(2026, 5, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **span: int) -> None:
        self.time += timedelta(**span)


class Bench:
    """A judge with a clock and a log of its own, which remembers every verdict as the agent does."""

    def __init__(self, *rules: HealthRule) -> None:
        self.clock = Clock()
        self.log = MemoryLog(self.clock)
        self.judge = HealthJudge("shop", rules_of(rules), timedelta(minutes=10), self.log, self.clock)

    def apply(self) -> None:
        self.log.append(RecordKind.APPLIED, "shop", {"object": object_body(WIDGET, "v1")})

    def look(self, live: Any) -> ObjectHealth:
        verdict = self.judge.judge(WIDGET, live)
        body = {"object": object_body(WIDGET, ""), "health": verdict.health.value, "reason": verdict.reason}
        self.log.append(RecordKind.HEALTH, "shop", body)
        return verdict


def rule(**expressions: str) -> HealthRule:
    return HealthRule("Widget.example.com", PLACE, **expressions)


RULES: Sequence[Any] = [
    pytest.param(rule(healthy="self.status.colour == 'green'"), "green", Health.HEALTHY, "", id="healthy"),
    pytest.param(
        rule(healthy="self.status.colour == 'green'"),
        "blue",
        Health.PROGRESSING,
        f"by the rule at {PLACE} it is progressing",
        id="not healthy is progressing",
    ),
    pytest.param(
        rule(failed="self.status.colour == 'red'", healthy="true", reason="'it is ' + self.status.colour"),
        "red",
        Health.FAILED,
        "it is red",
        id="failed comes before healthy, with its reason",
    ),
    pytest.param(
        rule(failed="self.status.colour == 'red'", reason="self.status.nowhere"),
        "red",
        Health.FAILED,
        f"by the rule at {PLACE} it is failed",
        id="a reason that cannot be told takes no verdict away",
    ),
    pytest.param(
        rule(suspended="self.status.colour == 'grey'"), "blue", Health.HEALTHY, "", id="the rest as known"
    ),
    pytest.param(
        rule(healthy="self.status.nowhere == 'green'"),
        "green",
        Health.UNKNOWN,
        f"it cannot be judged: {PLACE}: the expression \"self.status.nowhere == 'green'\" cannot be "
        'evaluated: NOT_FOUND: Key not found in map : "nowhere"',
        id="what cannot be judged is not healthy",
    ),
]


@pytest.mark.parametrize(("asked", "colour", "verdict", "reason"), RULES)
def test_a_rule_decides_before_what_is_known_of_the_kind(
    asked: HealthRule, colour: str, verdict: Health, reason: str
) -> None:
    found = Bench(asked).look({"status": {"colour": colour}})

    assert found == ObjectHealth(WIDGET, verdict, reason)


def test_a_rule_of_a_group_is_asked_where_none_names_the_kind() -> None:
    group = HealthRule("*.example.com", PLACE, failed="true", reason="'by the group'")

    assert Bench(group, rule(healthy="true")).look({}).health is Health.HEALTHY
    assert Bench(group).look({}).reason == "by the group"


def test_an_expression_that_is_none_is_refused_with_the_place_of_its_rule() -> None:
    with pytest.raises(CelError, match=r"environments\.yaml:9:7"):
        compiled(rule(healthy="self.status ==="))


def test_what_is_not_healthy_within_the_deadline_has_failed() -> None:
    bench = Bench()
    bench.apply()

    bench.clock.forward(minutes=10)
    in_time = bench.look(WAITING)
    bench.clock.forward(seconds=1)
    late = bench.look(WAITING)

    assert in_time == ObjectHealth(WIDGET, Health.PROGRESSING, "Waiting")
    assert late == ObjectHealth(WIDGET, Health.FAILED, "not healthy within 10 min: Waiting")


def test_what_was_applied_again_has_its_time_again() -> None:
    bench = Bench()
    bench.apply()
    bench.clock.forward(hours=1)
    assert bench.look(WAITING).health is Health.FAILED

    bench.apply()
    bench.clock.forward(minutes=9)

    assert bench.look(WAITING).health is Health.PROGRESSING


def test_what_was_healthy_for_long_has_its_time_from_when_it_ceased_to_be() -> None:
    """A node that is drained must not fail a Deployment that was applied months ago."""
    bench = Bench()
    bench.apply()
    bench.look({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    bench.clock.forward(days=90)

    assert bench.look(WAITING).health is Health.PROGRESSING
    bench.clock.forward(minutes=9)
    assert bench.look(WAITING).health is Health.PROGRESSING
    bench.clock.forward(minutes=2)
    assert bench.look(WAITING).health is Health.FAILED


def test_an_object_may_ask_for_more_time() -> None:
    bench = Bench()
    bench.apply()
    bench.clock.forward(minutes=29)
    patient = {"metadata": {"annotations": {"gitwarrant.dev/health-deadline": "30m"}}, **WAITING}

    assert bench.look(patient).health is Health.PROGRESSING
    bench.clock.forward(minutes=2)
    assert bench.look(patient).reason == "not healthy within 30 min: Waiting"
