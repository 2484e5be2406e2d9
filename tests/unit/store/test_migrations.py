"""Databases only go forward."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gitwarrant.store.sqlite import StoreError, open_database

FIRST = "CREATE TABLE one (x) STRICT;".replace("(x)", "(x INTEGER)")
SECOND = "CREATE TABLE two (y INTEGER) STRICT;\nINSERT INTO two SELECT x FROM one;"


def test_an_older_file_is_brought_forward_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    with closing(open_database(path, [FIRST])) as connection:
        connection.execute("INSERT INTO one VALUES (7)")

    with closing(open_database(path, [FIRST, SECOND])) as connection:
        assert connection.execute("SELECT y FROM two").fetchall() == [(7,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    open_database(path, [FIRST]).close()

    with pytest.raises(StoreError):
        open_database(path, [FIRST, "CREATE TABLE two (y INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);"])

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("one",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_reading_only_never_migrates(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    open_database(path, [FIRST]).close()

    with pytest.raises(StoreError, match="older than this gitwarrant"):
        open_database(path, [FIRST, SECOND], read_only=True)


def test_what_is_committed_is_on_the_disk(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "file.sqlite", [FIRST])) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
