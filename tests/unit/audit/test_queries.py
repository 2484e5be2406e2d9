"""What is known from the log, over both logs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gitwarrant.audit import queries
from gitwarrant.audit.log import Log
from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import Recorder, RecordError
from gitwarrant.model.canonical import Digest, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.record import RecordKind
from gitwarrant.model.warrant import Envelope, Signature, Warrant, WarrantBundle

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEB = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web"}
DATABASE = {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "database"}
WEB_KEY = ObjectKey("apps", "Deployment", "shop", "web")
DATABASE_KEY = ObjectKey("", "ConfigMap", "shop", "database")


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Recorder]:
    moments = iter(NOON + timedelta(seconds=second) for second in range(1000))
    if request.param == "memory":
        yield MemoryLog(lambda: next(moments))
        return
    with Log(tmp_path / "log.sqlite", lambda: next(moments)) as sqlite:
        yield sqlite


def applied(log: Recorder, named: Json, result: str, environment: str = "production", **more: Json) -> None:
    body = {
        "object": named,
        "operation": "apply",
        "sequence": 1,
        "digest": "sha256:d",
        "audit_id": "a",
        "result": result,
        "uid": "u",
        **more,
    }
    log.append(RecordKind.APPLIED, environment, body)


def intent(log: Recorder, named: Json, operation: str = "apply") -> int:
    body = {"object": named, "operation": operation, "sequence": 1, "digest": "sha256:d", "audit_id": "a"}
    return log.append(RecordKind.APPLY_INTENT, "production", body).number


def entry(key: ObjectKey, uid: str = "u", digest: str = "sha256:d") -> InventoryEntry:
    return InventoryEntry(key, "v1", uid, Digest(digest))


def test_the_inventory_is_what_was_applied_and_not_deleted(log: Recorder) -> None:
    applied(log, WEB, "created", uid="1", digest="sha256:one")
    applied(log, WEB, "configured", uid="1", digest="sha256:two")
    applied(log, DATABASE, "created")
    applied(log, DATABASE, "deleted")
    applied(log, DATABASE, "created", environment="staging")

    assert queries.inventory(log, "production") == (entry(WEB_KEY, "1", "sha256:two"),)
    assert queries.inventory(log, "staging") == (entry(DATABASE_KEY),)
    assert queries.inventory(log, "development") == ()
    owned = {entry.key: environment for environment, entry in queries.owned(log, None)}
    assert owned == {WEB_KEY: "production", DATABASE_KEY: "staging"}


def test_a_write_that_failed_leaves_the_inventory_as_it_was(log: Recorder) -> None:
    applied(log, WEB, "created", uid="1", digest="sha256:one")
    applied(log, WEB, "failed", uid="", digest="sha256:two")
    applied(log, DATABASE, "failed")

    assert queries.inventory(log, "production") == (entry(WEB_KEY, "1", "sha256:one"),)


def test_an_object_made_again_has_its_new_uid(log: Recorder) -> None:
    applied(log, WEB, "created", uid="1")
    applied(log, WEB, "deleted", uid="1")
    applied(log, WEB, "created", uid="2")

    assert queries.inventory(log, "production") == (entry(WEB_KEY, "2"),)


def test_a_write_whose_end_is_unknown_is_pending_until_a_later_end(log: Recorder) -> None:
    intent(log, WEB)
    applied(log, WEB, "created")
    first = intent(log, DATABASE)
    second = intent(log, WEB)

    assert [record.number for record in queries.pending_intents(log, "production")] == [first, second]

    applied(log, WEB, "failed")

    assert [record.number for record in queries.pending_intents(log, "production")] == [first]


def test_writing_the_parent_of_the_applyset_is_nobodys_unfinished_work(log: Recorder) -> None:
    intent(log, DATABASE, "parent")

    assert queries.pending_intents(log, "production") == ()


def warranted(log: Recorder, sequence: int) -> WarrantBundle:
    leaves = LeafList((Leaf("", "v1", "ConfigMap", "shop", "database", "apply", Digest("sha256:d")),))
    commit = CommitId(f"{sequence:x}" * 40)
    warrant = Warrant(
        tenant="shop",
        environment="production",
        cluster="c0ffee",
        sequence=sequence,
        previous="",
        repository="shop/environments",
        ref="refs/heads/main",
        commit=commit,
        issued=NOON,
        not_after=NOON + timedelta(hours=1),
        leaves=leaves.digest,
        leaves_root=leaves.digest,
        evidence=(),
    )
    signature = Signature("key", b"\x00\xff")
    bundle = WarrantBundle(Envelope("application/vnd.in-toto+json", b"{}", (signature,)), leaves)
    log.append(RecordKind.WARRANTED, "production", queries.warranted_body(warrant, bundle, b"PEM"))
    return bundle


def test_the_last_warrant_comes_back_as_it_was_recorded(log: Recorder) -> None:
    assert queries.last_warrant(log, "production") is None
    assert queries.highest_sequence(log, "production") == 0
    warranted(log, 1)
    bundle = warranted(log, 2)

    last = queries.last_warrant(log, "production")

    assert last is not None
    assert (last.warrant.sequence, last.bundle, last.leaves) == (2, bundle, bundle.leaves)
    assert last.digest == sha256(b"{}")
    assert queries.highest_sequence(log, "production") == 2
    assert queries.last_warrant(log, "staging") is None


def test_a_damaged_warrant_is_said_not_skipped(log: Recorder) -> None:
    log.append(RecordKind.WARRANTED, "production", {"sequence": 1})

    with pytest.raises(RecordError, match=r"record 1 \(warranted\) has no readable 'warrant'"):
        queries.last_warrant(log, "production")


def test_an_apply_is_complete_when_its_last_try_was(log: Recorder) -> None:
    log.append(RecordKind.APPLY_COMPLETED, "production", {"sequence": 1, "complete": False})
    assert not queries.apply_completed(log, "production", 1)

    log.append(RecordKind.APPLY_COMPLETED, "production", {"sequence": 1, "complete": True})
    log.append(RecordKind.APPLY_COMPLETED, "production", {"sequence": 2, "complete": False})

    assert queries.apply_completed(log, "production", 1)
    assert not queries.apply_completed(log, "production", 2)
    assert not queries.apply_completed(log, "staging", 1)


def test_trust_stands_where_it_was_last_advanced_for_each_ref(log: Recorder) -> None:
    log.append(RecordKind.TRUST_ADVANCED, "", {"ref": "refs/heads/main", "commit": "a", "policy": "p"})
    log.append(
        RecordKind.TRUST_ADVANCED, "production", {"ref": "refs/heads/main", "commit": "b", "policy": "p"}
    )
    log.append(RecordKind.TRUST_ADVANCED, "", {"ref": "refs/heads/main", "commit": "c", "policy": "p"})

    assert queries.trusted_revision(log) == "c"
    assert queries.trusted_revision(log, "production") == "b"
    assert queries.trusted_revision(log, "staging") is None
