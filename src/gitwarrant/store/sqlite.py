"""Opening SQLite files so that what was acknowledged is on the disk, and saying their errors to people."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gitwarrant.model.errors import GitwarrantError, Unreachable

BUSY_SECONDS = 5.0  # an append takes milliseconds; who waits longer meets a stuck process
PAGE_CACHE_KIB = 2048  # of each file, for as long as it is open; behind it is the cache of the machine


class StoreError(GitwarrantError):
    """A file of ours that cannot be opened, read or written."""


class StoreBusy(Unreachable):
    """Another process holds the file. Trying again may help."""


def open_database(path: Path, migrations: Sequence[str], *, read_only: bool = False) -> sqlite3.Connection:
    """Open a database, making it and bringing its tables to this version when needed.

    A transaction that was committed survives a crash of process and machine
    (write-ahead log, full synchronisation). The connection begins no
    transaction by itself and may be used by several threads, one at a time.

    Args:
        path: the file; made with mode 0600, its folder with 0700.
        migrations: SQL scripts; the first makes version 1 of an empty file, each next one version more.
        read_only: open an existing file of this version for reading.

    Raises:
        StoreError: missing (read_only), damaged, not ours, not writable, disk full,
            or made by a newer version.
        StoreBusy: another process holds it.
    """
    if read_only and not path.exists():
        raise StoreError(f"there is no {path}", remedy="name the state folder of an agent that has run")
    if not read_only:
        _make_private(path)
    with translated(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _prepare(connection, path, migrations, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write as the only writer: all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some errors (disk full, I/O) SQLite has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say SQLite's errors about a file as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, which would take the process's umask."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}",
            remedy="name a state folder that this user may write to",
        ) from error


def _prepare(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[str], *, read_only: bool
) -> None:
    version = _version(connection)
    if version > len(migrations):
        raise StoreError(
            f"{path} has version {version} of its tables; this gitwarrant knows {len(migrations)}",
            remedy="run the newer gitwarrant that wrote it; going back is not possible",
        )
    connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA recursive_triggers = ON")
    if read_only:
        if version < len(migrations):
            raise StoreError(
                f"{path} is not finished or older than this gitwarrant: version {version} of its tables",
                remedy="start the agent once with this version; it brings the file forward",
            )
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if version < len(migrations):
        _migrate(connection, path, migrations)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    with transaction(connection):
        # Read again: another process may have migrated while we waited for the lock.
        version = _version(connection)
        if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
            raise StoreError(
                f"{path} is a database, but none of gitwarrant", remedy="name another state folder"
            )
        for script in migrations[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction around it."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        raise ValueError(f"an unfinished statement in a migration: {pending!r}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


_REMEDIES = {
    sqlite3.SQLITE_FULL: (
        "the disk is full",
        "free some space and try again; everything acknowledged so far is kept",
    ),
    sqlite3.SQLITE_READONLY: ("it is read-only", "give this user the right to write it and its folder"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "give this user the right to read and write its folder"),
    sqlite3.SQLITE_PERM: ("access is denied", "give this user the right to read and write it"),
    sqlite3.SQLITE_NOTADB: ("it is not a database", "move it aside, or restore it from a backup"),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "stop, keep a copy as evidence, and restore it from a backup"),
    sqlite3.SQLITE_IOERR: (
        "the disk reports an error",
        "look for a full disk, a limit or broken hardware; everything acknowledged so far is kept",
    ),
}
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _translate(error: sqlite3.Error, path: Path) -> GitwarrantError:
    # The low byte is the primary code; the rest tells apart variants that have one remedy.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return StoreBusy(
            f"{path} is held by another process",
            remedy="wait for the other gitwarrant, or stop it, and try again",
        )
    if code == sqlite3.SQLITE_IOERR and _full(path.parent):
        code = sqlite3.SQLITE_FULL  # its shared memory finds no room: SQLite calls that an I/O error
    what, remedy = _REMEDIES.get(code, (str(error), "see what SQLite says; everything acknowledged is kept"))
    return StoreError(f"{path}: {what}" + (f" ({error})" if code in _REMEDIES else ""), remedy=remedy)


def _full(folder: Path) -> bool:
    with suppress(OSError):
        return os.statvfs(folder).f_bavail == 0
    return False
