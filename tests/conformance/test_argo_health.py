"""Health, side by side with the verdicts of Argo CD: its own for built-in kinds, its scripts' for others.

Argo's `Degraded` is our FAILED; the other words are the same. Where we differ on
purpose, the reason stands in a table here; a difference without one fails.
"""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitwarrant.cluster.health.conventions import changing, conventional
from gitwarrant.cluster.health.verdict import BUILTIN, health
from gitwarrant.model.live import Health
from gitwarrant.model.manifest import ObjectKey

CORPORA = Path(os.environ.get("GITWARRANT_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
BUILTIN_FOLDER, CUSTOM_FOLDER = CORPORA / "argo-health-builtin", CORPORA / "argo-health"

ARGO: Mapping[str, Health] = {
    "Healthy": Health.HEALTHY,
    "Progressing": Health.PROGRESSING,
    "Degraded": Health.FAILED,
    "Suspended": Health.SUSPENDED,
    "Missing": Health.MISSING,
    "Unknown": Health.UNKNOWN,
}

BUILTIN_VERDICTS: Mapping[str, str] = {
    "apiservice-v1-true": "Healthy",
    "apiservice-v1beta1-false": "Progressing",
    "apiservice-v1beta1-true": "Healthy",
    "application-degraded": "Degraded",
    "daemonset": "Healthy",
    "daemonset-ondelete": "Healthy",
    "deployment-degraded": "Degraded",
    "deployment-progressing": "Progressing",
    "deployment-suspended": "Suspended",
    "hpa-v1-degraded": "Degraded",
    "hpa-v1-degraded-failedgetobjectmetric": "Degraded",
    "hpa-v1-progressing": "Progressing",
    "hpa-v1-progressing-with-no-annotations": "Progressing",
    "hpa-v2-healthy": "Healthy",
    "hpa-v2-progressing": "Progressing",
    "ingress": "Healthy",
    "ingress-unassigned": "Progressing",
    "job-failed": "Degraded",
    "job-running": "Progressing",
    "job-succeeded": "Healthy",
    "job-suspended": "Suspended",
    "pod-crashloop": "Degraded",
    "pod-deletion": "Progressing",
    "pod-error": "Degraded",
    "pod-imagepullbackoff": "Degraded",
    "pod-running-not-ready": "Progressing",
    "pod-running-restart-never": "Progressing",
    "pod-running-restart-never-hook-with-ignore-annotation": "Progressing",
    "pod-running-restart-never-with-ignore-annotation-backoff": "Degraded",
    "pvc-bound": "Healthy",
    "statefulset-ondelete": "Healthy",
    "svc-loadbalancer": "Healthy",
    "svc-loadbalancer-nonemptylist": "Healthy",
    "svc-loadbalancer-unassigned": "Progressing",
}
"""What the tests of Argo CD demand of each file."""

BY_CONVENTIONS, BY_RULES = 0.72, 0.93
"""Least shares of custom objects with the same verdict: measured, to be raised, never lowered."""

DELETED = "it is being deleted: Argo CD says so too, before it asks the script that this case tests alone"
OURS: Mapping[str, str] = {
    "astra.netapp.io/ResticVolumeBackup/testdata/degraded.yaml": DELETED,
    "kafka.strimzi.io/KafkaBridge/testdata/degraded.yaml": DELETED,
    "kafka.strimzi.io/KafkaBridge/testdata/healthy.yaml": DELETED,
    "kafka.strimzi.io/KafkaConnect/testdata/degraded.yaml": DELETED,
    "kafka.strimzi.io/KafkaConnect/testdata/healthy.yaml": DELETED,
    "kafka.strimzi.io/KafkaConnector/testdata/degraded.yaml": DELETED,
    "kafka.strimzi.io/KafkaConnector/testdata/healthy.yaml": DELETED,
    "kubevirt.io/VirtualMachineInstance/testdata/suspended_succeeded.yaml": DELETED,
    **{
        f"core.humio.com/Humio{kind}/testdata/notfound.yaml": "missing means that the object is not there; "
        "here it is, and what it stands for is not"
        for kind in ("Action", "Alert", "Parser", "View")
    },
    **{
        f"{kind}/testdata/{name}gloo-pending.yaml": "nobody stopped it: it waits to be translated"
        for kind in (
            "gateway.solo.io/Gateway",
            "gateway.solo.io/MatchableHttpGateway",
            "gateway.solo.io/RouteTable",
            "gloo.solo.io/Upstream",
            "gloo.solo.io/UpstreamGroup",
        )
        for name in ("", "non-namespaced-")
    },
    **{
        f"{kind}/testdata/unknown.yaml": "it can be judged: its controller has said nothing yet"
        for kind in ("game.kruise.io/GameServer", "rabbitmq.com/Policy", "rabbitmq.com/Vhost")
    },
}
"""Custom objects that are judged in another way on purpose, with the reason."""


class Lenient(yaml.SafeLoader):
    """Reads as Argo's tests do: some cases have a key twice. Times stay text, as an API server gives them."""


def as_written(loader: Lenient, node: yaml.ScalarNode) -> str:
    return str(node.value)


Lenient.add_constructor("tag:yaml.org,2002:timestamp", as_written)


def live_of(path: Path) -> Any:
    return next(yaml.load_all(path.read_bytes(), Lenient)) or {}


def key_of(live: Any) -> ObjectKey:
    group = str(live.get("apiVersion", "")).rpartition("/")[0]
    return ObjectKey(group, str(live.get("kind", "")), "default", "x")


def without(folder: str) -> Any:
    reason = f"the corpus is not at {CORPORA.name}/{folder}: set GITWARRANT_CORPORA"
    return pytest.param(Path(), Health.UNKNOWN, id="corpus", marks=pytest.mark.skip(reason=reason))


def builtin_files() -> Iterator[Any]:
    if not BUILTIN_FOLDER.is_dir():
        yield without("argo-health-builtin")
    for path in sorted(BUILTIN_FOLDER.glob("*.yaml")):
        yield pytest.param(path, BUILTIN_VERDICTS.get(path.stem), id=path.stem)


@pytest.mark.parametrize(("path", "verdict"), list(builtin_files()))
def test_a_builtin_kind_gets_the_verdict_of_argo(path: Path, verdict: str | None) -> None:
    assert verdict is not None, "what Argo says of it is not in the table"

    live = live_of(path)

    assert health(key_of(live), live).health is ARGO[verdict]


@cache
def custom_cases() -> tuple[tuple[str, Any, Health], ...]:
    """Every case of a Lua script: its name, the object, and Argo's verdict."""
    if not CUSTOM_FOLDER.is_dir():
        pytest.skip(f"the corpus is not at {CORPORA.name}/argo-health: set GITWARRANT_CORPORA")
    cases = []
    for table in sorted(CUSTOM_FOLDER.glob("*/*/health_test.yaml")):
        for case in yaml.safe_load(table.read_bytes())["tests"]:
            path = table.parent / case["inputPath"]
            name = str(path.relative_to(CUSTOM_FOLDER))
            cases.append((name, live_of(path), ARGO[case["healthStatus"]["status"]]))
    return tuple(cases)


def same(judge: Any) -> tuple[float, list[str]]:
    """The share of custom objects with Argo's verdict, and the others."""
    cases = custom_cases()
    others = [name for name, live, verdict in cases if judge(key_of(live), live) is not verdict]
    return 1 - len(others) / len(cases), others


def test_conventions_alone_judge_most_custom_kinds_as_their_scripts_do() -> None:
    """Nothing is known of any kind here, but how controllers use to speak."""

    def judge(key: ObjectKey, live: Any) -> Health:
        verdict = changing(live) or (BUILTIN.get((key.group, key.kind)) or conventional)(live)
        return verdict[0]

    share, _ = same(judge)

    assert share >= BY_CONVENTIONS


def test_with_the_rules_shipped_nearly_all_custom_kinds_are_judged_as_their_scripts_do() -> None:
    share, _ = same(lambda key, live: health(key, live).health)

    assert share >= BY_RULES


def test_every_difference_on_purpose_is_still_one() -> None:
    """A reason that no case needs any more would mislead."""
    _, others = same(lambda key, live: health(key, live).health)

    assert not OURS.keys() & {name for name, _, _ in custom_cases()} - set(others)


def test_nothing_that_argo_calls_failed_is_called_healthy_unnoticed() -> None:
    """The dangerous direction: these are named, and there must not be more."""
    missed = {
        name
        for name, live, verdict in custom_cases()
        if verdict is Health.FAILED and health(key_of(live), live).health is Health.HEALTHY
    }

    assert missed <= {
        "core.gardener.cloud/Shoot/testdata/degraded.yaml",  # it has no conditions yet
        "promoter.argoproj.io/ArgoCDCommitStatus/testdata/no-applications.yaml",  # ready, of nothing at all
    }
