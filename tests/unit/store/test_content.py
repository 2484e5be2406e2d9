"""The content cache gives back what was put, whole or not at all."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitwarrant.store.content import FILE, ContentStore, write_atomically
from gitwarrant.store.sqlite import StoreError


def test_what_was_put_last_is_given_back(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "cache")
    store.put("baseline", "production/ConfigMap shop/database", b"one")
    store.put("baseline", "production/ConfigMap shop/database", b"two")
    store.put("rendered", "production/ConfigMap shop/database", b"other kind")

    assert store.get("baseline", "production/ConfigMap shop/database") == b"two"
    assert store.get("baseline", "another") is None


def test_nobody_else_reads_it_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    with ContentStore(tmp_path / "cache") as store:
        store.put("baseline", "key", b"data")
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "cache").iterdir()}

    assert modes == {0o600}
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [FILE]


def test_what_was_put_is_there_for_another_process_and_thread(tmp_path: Path) -> None:
    with ContentStore(tmp_path) as one, ContentStore(tmp_path) as two, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: one.put("baseline", str(number), b"%d" % number), range(20)))

        assert list(threads.map(lambda number: two.get("baseline", str(number)), range(20))) == [
            b"%d" % number for number in range(20)
        ]


def test_asking_a_store_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert ContentStore(tmp_path / "cache").get("baseline", "key") is None
    assert not (tmp_path / "cache").exists()


def test_a_damaged_store_is_a_cache_to_delete(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, but long enough to be one" * 100)

    with pytest.raises(StoreError, match=r"not a database.*\n  remedy: .*delete it .*: it is a cache"):
        ContentStore(tmp_path).get("baseline", "key")


def test_a_put_that_fails_keeps_what_was_there(tmp_path: Path) -> None:
    with ContentStore(tmp_path) as store:
        store.put("baseline", "key", b"before")
        assert store._connection is not None
        store._connection.execute("PRAGMA max_page_count = 4")

        with pytest.raises(StoreError, match="the disk is full"):
            store.put("baseline", "key", b"x" * 100_000)

        assert store.get("baseline", "key") == b"before"


@pytest.mark.parametrize("kind", ["../up", "", "A", "a/b"])
def test_a_kind_that_could_leave_the_folder_is_a_wrong_call(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="not a kind of content"):
        ContentStore(tmp_path).put(kind, "key", b"")


def test_a_write_that_fails_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    write_atomically(target, b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(target, b"after")

    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")

    with pytest.raises(StoreError, match="cannot be written"):
        ContentStore(tmp_path / "cache").put("baseline", "key", b"")
