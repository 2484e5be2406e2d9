"""Ignore rules let be what they name, and nothing beside it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitwarrant.cluster.drift import Terms, judge
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.model.environment import IgnoreRule
from gitwarrant.model.errors import Place
from gitwarrant.model.live import Drift
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.objects.cel import CelError
from gitwarrant.objects.difference import bare

NOW = datetime(2026, 11, 26, tzinfo=UTC)
KEY = ObjectKey("apps", "Deployment", "shop", "web")
PLACE = Place(".gitwarrant/environments.yaml", 9, 9)


def rule(pointer: tuple[str, ...], **changed: Any) -> IgnoreRule:
    given: dict[str, Any] = {
        "kind": "Deployment.apps",
        "name": "*",
        "when": "",
        "reason": "the operator's",
        "until": None,
        **changed,
    }
    return IgnoreRule(pointer=pointer, place=PLACE, **given)


def deployment(**spec: Json) -> dict[str, Json]:
    metadata = {"name": "web", "namespace": "shop", "uid": "u1", "annotations": {}, "labels": {}}
    return {"metadata": metadata, "spec": spec}


def drift(before: Json, after: Json, *rules: IgnoreRule) -> Drift | None:
    truth = bare(before)
    terms = Terms(KEY, "u1", truth, truth, ignoring=Ignoring.of(rules, NOW))
    return judge(terms, after).drift


REPLICAS = ("spec", "replicas")
RESOURCES = ("spec", "containers", "*", "resources")
WEB: Json = {"name": "web", "image": "a"}


@pytest.mark.parametrize(
    ("before", "after", "rules", "ignored"),
    [
        pytest.param({"replicas": 1}, {"replicas": 3}, [rule(REPLICAS)], True, id="the field itself"),
        pytest.param({}, {"replicas": 3}, [rule(REPLICAS)], True, id="a field that was added"),
        pytest.param({"replicas": 3}, {}, [rule(REPLICAS)], True, id="a field that was removed"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, [rule(("spec", "a"))], True, id="a field below"),
        pytest.param({}, {"a": {"b": 1}}, [rule(("spec", "a", "b"))], True, id="added with what holds it"),
        pytest.param(
            {},
            {"a": {"b": 1, "c": 2}},
            [rule(("spec", "a", "b"))],
            False,
            id="something beside it came along",
        ),
        pytest.param({}, {"a": {}}, [rule(("spec", "a", "b"))], False, id="only what holds it"),
        pytest.param({"replicas": 1}, {"replicas": 3, "x": 1}, [rule(REPLICAS)], False, id="another field"),
        pytest.param(
            {"containers": [WEB]},
            {"containers": [{**WEB, "resources": {"limits": {}}}]},
            [rule(RESOURCES)],
            True,
            id="in every item of a list",
        ),
        pytest.param(
            {"containers": [WEB]},
            {"containers": [WEB, {"name": "spy", "resources": {}}]},
            [rule(RESOURCES)],
            False,
            id="attack: an item added under the cover of one of its fields",
        ),
        pytest.param(
            {"args": ["a", "b"]}, {"args": ["a", "c"]}, [rule(("spec", "args", "*"))], True, id="plain items"
        ),
        pytest.param(
            {"args": ["a"]}, {"args": ["a", "c"]}, [rule(("spec", "args", "*"))], False, id="one item more"
        ),
        pytest.param(
            {"replicas": 1}, {"replicas": 3}, [rule(REPLICAS, name="db-*")], False, id="another name"
        ),
        pytest.param(
            {"replicas": 1}, {"replicas": 3}, [rule(REPLICAS, kind="Deployment")], False, id="another group"
        ),
        pytest.param(
            {"replicas": 1}, {"replicas": 3}, [rule(())], False, id="a rule about undeclared objects"
        ),
        pytest.param(
            {"replicas": 1},
            {"replicas": 3},
            [rule(REPLICAS, when="value < 5")],
            True,
            id="the condition holds",
        ),
        pytest.param(
            {"replicas": 1}, {"replicas": 9}, [rule(REPLICAS, when="value < 5")], False, id="it does not hold"
        ),
        pytest.param(
            {"replicas": 1},
            {"replicas": 2},
            [rule(REPLICAS, when="value == baseline.spec.replicas + 1 && self.metadata.name == 'web'")],
            True,
            id="a condition about the baseline and the whole object",
        ),
        pytest.param(
            {"replicas": 1}, {"replicas": 3}, [rule(REPLICAS, until=NOW)], False, id="a rule that has ended"
        ),
        pytest.param(
            {"replicas": 1},
            {"replicas": 3},
            [rule(REPLICAS, until=NOW + timedelta(seconds=1))],
            True,
            id="a rule that ends later",
        ),
    ],
)
def test_a_rule_lets_be_exactly_what_it_names(
    before: Json, after: Json, rules: list[IgnoreRule], ignored: bool
) -> None:
    found = drift(deployment(**before), deployment(**after), *rules)

    assert (found is None) is ignored


def test_a_condition_that_cannot_be_judged_ignores_nothing_and_is_told() -> None:
    found = drift(
        deployment(replicas=1), deployment(replicas=3), rule(REPLICAS, when="self.status.phase == 'Ready'")
    )

    assert found is not None
    assert found.note.startswith(
        "the ignore rule at .gitwarrant/environments.yaml:9:9 lets nothing be: "
        "the expression \"self.status.phase == 'Ready'\" cannot be evaluated"
    )


def test_a_rule_that_does_not_compile_is_refused_at_its_place() -> None:
    with pytest.raises(CelError) as refused:
        Ignoring.of([rule(REPLICAS, when="value <")], NOW)

    assert refused.value.place == PLACE
