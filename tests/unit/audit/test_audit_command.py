"""`gitwarrant audit`: the answer to who changed an object, as people and programs read it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitwarrant.audit.answers import Changed, Drifted, ObjectQuery, UnknownObject, parse_query, who
from gitwarrant.audit.log import Log
from gitwarrant.audit.queries import warranted_body
from gitwarrant.audit.recorder import Recorder
from gitwarrant.audit.telling import tell
from gitwarrant.cli.main import main
from gitwarrant.model.authorship import Approval, Authorship, LandingProof, Proof
from gitwarrant.model.canonical import Digest, encode, loads, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.manifest import Json
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.record import RecordKind
from gitwarrant.model.warrant import Envelope, Signature, Warrant, WarrantBundle

NOON = datetime(2026, 11, 17, 12, tzinfo=UTC)
DATABASE = {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "database"}
WEB = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web"}
SECRET = {"group": "", "version": "v1", "kind": "Secret", "namespace": "shop", "name": "database"}
ONE, TWO = CommitId("1" * 40), CommitId("2" * 40)


def authorship(head: CommitId, author: str, approver: str, path: str) -> Authorship:
    landing = LandingProof(
        head,
        frozenset({author}),
        frozenset({f"SHA256:{author}"}),
        Proof.SIGNATURE,
        (Approval(approver, Digest("sha256:s"), f"SHA256:{approver}"),) if approver else (),
        (path,),
        frozenset(),
    )
    other = LandingProof(
        CommitId("9" * 40),
        frozenset({"mallory"}),
        frozenset({"SHA256:m"}),
        Proof.SIGNATURE,
        (),
        ("web.yaml",),
        frozenset(),
    )
    return Authorship("shop/environments", "refs/heads/main", ONE, head, Digest("sha256:p"), (other, landing))


def deploy(
    log: Recorder, sequence: int, head: CommitId, author: str, approver: str, *results: tuple[Json, str]
) -> None:
    """The records of one change, as the pipeline writes them."""
    proven = authorship(head, author, approver, "production/database.yaml")
    moved = [
        {"object": named, "action": "update", "path": "production/database.yaml"}
        for named in (DATABASE, SECRET)
    ]
    log.append(RecordKind.VERIFIED, "production", {"authorship": loads(encode(proven))})
    log.append(
        RecordKind.CHECKED, "production", {"digest": "d", "findings": [], "refused": False, "tallies": []}
    )
    log.append(RecordKind.PLANNED, "production", {"counts": {"update": 1}, "digest": "d", "objects": moved})
    again(log, sequence, head, *results)


def again(log: Recorder, sequence: int, head: CommitId, *results: tuple[Json, str]) -> None:
    """A warrant and what was applied under it."""
    leaves = LeafList((Leaf("", "v1", "ConfigMap", "shop", "database", "apply", Digest("sha256:d")),))
    warrant = Warrant(
        "shop", "production", "c0ffee", sequence, "", "shop/environments", "refs/heads/main", head,
        NOON, NOON + timedelta(hours=1), leaves.digest, leaves.digest, (),
    )  # fmt: skip
    bundle = WarrantBundle(Envelope("t", f"payload {sequence}".encode(), (Signature("k", b"s"),)), leaves)
    log.append(RecordKind.WARRANTED, "production", warranted_body(warrant, bundle, b"PEM"))
    for named, result in results:
        body: dict[str, Json] = {
            "object": named,
            "operation": "apply",
            "sequence": sequence,
            "digest": "sha256:d",
            "audit_id": f"audit-{sequence}",
        }
        log.append(RecordKind.APPLY_INTENT, "production", body)
        log.append(
            RecordKind.APPLIED, "production", {**body, "result": result, "uid": "u1", "resource_version": "7"}
        )
    log.append(RecordKind.APPLY_COMPLETED, "production", {"sequence": sequence, "complete": True})


def drift(log: Recorder) -> None:
    body = {
        "object": {**DATABASE, "version": ""},
        "drift": "changed",
        "differences": [{"field": "data.max_connections", "before": ["100"], "after": ["9999"]}],
        "managers": ["kubectl-edit"],
        "note": "",
    }
    log.append(RecordKind.DRIFT_FOUND, "production", body)
    put_back = {"object": DATABASE, "digest": "sha256:d", "audit_id": "audit-revert"}
    log.append(RecordKind.REVERT_INTENT, "production", {**put_back, "how": "apply"})
    log.append(RecordKind.REVERTED, "production", {**put_back, "uid": "u1", "resource_version": "9"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of two days: made by Ada, changed by Grace, edited by hand, put back."""
    file = tmp_path / "log.sqlite"
    hours = iter(NOON + timedelta(hours=hour) for hour in range(100))
    with Log(file, lambda: next(hours)) as log:
        deploy(log, 1, ONE, "ada", "", (DATABASE, "created"), (SECRET, "created"))
        deploy(log, 2, TWO, "grace", "ada", (DATABASE, "configured"), (SECRET, "unchanged"))
        drift(log)
    return file


def asked(path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["audit", *arguments, "--log", str(path)], {}) == 0
    return capsys.readouterr().out


def test_who_tells_authors_approvers_warrant_cluster_and_drift(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        asked(path, capsys, "who", "ConfigMap shop/database")
        == f"""\
ConfigMap shop/database in production

2026-11-17 17:00:00 UTC  created
  written by    ada  key SHA256:ada
                signed commit, landed as 111111111111
  approved by   nobody; the rules asked for no approval
  revision      111111111111 of shop/environments main
  checks        passed, no findings
  warrant       number 1, sha256:{sha256(b"payload 1")[7:19]}
  the cluster   created, Audit-ID audit-1, uid u1

2026-11-18 02:00:00 UTC  changed
  written by    grace  key SHA256:grace
                signed commit, landed as 222222222222
  approved by   ada  key SHA256:ada
  revision      222222222222 of shop/environments main
  checks        passed, no findings
  warrant       number 2, sha256:{sha256(b"payload 2")[7:19]}
  the cluster   configured, Audit-ID audit-2, uid u1

2026-11-18 06:00:00 UTC  changed past gitwarrant: changed, last written by kubectl-edit
                data.max_connections: '100' became '9999'
  put back      2026-11-18 08:00:00 UTC, Audit-ID audit-revert
"""
    )


@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        pytest.param(
            ["database", "-n", "shop"], ["change", "change", "drift", "change"], id="every kind of that name"
        ),
        pytest.param(
            ["configmap/database", "-n", "shop"], ["change", "change", "drift"], id="as kubectl says it"
        ),
        pytest.param(["cm", "shop/database"], ["change", "change", "drift"], id="abbreviated"),
        pytest.param(["secrets", "database"], ["change"], id="plural; an unchanged write is no change"),
        pytest.param(["shop/database"], ["change", "change", "change", "drift"], id="namespace and name"),
        pytest.param(["cm/database", "--at", "2026-11-17T18:00:00Z"], ["change"], id="in force at a moment"),
        pytest.param(
            ["cm/database", "--at", "2026-11-18"], ["change", "drift"], id="in force at the end of a day"
        ),
    ],
)
def test_objects_are_found_in_any_usual_spelling(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], events: list[str]
) -> None:
    answers = json.loads(asked(path, capsys, "who", *arguments, "--output", "json"))

    assert sorted(answer["event"] for answer in answers) == sorted(events)


def test_programs_get_the_same_answer(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers: list[dict[str, Any]] = json.loads(
        asked(path, capsys, "who", "secret/database", "--output", "json")
    )

    [answer] = answers
    assert (answer["result"], answer["warrant"]["sequence"], answer["audit_id"]) == ("created", 1, "audit-1")
    assert answer["landings"][0]["authors"] == ["ada"]
    assert answer["landings_exact"] is True


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(["who", "web"], "error: the log knows no object like web", id="unknown"),
        pytest.param(
            ["who", "database", "--at", "2026-01-01"],
            "error: database was not known at 2026-01-02T00:00:00+00:00",
            id="not yet known",
        ),
        pytest.param(["who", "database", "--at", "Tuesday"], "error: 'Tuesday' is no time", id="no time"),
        pytest.param(["who", "a b c"], "error: 'a b c' names no object", id="no object"),
    ],
)
def test_what_cannot_be_answered_is_said(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], what: str
) -> None:
    assert main(["audit", *arguments, "--log", str(path)], {}) == 2
    assert capsys.readouterr().err.splitlines()[0] == what


def test_log_lists_the_newest_records_in_order(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(path, capsys, "log", "--limit", "3") == (
        "    19  2026-11-18 06:00:00 UTC  drift-found      production    ConfigMap shop/database: changed\n"
        "    20  2026-11-18 07:00:00 UTC  revert-intent    production    ConfigMap shop/database: apply\n"
        "    21  2026-11-18 08:00:00 UTC  reverted         production    ConfigMap shop/database\n"
    )


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        pytest.param(["--kind", "warranted"], [4, 13], id="kind"),
        pytest.param(["--object", "cm/database", "--kind", "applied"], [6, 15], id="object"),
        pytest.param(["--since", "2026-11-18T07:00:00Z"], [20, 21], id="since"),
        pytest.param(["--environment", "staging"], [], id="environment"),
        pytest.param(["--kind", "applied", "--limit", "1"], [17], id="limit"),
    ],
)
def test_log_selects(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], numbers: list[int]
) -> None:
    records = json.loads(asked(path, capsys, "log", *arguments, "--output", "json"))

    assert [record["number"] for record in records] == numbers


def test_a_revert_that_made_the_object_anew_is_told_as_a_revert(path: Path) -> None:
    with Log(path, lambda: NOON + timedelta(days=9)) as log:
        body = {"object": DATABASE, "drift": "missing", "differences": [], "managers": [], "note": ""}
        log.append(RecordKind.DRIFT_FOUND, "production", body)
        anew = {
            "object": DATABASE,
            "digest": "sha256:d",
            "audit_id": "audit-anew",
            "uid": "u2",
            "resource_version": "1",
        }
        log.append(
            RecordKind.APPLIED,
            "production",
            {**anew, "operation": "apply", "sequence": 2, "result": "created"},
        )
        log.append(RecordKind.REVERTED, "production", anew)

        answers = who(log, ObjectQuery("database", "configmap"))

    last = answers[-1]
    assert [type(answer) for answer in answers] == [Changed, Changed, Drifted, Drifted]
    assert isinstance(last, Drifted)
    assert (last.kind, last.audit_id, last.reverted) == ("missing", "audit-anew", NOON + timedelta(days=9))


def test_two_namespaces_are_one_too_many() -> None:
    with pytest.raises(UnknownObject, match="two namespaces: 'shop' and 'other'"):
        parse_query("cm shop/database", "other")


def test_without_the_objects_file_every_landing_of_the_change_is_told(tmp_path: Path) -> None:
    with Log(tmp_path / "log.sqlite", lambda: NOON) as log:
        deploy(log, 1, TWO, "ada", "", (WEB, "created"))

        [answer] = who(log, ObjectQuery("web"))

    assert isinstance(answer, Changed)
    assert not answer.exact
    assert [landing.authors for landing in answer.landings] == [frozenset({"mallory"}), frozenset({"ada"})]
    assert any("a change with 2 landings" in text for text, _ in tell((answer,)))


def test_a_revision_deployed_again_keeps_its_authors(tmp_path: Path) -> None:
    """The second proof of the same head has no landings: there was nothing new to prove."""
    nothing = replace(authorship(TWO, "ada", "", "x"), base=TWO, landings=())
    with Log(tmp_path / "log.sqlite", lambda: NOON) as log:
        deploy(log, 1, TWO, "ada", "grace", (DATABASE, "failed"))
        log.append(RecordKind.VERIFIED, "production", {"authorship": loads(encode(nothing))})
        again(log, 2, TWO, (DATABASE, "configured"))

        _, answer = who(log, ObjectQuery("database"))

    assert isinstance(answer, Changed)
    assert [landing.authors for landing in answer.landings] == [frozenset({"ada"})]
