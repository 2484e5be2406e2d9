"""Content kept under a hash of its name: baselines, manifests, rendered units."""

import hashlib
import os
import re
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.store.sqlite import StoreError, open_database, translated

FILE = "content.sqlite"
BATCH = 100  # rows of one statement
KIND = re.compile(r"[a-z][a-z0-9-]{0,63}")
MIGRATIONS = (
    """
    CREATE TABLE content (
        kind TEXT NOT NULL,
        name BLOB NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (kind, name)
    ) STRICT;
    """,
)


class ContentStore:
    """Bytes by kind and key, in one SQLite file: a file for each would take longer than what it saves.

    A reader sees what was put last, whole, or nothing. It is a cache: a power
    cut may lose what was put last, and deleting the folder loses time, never
    truth. Nobody but its own user reads it. Any threads and processes may use it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def get(self, kind: str, key: str) -> bytes | None:
        """What was put last under this key; None: nothing.

        Raises:
            StoreError: the store is there but cannot be read.
        """
        name = _name(kind, key)
        if self._connection is None and not self._path.exists():
            return None
        found = self._run("SELECT data FROM content WHERE kind = ? AND name = ?", (kind, name))
        return found[0][0] if found else None

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep bytes under this key.

        Raises:
            StoreError: it cannot be written; what was there before still is.
        """
        self.put_many(kind, {key: data})

    def put_many(self, kind: str, values: Mapping[str, bytes], *, replace: bool = True) -> None:
        """Keep bytes under each of these keys, in as few writes as may be.

        Args:
            replace: no: where something is kept already it stays.

        Raises:
            StoreError: it cannot be written; of each key what was there before still is, or the new.
        """
        rows = [(kind, _name(kind, key), data) for key, data in values.items()]
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            self._run(
                f"INSERT OR {'REPLACE' if replace else 'IGNORE'} INTO content VALUES "  # noqa: S608 - only question marks
                + ", ".join(["(?, ?, ?)"] * len(batch)),
                tuple(chain.from_iterable(batch)),
            )

    def shelf(self, kind: str) -> "Shelf":
        """The content of one kind, for who needs to know no other."""
        return Shelf(self, kind)

    def _run(self, statement: str, values: tuple[str | bytes, ...]) -> list[tuple[bytes]]:
        try:
            with self._lock, translated(self._path):
                if self._connection is None:
                    self._connection = open_database(self._path, MIGRATIONS)
                    self._connection.execute("PRAGMA synchronous = NORMAL")  # see the class
                return self._connection.execute(statement, values).fetchall()
        except GitwarrantError as error:  # also where another process holds it: nothing waits for a cache
            raise StoreError(
                error.what, remedy="free some disk space, or delete it with what is beside it: it is a cache"
            ) from error


def _name(kind: str, key: str) -> bytes:
    if not KIND.fullmatch(kind):
        raise ValueError(f"not a kind of content: {kind!r}")
    return hashlib.sha256(key.encode()).digest()


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of a content store; makes the promises that the store makes."""

    store: ContentStore
    kind: str

    def get(self, key: str) -> bytes | None:
        """What was put last under this key, or None."""
        return self.store.get(self.kind, key)

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under this key."""
        self.store.put(self.kind, key, data)

    def put_many(self, values: Mapping[str, bytes], *, replace: bool = True) -> None:
        """Keep bytes under each of these keys."""
        self.store.put_many(self.kind, values, replace=replace)


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all: beside it first, synchronised, then renamed, then the folder.

    Raises:
        OSError: what was there before still is.
    """
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _synchronise(path.parent)


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
