"""The check stage: outcomes are counted, what cannot be judged refuses, findings know their place."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.manifests import judged, rendered

from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.finding import CheckReport, Finding, Fix, RuleTally, Severity, Unjudged
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.policy.builtin.privileged_container import PrivilegedContainer
from gitwarrant.policy.check import check
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.subject import Subject, Violation

WEB = """\
# a comment, so that lines are not documents
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      containers:
        - name: web
          securityContext:
            privileged: true
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
"""

KEY = ObjectKey("apps", "Deployment", "shop", "web")


def test_a_report_says_everything_about_a_run() -> None:
    """The whole value: the finding with line and fix, the tallies, what refuses."""
    report = judged(WEB, "privileged-container", "missing-limits", threshold=Severity.HIGH)

    pointer = ("spec", "template", "spec", "containers", 0, "securityContext", "privileged")
    privileged = Finding(
        rule="privileged-container",
        severity=Severity.CRITICAL,
        object=KEY,
        place=Place("web.yaml", 14, 25),
        message="container 'web' is privileged",
        remedy="remove 'privileged: true'; if one capability is really needed, add that one alone",
        fix=Fix("remove 'privileged'", pointer, None, safe=False),
    )
    fields = "resources.limits.memory, resources.requests.memory, resources.requests.cpu"
    unbounded = Finding(
        rule="missing-limits",
        severity=Severity.MEDIUM,
        object=KEY,
        place=Place("web.yaml", 12, 11),
        message=f"container 'web' has no {fields}",
        remedy=f"set {fields}",
    )
    assert report == CheckReport(
        objects=2,
        findings=(unbounded, privileged),
        unjudged=(),
        tallies=(
            RuleTally("privileged-container", passed=0, violated=1, not_applicable=1, not_judged=0),
            RuleTally("missing-limits", passed=0, violated=1, not_applicable=1, not_judged=0),
        ),
        refused_by=(privileged,),
    )
    assert decode(CheckReport, encode(report)) == report


def test_every_check_on_every_object_has_exactly_one_outcome() -> None:
    """Nothing is lost between the four columns."""
    report = judged(WEB + "---\n{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: 1}}")

    counts = [
        tally.passed + tally.violated + tally.not_applicable + tally.not_judged for tally in report.tallies
    ]

    assert counts == [3] * len(CHECKS)


POD = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: %s}"


@pytest.mark.parametrize(
    ("spec", "rule", "reason"),
    [
        pytest.param(
            "{containers: x}",
            "privileged-container",
            "spec.containers should be a list, but is text",
            id="containers are text",
        ),
        pytest.param(
            "{containers: [x]}",
            "privileged-container",
            "spec.containers[0] should be a mapping, but is text",
            id="a container is text",
        ),
        pytest.param("x", "host-path", "spec should be a mapping, but is text", id="the spec is text"),
        pytest.param(
            "{}", "host-path", "spec has no containers, so there is no Pod to judge", id="no containers"
        ),
        pytest.param(
            '{containers: [{name: a, securityContext: {privileged: "true"}}]}',
            "privileged-container",
            "spec.containers[0].securityContext.privileged should be true or false, but is text",
            id="a boolean in quotes",
        ),
        pytest.param(
            '{containers: [{name: a}], hostNetwork: "true"}',
            "host-namespaces",
            "spec.hostNetwork should be true or false, but is text",
            id="a host flag in quotes",
        ),
        pytest.param(
            '{containers: [{name: a}], securityContext: {runAsUser: "0"}}',
            "runs-as-root",
            "spec.securityContext.runAsUser should be a whole number, but is '0'",
            id="a user in quotes",
        ),
        pytest.param(
            "{containers: [{name: a, securityContext: {capabilities: {add: SYS_ADMIN}}}]}",
            "dangerous-capabilities",
            "spec.containers[0].securityContext.capabilities.add should be a list, but is text",
            id="capabilities are no list",
        ),
        pytest.param(
            "{containers: [{name: a, image: 1}]}",
            "image-without-digest",
            "spec.containers[0].image should be text, but is a number",
            id="an image is a number",
        ),
        pytest.param(
            "{containers: [{name: a, resources: {limits: {memory: lots}}}]}",
            "missing-limits",
            "spec.containers[0].resources.limits.memory should be an amount such as 128Mi or 100m,"
            " but is 'lots'",
            id="no amount",
        ),
        pytest.param(
            "{containers: [{name: a}], volumes: {}}",
            "host-path",
            "spec.volumes should be a list, but is a mapping",
            id="volumes are no list",
        ),
    ],
)
def test_what_cannot_be_judged_refuses_and_names_the_field(spec: str, rule: str, reason: str) -> None:
    """Neither passed nor a traceback."""
    report = judged(POD % spec, rule)

    [unjudged] = report.unjudged
    assert (unjudged.rule, unjudged.reason, unjudged.place.line) == (rule, reason, 1)
    assert (report.findings, report.refused_by, report.refused) == ((), (), True)
    assert report.tallies == (RuleTally(rule, passed=0, violated=0, not_applicable=0, not_judged=1),)


class Broken(PrivilegedContainer):
    """A check with a fault."""

    id = "broken"

    def run(self, subject: Subject) -> Iterator[Violation]:
        """Find something, then fail."""
        yield Violation(("kind",), "seen before the fault")
        raise KeyError(subject.manifest.key.name)


def test_a_check_that_fails_refuses_and_keeps_what_it_found() -> None:
    """A fault of ours is said, and is not the author's way around the check."""
    sets = [PolicySet("test", ("broken",), Severity.CRITICAL)]

    report = check(rendered(WEB), sets, checks=[Broken()])

    assert report.unjudged == (
        Unjudged("broken", KEY, Place("web.yaml", 3, 1), "the check itself failed: KeyError: 'web'"),
    )
    assert [finding.message for finding in report.findings] == ["seen before the fault"]
    assert report.tallies == (RuleTally("broken", passed=0, violated=0, not_applicable=1, not_judged=1),)


@pytest.mark.parametrize(
    ("threshold", "refused"),
    [(Severity.LOW, True), (Severity.MEDIUM, True), (Severity.HIGH, False), (Severity.CRITICAL, False)],
    ids=lambda value: getattr(value, "value", None),
)
def test_a_finding_refuses_from_the_threshold_on(threshold: Severity, refused: bool) -> None:
    """missing-limits is medium."""
    report = judged(WEB, "missing-limits", threshold=threshold)

    assert (len(report.findings), report.refused) == (1, refused)


def test_the_strictest_set_that_names_a_check_decides() -> None:
    """A second, milder set does not soften the first."""
    mild = PolicySet("mild", ("missing-limits",), Severity.CRITICAL)
    strict = PolicySet("strict", ("missing-limits",), Severity.LOW)

    assert check(rendered(WEB), [mild, strict]).refused
    assert not check(rendered(WEB), [mild]).refused


def test_a_threshold_holds_only_for_the_checks_of_its_set() -> None:
    """A low threshold of one set does not reach into another."""
    low = PolicySet("low", ("host-path",), Severity.LOW)
    high = PolicySet("high", ("missing-limits",), Severity.HIGH)

    assert check(rendered(WEB), [low, high]).refused_by == ()


@pytest.mark.parametrize(
    ("sets", "what"),
    [
        pytest.param([], "no policy set names any check", id="no set"),
        pytest.param([PolicySet("a", (), Severity.LOW)], "no policy set names any check", id="an empty set"),
        pytest.param(
            [PolicySet("a", ("host-pth",), Severity.LOW)],
            "there is no check 'host-pth'",
            id="a misspelling",
        ),
    ],
)
def test_a_check_of_nothing_is_refused(sets: list[PolicySet], what: str) -> None:
    """All of none is not all."""
    with pytest.raises(Refused, match=what) as refused:
        check(rendered(WEB), sets)

    assert refused.value.stage == "check"


def test_a_run_over_no_objects_is_refused() -> None:
    """It would prove nothing."""
    nothing = replace(rendered(WEB), manifests=())

    with pytest.raises(Refused, match="no manifest was read"):
        check(nothing, [PolicySet("a", ("host-path",), Severity.LOW)])


LIST = """\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: a}
    spec:
      hostPID: true
      containers: [{name: a}]
"""
FLOW = """\
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
 "spec": {"containers": [{"name": "a"}],
          "hostPID": true}}
"""
ANCHOR = """\
apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations: &yes {a: b}
spec:
  <<: &hidden
    hostPID: true
  containers: [{name: a}]
"""
EXOTIC = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers: [{name: a}]
  "host\\x50ID": !!bool yes
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param(LIST, Place("web.yaml", 8, 16), id="inside a List"),
        pytest.param(FLOW, Place("web.yaml", 3, 22), id="JSON"),
        pytest.param(ANCHOR, Place("web.yaml", 8, 14), id="a merge key"),
        pytest.param(EXOTIC, Place("web.yaml", 6, 17), id="an escaped key and a tagged value"),
    ],
)
def test_the_same_is_found_in_every_spelling_at_its_own_place(text: str, place: Place) -> None:
    """How it is written hides nothing."""
    [finding] = judged(text, "host-namespaces").findings

    assert finding.place == place


def test_a_manifest_without_source_keeps_the_place_of_its_object() -> None:
    """What a renderer made has no line to point at."""
    value: Any = replace(rendered(WEB), sources=())

    [finding] = check(value, [PolicySet("a", ("privileged-container",), Severity.LOW)]).findings

    assert finding.place == Place("web.yaml", 3, 1)
