"""`gitwarrant check` and `gitwarrant explain` as people and programs meet them."""

import io
import json
import os
from pathlib import Path

import pytest
from tests.support.manifests import DIGEST

from gitwarrant.cli.main import main
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.finding import Severity
from gitwarrant.policy.registry import CHECKS

SAFE = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  securityContext: {{runAsNonRoot: true}}
  containers:
    - name: web
      image: web@{DIGEST}
      resources: {{requests: {{cpu: 100m}}, limits: {{memory: 64Mi}}}}
"""
ROOT = SAFE.replace("{runAsNonRoot: true}", "{runAsUser: 0}")
SECRET = "{apiVersion: v1, kind: Secret, metadata: {name: db}, stringData: {password: hunter2}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that we stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


HUMAN = """\
deploy/a.yaml
  5:32  medium  runs-as-root
    Pod default/web: the Pod runs as user 0, which is root
       5 |   securityContext: {runAsUser: 0}
         |                                ^~
    remedy: give the number of a user other than 0
  10:33  high  host-path
    Pod default/web: volume 'a' is the path '/' of the node
      10 |   volumes: [{name: a, hostPath: {path: /}}]
         |                                 ^~~~~~
    remedy: use a PersistentVolumeClaim, a ConfigMap, or an emptyDir instead of the node's files

could not be judged
  deploy/broken.yaml:2:1: not YAML: did not find expected node content
    remedy: correct the syntax there, or just before
  deploy/job.yaml:4:26: spec.template.spec has no containers, so there is no Pod to judge
    not judged by: host-path, runs-as-root

what to do first
  1. deploy/a.yaml:10:33: use a PersistentVolumeClaim, a ConfigMap, or an emptyDir instead of the node's files
     gitwarrant explain host-path
  2. deploy/a.yaml:5:32: give the number of a user other than 0
     gitwarrant explain runs-as-root

2 objects, 2 checks: 0 passed, 2 violated, 0 not applicable, 2 could not be judged
not looked at: 3 files
  deploy/notes.txt: neither YAML nor JSON
  deploy/.github/ci.yaml: hidden
  deploy/values.yaml: no Kubernetes manifest: nothing in it has an apiVersion or a kind
refused: 2 findings at or above the threshold, 2 judgements not possible, 1 file not readable
"""


def test_a_report_for_people_says_where_what_and_what_to_do_first(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The complete output: findings by file, the unjudged, the unread, the counts, the verdict."""
    two = PolicySet("two", ("host-path", "runs-as-root"), Severity.MEDIUM)
    monkeypatch.setattr("gitwarrant.cli.check._sets", lambda _: [two])
    deploy = folder / "deploy"
    (deploy / ".github").mkdir(parents=True)
    (deploy / ".git").mkdir()
    (deploy / ".git/config.yaml").write_text("a: 1")
    (deploy / ".github/ci.yaml").write_text("on: push")
    (deploy / "broken.yaml").write_text("a: [\n")
    (deploy / "job.yaml").write_text(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:  {template: {spec: {}}}\n"
    )
    (deploy / "notes.txt").write_text("privileged: true")
    (deploy / "a.yaml").write_text(ROOT + "  volumes: [{name: a, hostPath: {path: /}}]\n")
    (deploy / "values.yaml").write_text("image: web")

    status = main(["check", "deploy"])

    assert (status, capsys.readouterr().out) == (1, HUMAN)


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        pytest.param(SAFE, [], 0, id="nothing found"),
        pytest.param(ROOT, [], 1, id="a finding at the threshold"),
        pytest.param(ROOT, ["--threshold", "high"], 0, id="a finding below the threshold"),
        pytest.param(ROOT, ["--policy", "basic-security"], 0, id="a set that does not ask"),
        pytest.param(
            ROOT,
            ["--policy", "basic-security", "--policy", "enhanced-security"],
            1,
            id="one of two asks",
        ),
        pytest.param("a: [", [], 1, id="not YAML"),
        pytest.param(SAFE + "---\n{kind: Pod}", [], 1, id="half an object"),
        pytest.param("a: 1", [], 1, id="no manifest at all"),
        pytest.param("", [], 1, id="an empty file"),
    ],
)
def test_the_exit_status_says_whether_it_is_accepted(
    folder: Path, text: str, options: list[str], status: int
) -> None:
    """0 accepted, 1 refused."""
    (folder / "pod.yaml").write_text(text)

    assert main(["check", "pod.yaml", *options]) == status


def test_what_is_not_there_could_not_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, one sentence, a remedy."""
    assert main(["check", "nowhere.yaml"]) == 2
    assert capsys.readouterr().err == (
        "error: No such file or directory: nowhere.yaml\n  remedy: check the spelling, or make it first\n"
    )


def test_no_path_could_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was asked."""
    assert main(["check"]) == 2
    assert "nothing to check" in capsys.readouterr().err


def test_an_unknown_set_could_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The known ones are named."""
    with pytest.raises(SystemExit) as end:
        main(["check", "--policy", "basic", "."])

    assert end.value.code == 2
    assert "basic-security" in capsys.readouterr().err


def test_standard_input_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tool rendered needs no file."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ROOT.encode())))

    assert main(["check", "-"]) == 1
    assert "stdin\n  5:32  medium  runs-as-root" in capsys.readouterr().out


def test_a_custom_kind_of_unknown_scope_is_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scope matters to a deploy, not to a check."""
    (folder / "a.yaml").write_text(
        "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {hostPID: true}}"
    )

    assert main(["check", "a.yaml"]) == 1
    assert "host-namespaces" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["kustomization.yaml", "Chart.yaml"])
def test_what_needs_rendering_is_said_to_be_unrendered(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """It is no object; what it would give is not known here, and the report says how to know."""
    (folder / name).write_text("apiVersion: v1\nname: a\n")
    (folder / "pod.yaml").write_text(SAFE)

    assert main(["check", "."]) == 0
    assert f"{name}: " in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--format", "json"], ["--output", "json"]], ids=" ".join)
def test_a_report_for_programs_is_one_json_object(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """Documented in docs/checks/README.md."""
    (folder / "pod.yaml").write_text(ROOT)
    (folder / "broken.yaml").write_text("a: [")
    (folder / "notes.txt").write_text("")

    status = main(["check", ".", "--policy", "enhanced-security", *options])

    report = json.loads(capsys.readouterr().out)
    assert (status, report["form"], report["refused"], report["objects"]) == (
        1,
        "gitwarrant.check/1",
        True,
        1,
    )
    assert report["findings"][0] == {
        "rule": "runs-as-root",
        "severity": "medium",
        "object": {"group": "", "kind": "Pod", "namespace": "default", "name": "web"},
        "place": {"path": "pod.yaml", "line": 5, "column": 32},
        "message": "the Pod runs as user 0, which is root",
        "remedy": "give the number of a user other than 0",
        "refuses": True,
        "fix": {
            "description": "remove 'runAsUser: 0'",
            "pointer": ["spec", "securityContext", "runAsUser"],
            "value": None,
            "safe": False,
        },
    }
    assert [one["place"]["path"] for one in report["unreadable"]] == ["broken.yaml"]
    assert [one["path"] for one in report["not_looked_at"]] == ["notes.txt"]
    assert [tally["rule"] for tally in report["tallies"] if tally["violated"]] == ["runs-as-root"]


@pytest.mark.parametrize("options", [[], ["--format", "json"]], ids=["human", "json"])
def test_no_report_repeats_a_secret(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """Logs of a build have more readers than the repository."""
    (folder / "secret.yaml").write_text(SECRET)

    assert main(["check", "secret.yaml", *options]) == 1

    out = capsys.readouterr().out
    assert "password" in out
    assert "hunter2" not in out


def test_a_manifest_cannot_write_to_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """attack: escape_in_a_name. Control characters arrive spelled out."""
    container = '{name: "\\e[2J", image: "\\e]0;x"}'
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{container}]}}}}"
    (folder / "pod.yaml").write_text(pod)

    assert main(["check", "pod.yaml"]) == 1

    assert "\x1b" not in capsys.readouterr().out


def test_colour_is_given_only_where_it_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file or a pipe gets plain text."""
    (folder / "pod.yaml").write_text(ROOT)

    main(["check", "pod.yaml", "--color", "always"])

    assert "\x1b[33mmedium\x1b[0m" in capsys.readouterr().out


def test_a_link_in_a_folder_is_not_followed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may lead anywhere; the report says that it was not looked at."""
    (folder / "pod.yaml").write_text(SAFE)
    (folder / "passwords.yaml").symlink_to("/etc/passwd")

    assert main(["check", "."]) == 0
    assert "passwords.yaml: no regular file" in capsys.readouterr().out


def test_a_file_of_any_size_is_refused_without_being_read_whole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """attack: enormous_file. 5 GB of it cost 16 MB."""
    with (folder / "big.yaml").open("wb") as big:
        os.truncate(big.fileno(), 5_000_000_000)

    assert main(["check", "big.yaml"]) == 1
    assert "at most 16 MiB are read" in capsys.readouterr().out


def test_the_sets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any path."""
    assert main(["check", "--list"]) == 0
    assert "basic-security\n  what no environment should accept" in capsys.readouterr().out


def test_explain_lists_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each."""
    assert main(["explain"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        check.id for check in CHECKS
    ]


TAUGHT = """\
host-path
A host path puts the node's own files into a Pod. Severity: high.

why
  Through a host path a Pod reads and writes files of its node: the credentials of the
"""


def test_explain_teaches_one_check(capsys: pytest.CaptureFixture[str]) -> None:
    """Why, what to do, before and after, where it belongs."""
    assert main(["explain", "host-path"]) == 0

    out = capsys.readouterr().out
    assert out.startswith(TAUGHT)
    assert [line for line in out.splitlines() if line and not line.startswith(" ")][2:] == [
        "why",
        "what to do",
        "before",
        "after",
        "policy sets: basic-security, enhanced-security, production-security, compliance-validation",
        "answers: Kubernetes Pod Security Standards, baseline: HostPath Volumes",
        "answers: CIS Kubernetes Benchmark 1.10, 5.2.12",
    ]


def test_explain_suggests_the_check_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelling is no dead end."""
    assert main(["explain", "host-paths"]) == 2
    assert "did you mean 'host-path'?" in capsys.readouterr().err
