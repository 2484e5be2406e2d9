"""The log in SQLite: records are appended, never changed."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from gitwarrant.audit.recorder import EVERYTHING, Clock, Entry, RecordError, Selection
from gitwarrant.model.canonical import NotCanonical, dumps, loads
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.store.sqlite import open_database, transaction, translated

RECENT = 1000  # records that are looked through one by one: less than a millisecond
BATCH = 256  # records in memory at once while reading, or in one statement while writing
ROW = "(?, ?, ?, ?, ?, ?, ?)"

# INSERT OR REPLACE deletes without asking the delete trigger; so the insert
# trigger takes the next number only, which no record can have yet.
MIGRATIONS = (
    """
    CREATE TABLE records (
        number INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        kind TEXT NOT NULL,
        environment TEXT NOT NULL,
        object TEXT NOT NULL,
        name TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX records_by_kind ON records (kind, environment, object);
    CREATE INDEX records_by_environment ON records (environment);
    CREATE INDEX records_by_name ON records (name, object);
    CREATE TRIGGER records_are_appended BEFORE INSERT ON records
    WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM records)
    BEGIN
        SELECT raise(ABORT, 'a record takes the next number');
    END;
    CREATE TRIGGER records_are_never_changed BEFORE UPDATE ON records
    BEGIN
        SELECT raise(ABORT, 'a record is never changed');
    END;
    CREATE TRIGGER records_are_never_deleted BEFORE DELETE ON records
    BEGIN
        SELECT raise(ABORT, 'a record is never deleted');
    END;
    """,
)


class Log:
    """Records in one SQLite file; any number of processes may read it, one at a time writes.

    Raises:
        StoreError: see `open_database`.
        StoreBusy: another process holds it.
    """

    def __init__(self, path: Path, clock: Clock, *, read_only: bool = False) -> None:
        self._path, self._clock = path, clock
        self._lock = Lock()
        self._connection = open_database(path, MIGRATIONS, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; the last one to close folds the write-ahead log into it."""
        with self._lock, suppress(sqlite3.Error):  # another thread may still be writing
            self._connection.close()

    def append(self, kind: RecordKind, environment: str, body: Mapping[str, Json]) -> Record:
        """Add one record."""
        [record] = self.append_many([Entry.of(kind, environment, body)])
        return record

    def append_many(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        """Add records in one transaction: one synchronisation of the disk for all."""
        with self._lock, translated(self._path), transaction(self._connection):
            # The writer's lock is held, so the time is read in the order of the numbers.
            [(last,)] = self._connection.execute("SELECT coalesce(max(number), 0) FROM records")
            records = tuple(
                entry.record(number, self._clock().astimezone(UTC))
                for number, entry in enumerate(entries, last + 1)
            )
            for start in range(0, len(entries), BATCH):
                rows = list(map(_row, records[start : start + BATCH], entries[start : start + BATCH]))
                # One statement for all: between two, a thread has to wait until the event loop lets it go on.
                self._connection.execute(
                    f"INSERT INTO records VALUES {', '.join([ROW] * len(rows))}",  # noqa: S608 - only question marks
                    list(chain.from_iterable(rows)),
                )
        return records

    def read(self, after: int = 0, selection: Selection = EVERYTHING) -> Iterator[Record]:
        """Records above `after`. Numbers are chosen at once; bodies follow as they are asked for."""
        if selection.newest_first and not selection.latest:
            return self._backwards(after, self._last(), selection)
        numbers = self._numbers(*_statement(after, selection))
        return self._records(numbers[::-1] if selection.newest_first else numbers)

    def _backwards(self, after: int, last: int, selection: Selection) -> Iterator[Record]:
        """Most who ask for the newest find it among the last records: no index over all of them is walked."""
        recent = max(after, last - RECENT)
        for statement in (
            _statement(recent, selection, last, near=True),
            _statement(after, selection, recent),
        ):
            yield from self._records(self._numbers(*statement)[::-1])

    def _last(self) -> int:
        [(number,)] = self._fetch("SELECT coalesce(max(number), 0) FROM records", ())
        return int(number)

    def _numbers(self, statement: str, values: Sequence[str | int]) -> list[int]:
        return [number for (number,) in self._fetch(statement, values)]

    def _records(self, numbers: Sequence[int]) -> Iterator[Record]:
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            places = ", ".join("?" * len(batch))
            rows = self._fetch(
                f"SELECT number, time, kind, environment, body FROM records WHERE number IN ({places})",  # noqa: S608 - only question marks
                batch,
            )
            found = {row[0]: row for row in rows}
            for number in batch:
                yield self._record(number, found.get(number))

    def _record(self, number: int, row: tuple[int, str, str, str, bytes] | None) -> Record:
        try:
            if row is None:
                raise ValueError("it is gone")
            _, time, kind, environment, body = row
            return Record(number, datetime.fromisoformat(time), RecordKind(kind), environment, loads(body))
        except (ValueError, NotCanonical) as error:
            raise RecordError(
                f"{self._path}: record {number} cannot be read: {error}",
                remedy="stop, keep a copy as evidence, and restore the log from a backup",
            ) from error

    def _fetch(self, statement: str, values: Sequence[str | int]) -> list[Any]:
        with self._lock, translated(self._path):
            return self._connection.execute(statement, values).fetchall()


def _row(record: Record, entry: Entry) -> tuple[int, str, str, str, str, str, bytes]:
    return (
        record.number,
        record.time.isoformat(timespec="microseconds"),
        record.kind.value,
        record.environment,
        _object_text(entry.key) if entry.key else "",
        entry.key.name if entry.key else "",
        entry.data,
    )


def _object_text(key: ObjectKey) -> str:
    return dumps([key.group, key.kind, key.namespace, key.name]).decode()


def _statement(
    after: int, selection: Selection, last: int | None = None, *, near: bool = False
) -> tuple[str, list[str | int]]:
    """The query for the numbers that a selection means, lowest first.

    Args:
        last: the highest number that counts; None: whichever.
        near: there are few numbers between, so that looking at each is quickest.
    """
    parts: list[tuple[str, Sequence[str | int]]] = [("number > ?", [after])]
    if last is not None:
        parts.append(("number <= ?", [last]))
    if selection.kinds:
        kinds = sorted(kind.value for kind in selection.kinds)
        parts.append((f"kind IN ({', '.join('?' * len(kinds))})", kinds))
    if selection.environment is not None:
        parts.append(("environment = ?", [selection.environment]))
    if selection.object is not None:
        parts.append(("object = ?", [_object_text(selection.object)]))
    name = selection.object.name if selection.name is None and selection.object else selection.name
    if name is not None:
        parts.append(("name = ? AND object != ''", [name]))
    if selection.latest:
        parts.append(("object != ''", []))
    # Without the hint SQLite may walk all records of the environment, or all up to the last number.
    hint = " INDEXED BY records_by_kind" if selection.kinds else ""
    hint = " INDEXED BY records_by_name" if name is not None else hint
    hint = " NOT INDEXED" if near else hint
    where = f"records{hint} WHERE " + " AND ".join(condition for condition, _ in parts)
    values = [value for _, given in parts for value in given]
    if selection.latest:
        grouped = f"SELECT max(number) AS number FROM {where} GROUP BY environment, object"  # noqa: S608 - fixed conditions
        return f"{grouped} ORDER BY 1", values
    return f"SELECT number FROM {where} ORDER BY number", values  # noqa: S608 - fixed conditions
