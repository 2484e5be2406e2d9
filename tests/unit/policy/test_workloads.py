"""Whatever makes a Pod is judged as that Pod: wrapping a fault does not hide it."""

import json
from typing import Any

import pytest
from tests.support.checking import WORKLOADS, judged, workload

DIGEST = "registry.example/web@sha256:" + "0" * 64
GOOD: dict[str, Any] = {
    "name": "web",
    "image": DIGEST,
    "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
    "resources": {"requests": {"cpu": "100m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
}
FAULTS: dict[str, dict[str, Any]] = {
    "privileged-container": {"securityContext": {**GOOD["securityContext"], "privileged": True}},
    "host-namespaces": {"ports": [{"containerPort": 80, "hostPort": 80}]},
    "runs-as-root": {"securityContext": {**GOOD["securityContext"], "runAsUser": 0}},
    "dangerous-capabilities": {
        "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}
    },
    "image-without-digest": {"image": "registry.example/web:1"},
    "missing-limits": {"resources": {"requests": {"cpu": "100m"}}},
}
POD_CHECKS = (*FAULTS, "host-path")


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_clean_workload_passes_every_check(kind: str) -> None:
    """And every check about Pods did judge it."""
    report = judged(workload(kind, {"containers": [GOOD]}), *POD_CHECKS)

    assert report.findings == ()
    assert report.unjudged == ()
    assert {tally.passed for tally in report.tallies} == {1}


@pytest.mark.parametrize("rule", FAULTS)
@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_fault_is_found_in_every_kind_of_workload(kind: str, rule: str) -> None:
    """A CronJob's Pod and the template of a custom kind are no hiding places."""
    faulty = {**GOOD, **FAULTS[rule]}

    report = judged(workload(kind, {"containers": [faulty]}), *POD_CHECKS)

    assert [finding.rule for finding in report.findings] == [rule]
    assert report.unjudged == ()


@pytest.mark.parametrize("rule", FAULTS)
@pytest.mark.parametrize("kind", ["Pod", "CronJob", "custom kind with a template"])
def test_a_fault_is_found_in_an_init_container(kind: str, rule: str) -> None:
    """It runs first, with the same rights."""
    faulty = {**GOOD, "name": "setup", **FAULTS[rule]}

    report = judged(workload(kind, {"containers": [GOOD], "initContainers": [faulty]}), *POD_CHECKS)

    assert [finding.rule for finding in report.findings] == [rule]
    assert "init container 'setup'" in report.findings[0].message


@pytest.mark.parametrize("rule", [rule for rule in FAULTS if rule != "missing-limits"])
def test_a_fault_is_found_in_an_ephemeral_container(rule: str) -> None:
    """Ephemeral containers cannot have resources, so only `missing-limits` lets them be."""
    faulty = {**GOOD, "name": "debug", **FAULTS[rule]}

    report = judged(workload("Pod", {"containers": [GOOD], "ephemeralContainers": [faulty]}), *POD_CHECKS)

    assert [finding.rule for finding in report.findings] == [rule]
    assert "ephemeral container 'debug'" in report.findings[0].message


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_host_path_is_found_in_every_kind_of_workload(kind: str) -> None:
    """The one fault that lies in the Pod, not in a container."""
    volume = {"name": "node", "hostPath": {"path": "/"}}

    report = judged(workload(kind, {"containers": [GOOD], "volumes": [volume]}), *POD_CHECKS)

    assert [finding.rule for finding in report.findings] == ["host-path"]


@pytest.mark.parametrize(
    ("spec", "rules"),
    [
        pytest.param(
            {"containers": [{"name": "prometheus", "securityContext": {"privileged": True}}]},
            ["privileged-container"],
            id="a patch that an operator merges into its Pod needs no image",
        ),
        pytest.param(
            {"templates": [{"script": {"image": DIGEST, "securityContext": {"privileged": True}}}]},
            ["privileged-container"],
            id="one container under a name of its own (Argo Workflows)",
        ),
        pytest.param(
            {"podTemplate": {"hostNetwork": True}}, ["host-namespaces"], id="part of a Pod (Tekton)"
        ),
        pytest.param(
            {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
            ["host-path"],
            id="volumes without containers",
        ),
        pytest.param({"containers": 3, "image": "web"}, [], id="words that mean something else"),
    ],
)
def test_parts_of_pods_are_judged_in_custom_kinds(spec: dict[str, Any], rules: list[str]) -> None:
    """What is there is judged; what a controller may still fill in is not asked for."""
    text = workload("Pod", {}).replace('"v1"', '"example.com/v1"').replace('"Pod"', '"Widget"')
    [before, after] = text.split("{}")

    report = judged(f"{before}{json.dumps(spec)}{after}", *POD_CHECKS)

    assert [finding.rule for finding in report.findings] == rules
    assert report.unjudged == ()


def test_a_custom_resource_definition_is_no_pod() -> None:
    """It describes fields; an example in it runs nowhere."""
    text = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  versions:
    - schema: {default: {containers: [{image: web, securityContext: {privileged: true}}]}}
"""

    report = judged(text, "privileged-container")

    assert [(tally.not_applicable, tally.violated) for tally in report.tallies] == [(1, 0)]
