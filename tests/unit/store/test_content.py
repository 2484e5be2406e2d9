"""The content cache gives back what was put, whole or not at all."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gitwarrant.store.content import ContentStore, write_atomically
from gitwarrant.store.sqlite import StoreError


def test_what_was_put_last_is_given_back(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "cache")
    store.put("baseline", "production/ConfigMap shop/database", b"one")
    store.put("baseline", "production/ConfigMap shop/database", b"two")
    store.put("rendered", "production/ConfigMap shop/database", b"other kind")

    assert store.get("baseline", "production/ConfigMap shop/database") == b"two"
    assert store.get("baseline", "another") is None


def test_nobody_else_reads_it_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    ContentStore(tmp_path).put("baseline", "key", b"data")

    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda data: data[:-1], id="cut off"),
        pytest.param(lambda data: bytes(len(data)), id="zeros"),
        pytest.param(lambda data: data[:-1] + b"?", id="another byte"),
        pytest.param(lambda data: data[32:], id="without its digest"),
    ],
)
def test_what_a_power_cut_left_half_written_is_not_there(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    store = ContentStore(tmp_path)
    store.put("baseline", "key", b"{}")
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]

    file.write_bytes(damage(file.read_bytes()))

    assert store.get("baseline", "key") is None
    store.put("baseline", "key", b"{}")
    assert store.get("baseline", "key") == b"{}"


def test_a_put_that_fails_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ContentStore(tmp_path)
    store.put("baseline", "key", b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(StoreError, match="No space left"):
        store.put("baseline", "key", b"after")

    assert store.get("baseline", "key") == b"before"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


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
    (tmp_path / "baseline").write_text("a file where the folder should be")

    with pytest.raises(StoreError, match="cannot be written"):
        ContentStore(tmp_path).put("baseline", "key", b"")
