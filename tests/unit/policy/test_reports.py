"""The reports, whole: what people read, and what programs read."""

import json
from pathlib import Path

from tests.support.checking import judged, pod, rendered

from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Source
from gitwarrant.policy.check import check
from gitwarrant.policy.report.checked import Checked, Skipped, Unreadable
from gitwarrant.policy.report.excerpt import MAX_WIDTH, excerpt
from gitwarrant.policy.report.formats import FORMATS
from gitwarrant.policy.report.human import lines
from gitwarrant.policy.report.json import value
from gitwarrant.policy.sets import BUILTIN_SETS

DOCS = Path(__file__).parents[3] / "docs"
FAULTY = pod("""
hostNetwork: true
containers:
  - name: web
    image: web:1  # a comment
    securityContext: {privileged: true}
""")
SETS = (
    PolicySet("test", ("privileged-container", "host-namespaces", "image-without-digest"), Severity.HIGH),
)


def checked(text: str, *, skipped: int = 1, unreadable: int = 1) -> Checked:
    manifests = rendered(text)
    return Checked(
        check(manifests, SETS),
        SETS,
        manifests.sources,
        tuple(Skipped(f"notes-{number}.md", "neither YAML nor JSON") for number in range(skipped)),
        (Unreadable(Place("bad.yaml", 3, 1), "not YAML: it ends early", "correct the syntax"),) * unreadable,
    )


def told(run: Checked) -> str:
    return "\n".join("".join(text for _, text in line) for line in lines(run))


def test_the_report_for_people() -> None:
    """All of it: findings with their line, what could not be read, counts, verdict, where to begin."""
    assert (
        told(checked(FAULTY))
        == """\
web.yaml
  5:16     high host-namespaces Pod web
           the Pod shares the node's network: it can listen to every connection and reach what only the node may
         5 |   hostNetwork: true
           |                ^^^^
           remedy: remove 'hostNetwork'; reach the Pod through a Service instead
           fix: remove 'hostNetwork', at spec.hostNetwork (the workload may behave differently)

  8:14     medium image-without-digest Pod web
           container 'web' uses 'web:1', which has no digest
         8 |       image: web:1  # a comment
           |              ^^^^^
           remedy: write it as web@sha256:...

  9:37     critical privileged-container Pod web
           container 'web' is privileged
         9 |       securityContext: {privileged: true}
           |                                     ^^^^
           remedy: remove 'privileged: true'; if one capability is really needed, add that one alone
           fix: remove 'privileged', at spec.containers[0].securityContext.privileged (the workload may behave differently)

could not be read, so refused
  bad.yaml:3:1: not YAML: it ends early
    remedy: correct the syntax

not looked at
  notes-0.md: neither YAML nor JSON

1 object in 1 file, judged by 3 checks of test (from high)
outcomes: 0 passed, 3 violated, 0 not applicable, 0 could not be judged, 1 not looked at
refused: 2 findings, 1 unreadable file
mend first: bad.yaml:3:1: correct the syntax"""  # noqa: E501 - as wide as the report
    )


def test_what_several_checks_could_not_judge_is_said_once() -> None:
    """With the checks' names."""
    assert (
        told(checked(pod('containers: "x"'), skipped=0, unreadable=0))
        == """\
could not be judged, so refused
  web.yaml:5:15: Pod web: spec.containers should be a list, but is text
    by host-namespaces, image-without-digest, privileged-container

1 object in 1 file, judged by 3 checks of test (from high)
outcomes: 0 passed, 0 violated, 0 not applicable, 3 could not be judged, 0 not looked at
refused: 3 checks that could not judge
mend first: web.yaml:5:15: spec.containers should be a list, but is text"""
    )


def test_a_clean_run_says_so_and_what_it_did() -> None:
    """Silence would look like a run that judged nothing."""
    clean = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}"

    assert (
        told(checked(clean, skipped=10, unreadable=0))
        == """\
not looked at
  notes-0.md: neither YAML nor JSON
  notes-1.md: neither YAML nor JSON
  notes-2.md: neither YAML nor JSON
  notes-3.md: neither YAML nor JSON
  notes-4.md: neither YAML nor JSON
  notes-5.md: neither YAML nor JSON
  notes-6.md: neither YAML nor JSON
  notes-7.md: neither YAML nor JSON
  and 2 more (--output json names them)

1 object in 1 file, judged by 3 checks of test (from high)
outcomes: 0 passed, 0 violated, 3 not applicable, 0 could not be judged, 10 not looked at
nothing refuses"""
    )


def test_findings_below_the_threshold_are_shown_and_pass() -> None:
    """A person sees them; the exit status does not."""
    run = checked(pod("containers: [{name: web, image: web:1}]"), skipped=0, unreadable=0)

    assert told(run).endswith("nothing refuses; 1 finding below the threshold")
    assert not run.refused


def test_the_report_for_programs() -> None:
    """One finding whole, and every other member."""
    report = value(checked(FAULTY))

    assert report.pop("findings")[2] == {
        "rule": "privileged-container",
        "severity": "critical",
        "refuses": True,
        "object": {"group": "", "kind": "Pod", "namespace": "", "name": "web"},
        "place": {"path": "web.yaml", "line": 9, "column": 37},
        "message": "container 'web' is privileged",
        "remedy": "remove 'privileged: true'; if one capability is really needed, add that one alone",
        "fix": {
            "description": "remove 'privileged'",
            "pointer": ["spec", "containers", 0, "securityContext", "privileged"],
            "value": None,
            "safe": False,
        },
    }
    tally = {"passed": 0, "violated": 1, "not_applicable": 0, "not_judged": 0}
    rules = ("privileged-container", "host-namespaces", "image-without-digest")
    assert report == {
        "version": 1,
        "refused": True,
        "objects": 1,
        "files": ["web.yaml"],
        "policies": [{"name": "test", "checks": list(rules), "threshold": "high"}],
        "unjudged": [],
        "outcomes": [{"rule": rule, **tally} for rule in rules],
        "unreadable": [
            {
                "place": {"path": "bad.yaml", "line": 3, "column": 1},
                "what": "not YAML: it ends early",
                "remedy": "correct the syntax",
            }
        ],
        "not_looked_at": [{"path": "notes-0.md", "reason": "neither YAML nor JSON"}],
    }


def test_the_json_format_is_one_value_and_the_same_each_time() -> None:
    """Members sorted, so that two runs compare."""
    first, second = (
        "\n".join(text for line in FORMATS["json"](checked(FAULTY)) for _, text in line) for _ in range(2)
    )

    assert first == second
    assert json.loads(first) == value(checked(FAULTY))


def test_every_member_is_documented() -> None:
    """In docs/reference/report.md."""
    page = (DOCS / "reference" / "report.md").read_text()
    report = value(checked(FAULTY))

    for member in (*report, *report["findings"][0], *report["outcomes"][0]):
        assert f"`{member}`" in page


def test_an_excerpt_of_a_very_long_line_shows_the_part_around_the_place() -> None:
    """A JSON file may be one line of megabytes."""
    source = Source("a.json", b"x" * 5000 + b"HERE" + b"y" * 5000)

    found = excerpt(Place("a.json", 1, 5001), {"a.json": source})

    assert found is not None
    line, carets = found
    assert len(line) == MAX_WIDTH
    assert line[carets.index("^") :].startswith("HERE")


def test_an_excerpt_cannot_steer_the_terminal() -> None:
    """Attack: a comment turns the text around, so that people read something else. Stopped by the report."""
    source = Source("a.yaml", "a: 1\t# \u202eevil\u0085".encode())

    assert excerpt(Place("a.yaml", 1, 4), {"a.yaml": source}) == (
        "a: 1 # \N{REPLACEMENT CHARACTER}evil",
        "   ^",
    )


def test_every_set_gives_a_report() -> None:
    """Through the real sets, with everything they name."""
    for policy in BUILTIN_SETS.values():
        report = judged(FAULTY, *policy.checks)

        assert [tally.rule for tally in report.tallies] != []
