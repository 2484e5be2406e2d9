"""The engine: four outcomes, each counted once; what cannot be judged refuses."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.support.checking import judged, pod, rendered

from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.finding import CheckReport, Finding, Fix, RuleTally, Severity, Unjudged
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.policy.check import check
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.sets import BUILTIN_SETS, PURPOSES
from gitwarrant.policy.subject import Check, Subject, Violation

WEB = ObjectKey("", "Pod", "", "web")
PRIVILEGED = """
containers:
  - name: web
    securityContext:
      privileged: true
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"


def test_a_report_says_what_where_and_how_to_mend_it() -> None:
    """The whole report of two objects, one at fault, the other none of the check's business."""
    report = judged(pod(PRIVILEGED) + "---\n" + CONFIG, "privileged-container", threshold=Severity.HIGH)

    finding = Finding(
        rule="privileged-container",
        severity=Severity.CRITICAL,
        object=WEB,
        place=Place("web.yaml", 8, 21),
        message="container 'web' is privileged",
        remedy="remove 'privileged: true'; if one capability is really needed, add that one alone",
        fix=Fix(
            "remove 'privileged'",
            ("spec", "containers", 0, "securityContext", "privileged"),
            None,
            safe=False,
        ),
    )
    tally = RuleTally("privileged-container", passed=0, violated=1, not_applicable=1, not_judged=0)
    assert report == CheckReport(CommitId("a" * 40), 2, (finding,), (), (tally,), (finding,))
    assert report.refused


def test_a_report_goes_through_its_canonical_form() -> None:
    """So that the stage can run in another process."""
    report = judged(pod(PRIVILEGED), "privileged-container", "missing-limits")

    assert decode(CheckReport, encode(report)) == report


def test_a_finding_below_every_threshold_is_shown_and_does_not_refuse() -> None:
    """It must be named by a set whose threshold it reaches; another set's threshold does not count."""
    manifests = rendered(pod("containers: [{name: web}]"))
    sets = [
        PolicySet("strict about images", ("image-without-digest",), Severity.CRITICAL),
        PolicySet("strict about power", ("privileged-container",), Severity.LOW),
    ]

    report = check(manifests, sets)

    assert [finding.rule for finding in report.findings] == ["image-without-digest"]
    assert report.refused_by == ()
    assert not report.refused


@pytest.mark.parametrize(
    ("spec", "line", "reason"),
    [
        pytest.param('containers: "x"', 5, "spec.containers should be a list, but is text", id="text"),
        pytest.param(
            "containers: [x]", 5, "spec.containers[0] should be a mapping, but is text", id="a list of texts"
        ),
        pytest.param(
            "containers: []", 5, "spec has no containers, so there is no Pod to judge", id="nothing"
        ),
        pytest.param(
            "containers: [{name: web, securityContext: [privileged]}]",
            5,
            "spec.containers[0].securityContext should be a mapping, but is a list",
            id="a list for a mapping",
        ),
        pytest.param(
            'containers:\n  - name: web\n    securityContext: {privileged: "true"}',
            7,
            "spec.containers[0].securityContext.privileged should be true or false, but is text",
            id="text for a flag",
        ),
    ],
)
def test_a_field_of_a_wrong_type_is_not_judged_and_refuses(spec: str, line: int, reason: str) -> None:
    """Guessing what it may mean would let something pass."""
    report = judged(pod(spec), "privileged-container", threshold=Severity.CRITICAL)

    [unjudged] = report.unjudged
    assert (unjudged.rule, unjudged.object, unjudged.place.line, unjudged.reason) == (
        "privileged-container",
        WEB,
        line,
        reason,
    )
    assert report.tallies == (RuleTally("privileged-container", 0, 0, 0, 1),)
    assert report.refused


class Broken:
    """A check with a fault of its own."""

    id = "broken"
    severity = Severity.LOW
    title = why = remedy = before = after = "text"
    maps_to: tuple[str, ...] = ()

    def applies(self, subject: Subject) -> bool:
        """Always."""
        return bool(subject.manifest.content)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """Find one thing, then break."""
        yield Violation(("kind",), "found before the fault")
        raise ZeroDivisionError(subject.manifest.key.name)


def test_a_check_that_breaks_refuses() -> None:
    """A traceback would hide the other checks, silence would pass."""
    checks: tuple[Check, ...] = (Broken(),)
    sets = [PolicySet("test", ("broken",), Severity.CRITICAL)]

    report = check(rendered(CONFIG), sets, checks=checks)

    reason = "the check itself failed: ZeroDivisionError: settings"
    assert report.unjudged == (
        Unjudged("broken", ObjectKey("", "ConfigMap", "", "settings"), Place("web.yaml", 1, 1), reason),
    )
    assert [finding.message for finding in report.findings] == ["found before the fault"]
    assert report.tallies == (RuleTally("broken", 0, 0, 0, 1),)
    assert report.refused


def test_a_run_over_nothing_is_refused() -> None:
    """ "All of none" would pass."""
    nothing = replace(rendered(CONFIG), units=())

    with pytest.raises(Refused, match="no manifest was read") as refusal:
        check(nothing, [BUILTIN_SETS["basic-security"]])

    assert refusal.value.stage == "check"


@pytest.mark.parametrize(
    ("sets", "what"),
    [
        pytest.param([], "no policy set names any check", id="no set"),
        pytest.param(
            [PolicySet("empty", (), Severity.LOW)], "no policy set names any check", id="an empty set"
        ),
        pytest.param(
            [PolicySet("typo", ("priviledged",), Severity.LOW)],
            "there is no check 'priviledged'",
            id="a check that does not exist",
        ),
    ],
)
def test_a_run_without_checks_is_refused(sets: list[PolicySet], what: str) -> None:
    """ "Any of none" would pass."""
    with pytest.raises(Refused, match=what) as refusal:
        check(rendered(CONFIG), sets)

    assert refusal.value.stage == "check"


def test_findings_come_in_the_order_of_the_file() -> None:
    """Whatever the order of checks: a person mends from top to bottom."""
    text = pod(
        "hostPID: true\ncontainers:\n  - {name: a, securityContext: {privileged: true}}\nhostIPC: true"
    )

    report = judged(text, "privileged-container", "host-namespaces")

    assert [(finding.place.line, finding.rule) for finding in report.findings] == [
        (5, "host-namespaces"),
        (7, "privileged-container"),
        (8, "host-namespaces"),
    ]


def test_a_finding_inside_a_list_has_the_place_in_the_file() -> None:
    """The pointer of the object inside the file comes before the field's own."""
    text = """\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings}
  - apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      hostPID: true
      containers: [{name: web}]
"""

    report = judged(text, "host-namespaces")

    assert [finding.place for finding in report.findings] == [Place("web.yaml", 11, 16)]


def test_the_same_findings_whatever_the_spelling() -> None:
    """Block style, flow style, JSON, and an anchor say the same thing."""
    block = pod(PRIVILEGED)
    flow = pod("containers: [{name: web, securityContext: {privileged: true}}]")
    json_text = (
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, '
        '"spec": {"containers": [{"name": "web", "securityContext": {"privileged": true}}]}}'
    )
    anchor = "x: &power {privileged: true}\n" + pod("containers: [{name: web, securityContext: *power}]")

    reports = [judged(text, "privileged-container") for text in (block, flow, json_text, anchor)]

    told = [[(one.rule, one.message, one.fix) for one in report.findings] for report in reports]
    assert [len(findings) for findings in told] == [1, 1, 1, 1]
    assert told == [told[0]] * 4


def test_every_set_names_checks_that_exist_and_has_a_purpose() -> None:
    """The whole table, so that a change of it is seen."""
    ids = {check.id for check in CHECKS}

    assert {name: (len(one.checks), one.threshold.value) for name, one in BUILTIN_SETS.items()} == {
        "basic-security": (4, "high"),
        "enhanced-security": (10, "medium"),
        "performance-validation": (1, "low"),
        "production-security": (11, "medium"),
        "compliance-validation": (8, "medium"),
    }
    assert all(ids.issuperset(one.checks) for one in BUILTIN_SETS.values())
    assert set(PURPOSES) == set(BUILTIN_SETS)
    assert {name: one.name for name, one in BUILTIN_SETS.items()} == {name: name for name in BUILTIN_SETS}


def test_compliance_validation_is_what_answers_the_cis_benchmark() -> None:
    """Section 5: a check that maps to it is in the set, and no other."""
    mapped = {check.id for check in CHECKS if any(one.startswith("CIS 5.") for one in check.maps_to)}

    assert set(BUILTIN_SETS["compliance-validation"].checks) == mapped


def test_a_check_has_one_name_in_all_its_spellings() -> None:
    """File, class and id."""
    for one in CHECKS:
        module = type(one).__module__.rpartition(".")[2]

        assert module == one.id.replace("-", "_")
        assert type(one).__name__ == one.id.title().replace("-", "")
