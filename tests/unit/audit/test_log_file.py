"""What only a log on a disk meets: other processes, crashes, full and damaged disks."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitwarrant.audit.log import MIGRATIONS, RECENT, Log
from gitwarrant.audit.recorder import Entry, RecordError, Selection
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.store import sqlite
from gitwarrant.store.sqlite import StoreBusy, StoreError

SOURCE = str(Path(sqlite.__file__).parents[2])

APPENDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from gitwarrant.audit.log import Log
from gitwarrant.model.record import RecordKind
log = Log(Path(sys.argv[1]), lambda: datetime.now(UTC))
while True:
    record = log.append(RecordKind.APPLIED, "production", {"padding": "x" * 3000})
    sys.stdout.write(f"{record.number}\\n")
    sys.stdout.flush()
"""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "log.sqlite"


def written(path: Path, count: int = 1) -> Path:
    with Log(path, now) as log:
        for number in range(count):
            log.append(RecordKind.HEALTH, "production", {"count": number})
    return path


def test_kill_9_in_the_middle_of_appending_loses_nothing_acknowledged(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", APPENDING, str(path), SOURCE], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(40)]

    os.kill(child.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    child.stdout.close()
    child.wait()

    with Log(path, now) as log:
        kept = [record.number for record in log.read()]
        following = log.append(RecordKind.HEALTH, "production", {})
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) in (len(acknowledged), len(acknowledged) + 1)  # one may be kept and not yet told
    assert following.number == len(kept) + 1


def test_what_was_appended_outlives_the_process(path: Path) -> None:
    written(path, 3)

    with Log(path, now) as log:
        assert [record.body for record in log.read()] == [{"count": 0}, {"count": 1}, {"count": 2}]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE records SET environment = 'x'", id="update"),
        pytest.param("UPDATE records SET number = 9 WHERE number = 1", id="renumber"),
        pytest.param("DELETE FROM records", id="delete all"),
        pytest.param("DELETE FROM records WHERE number = 1", id="delete one"),
        pytest.param("REPLACE INTO records VALUES (1, '', 'health', '', '', '', x'7b7d')", id="replace"),
        pytest.param("REPLACE INTO records VALUES (NULL, '', 'health', '', '', '', x'7b7d')", id="no number"),
        pytest.param("INSERT INTO records VALUES (7, '', 'health', '', '', '', x'7b7d')", id="a gap"),
        pytest.param(
            "INSERT INTO records VALUES (-1, '', 'health', '', '', '', x'7b7d')", id="before the first"
        ),
        pytest.param(
            "INSERT INTO records VALUES (1, '', '', '', '', '', x'') ON CONFLICT DO UPDATE SET kind = 'x'",
            id="upsert",
        ),
    ],
)
@pytest.mark.parametrize("ours", [True, False], ids=["our connection", "any connection"])
def test_no_statement_changes_a_record(path: Path, statement: str, ours: bool) -> None:
    written(path)
    with Log(path, now) as log:
        connection = log._connection if ours else sqlite3.connect(path)

        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)

        if not ours:
            connection.close()
        assert [(record.number, record.body) for record in log.read()] == [(1, {"count": 0})]


def test_only_its_own_user_may_read_the_log(path: Path) -> None:
    previous = os.umask(0)
    try:
        with Log(path, now) as log:
            log.append(RecordKind.HEALTH, "production", {})
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(previous)

    assert modes == {"log.sqlite": 0o600, "log.sqlite-wal": 0o600, "log.sqlite-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_threads_and_processes_may_write_at_once(path: Path) -> None:
    with Log(path, now) as one, Log(path, now) as two, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda log: log.append(RecordKind.HEALTH, "p", {}), [one, two] * 20))

        assert [record.number for record in one.read()] == list(range(1, 41))


def test_a_log_held_by_another_process_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with Log(path, now) as holder, Log(path, now) as log:
        holder._connection.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreBusy) as refusal:
            log.append(RecordKind.HEALTH, "production", {})

        holder._connection.execute("ROLLBACK")
        assert refusal.value.what == f"{path} is held by another process"
        assert log.append(RecordKind.HEALTH, "production", {}).number == 1


def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(path: Path) -> None:
    written(path, 2)
    with Log(path, now) as log:
        pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
        log._connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(StoreError, match=r"the disk is full .*\n  remedy: free some space"):
            log.append(RecordKind.HEALTH, "production", {"large": "x" * 100_000})

        log._connection.execute("PRAGMA max_page_count = 100000")
        assert log.append(RecordKind.HEALTH, "production", {}).number == 3


def test_a_disk_that_refuses_writes_is_said(path: Path) -> None:
    """The kernel itself refuses: a limit on the size of files stands for a quota."""
    script = APPENDING.replace(
        "while True:",
        "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\nwhile True:",
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, str(path), SOURCE], capture_output=True, text=True, check=False
    )

    assert "gitwarrant.store.sqlite.StoreError" in ended.stderr
    assert "everything acknowledged so far is kept" in ended.stderr
    with Log(path, now) as log:
        assert len(list(log.read())) == len(ended.stdout.split())


def not_a_database(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is a text and no database at all, but long enough to be one" * 100)


def damaged(path: Path) -> None:
    written(path, 50)
    data = bytearray(path.read_bytes())
    data[4096:12288] = b"\xff" * 8192
    path.write_bytes(data)


def newer(path: Path) -> None:
    written(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def another(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (x)")
    connection.close()


def a_folder(path: Path) -> None:
    path.mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        pytest.param(not_a_database, "it is not a database", id="no database"),
        pytest.param(damaged, "it is damaged", id="damaged"),
        pytest.param(
            newer, f"has version 99 of its tables; this gitwarrant knows {len(MIGRATIONS)}", id="newer"
        ),
        pytest.param(another, "is a database, but none of gitwarrant", id="another program's"),
        pytest.param(a_folder, "cannot be written: Is a directory", id="a folder"),
    ],
)
def test_a_file_that_cannot_be_the_log_is_refused_in_words(path: Path, spoil: object, what: str) -> None:
    assert callable(spoil)
    spoil(path)

    with pytest.raises(StoreError) as refusal, Log(path, now) as log:
        list(log.read())

    assert what in refusal.value.what
    assert refusal.value.remedy


def test_a_record_that_is_not_canonical_is_damage(path: Path) -> None:
    written(path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER records_are_never_changed")
    connection.execute("UPDATE records SET body = x'7b7d20'")
    connection.commit()
    connection.close()

    with Log(path, now) as log, pytest.raises(RecordError, match="record 1 cannot be read"):
        list(log.read())


def test_reading_only_needs_a_log_that_is_there(path: Path) -> None:
    with pytest.raises(StoreError, match="there is no"):
        Log(path, now, read_only=True)

    assert not path.parent.exists()


def test_reading_only_sees_what_a_running_agent_writes_and_cannot_write(path: Path) -> None:
    with Log(path, now) as agent:
        agent.append(RecordKind.HEALTH, "production", {})
        with Log(path, now, read_only=True) as reader:
            assert len(list(reader.read())) == 1
            agent.append(RecordKind.HEALTH, "production", {})
            assert len(list(reader.read())) == 2
            with pytest.raises(GitwarrantError, match="read-only"):
                reader.append(RecordKind.HEALTH, "production", {})


OBJECT = {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "shop"}


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param({RecordKind.APPLIED}, id="one kind"),
        pytest.param({RecordKind.APPLIED, RecordKind.REVERTED}, id="two kinds"),
        pytest.param(set(), id="any kind"),
    ],
)
def test_what_became_of_one_object_is_found_without_a_walk_through_the_log(
    path: Path, kinds: set[RecordKind]
) -> None:
    """Among many newer records of the same kinds and the same environment."""
    steps = []
    with Log(path, lambda: datetime.now(UTC)) as log:
        log.append_many(
            [
                Entry.of(
                    RecordKind.APPLIED, "production", {"object": {**OBJECT, "name": f"settings-{number}"}}
                )
                for number in range(6 * RECENT)
            ]
        )
        log._connection.set_progress_handler(lambda: steps.append(1), RECENT)

        key = ObjectKey("", "ConfigMap", "shop", "settings-7")
        found = list(log.read(0, Selection(frozenset(kinds), "production", key, newest_first=True)))

    assert [record.number for record in found] == [8]
    assert len(steps) < 20  # each a thousand steps: the newest thousand records are looked through
