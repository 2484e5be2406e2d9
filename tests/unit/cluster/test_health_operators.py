"""What is shipped about kinds of operators: it fits together, and no object of any shape confuses it."""

from importlib import resources
from typing import Any

import pytest

from gitwarrant.cluster.health import health
from gitwarrant.cluster.health.shipped import FILE, awaits_status, operators
from gitwarrant.model.live import Health
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.yaml.reader import read

DATA: Any = read((resources.files("gitwarrant.cluster.health") / FILE).read_bytes(), FILE)[0].value
KINDS = [rule["kind"] for rule in DATA["rules"]]
SHAPES: dict[str, Any] = {
    "no status": {},
    "an empty status": {"spec": {}, "status": {}},
    "conditions without reasons": {
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Other", "status": "True"}]},
    },
    "empty lists": {"metadata": {"annotations": {}}, "spec": {}, "status": {"conditions": []}},
}


def test_each_kind_has_one_rule() -> None:
    assert len(set(KINDS)) == len(KINDS)


@pytest.mark.parametrize("part", ["awaiting", "silent"])
def test_each_pattern_stands_once(part: str) -> None:
    assert len(set(DATA[part])) == len(DATA[part])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_shipped_rule_judges_objects_of_every_shape(kind: str, shape: str) -> None:
    """Its expressions ask whether a field is there, so that nothing ends up as not to be judged."""
    name, _, group = kind.partition(".")
    key = ObjectKey(group.replace("*", "x"), name.replace("*", "Thing"), "shop", "x")

    assert health(key, SHAPES[shape]).health is not Health.UNKNOWN


@pytest.mark.parametrize(
    ("group", "kind", "awaits"),
    [
        ("kafka.strimzi.io", "KafkaTopic", True),
        ("s3.aws.upbound.io", "Bucket", True),
        ("aws.upbound.io", "ProviderConfig", False),
        ("argoproj.io", "Rollout", True),
        ("argoproj.io", "AnalysisTemplate", False),
        ("example.com", "Widget", False),
    ],
)
def test_only_kinds_that_always_get_a_status_are_waited_for(group: str, kind: str, awaits: bool) -> None:
    assert awaits_status(group, kind) is awaits


def test_the_rules_are_compiled_once() -> None:
    assert operators() is operators()
