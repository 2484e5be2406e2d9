"""A log in memory, for tests and rehearsals: every promise of a log but that it outlives the process."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from threading import Lock

from gitwarrant.audit.recorder import EVERYTHING, Clock, Entry, Selection
from gitwarrant.model.canonical import loads
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.record import Record, RecordKind


class MemoryLog:
    """Records in a list."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._records: list[tuple[Record, bytes, ObjectKey | None]] = []

    def append(self, kind: RecordKind, environment: str, body: Mapping[str, Json]) -> Record:
        """Add one record."""
        [record] = self.append_many([Entry.of(kind, environment, body)])
        return record

    def append_many(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        """Add records."""
        with self._lock:
            records = tuple(
                entry.record(number, self._clock().astimezone(UTC))
                for number, entry in enumerate(entries, len(self._records) + 1)
            )
            self._records += [
                (record, entry.data, entry.key) for record, entry in zip(records, entries, strict=True)
            ]
        return records

    def read(self, after: int = 0, selection: Selection = EVERYTHING) -> Iterator[Record]:
        """Records above `after`, each with a body of its own, so that no reader changes the log."""
        chosen = [
            entry for entry in self._records[max(after, 0) :] if _selected(entry[0], entry[2], selection)
        ]
        if selection.latest:
            chosen = list(
                {(record.environment, key): (record, data, key) for record, data, key in chosen}.values()
            )
            chosen.sort(key=lambda entry: entry[0].number)
        if selection.newest_first:
            chosen.reverse()
        return (
            Record(record.number, record.time, record.kind, record.environment, loads(data))
            for record, data, _ in chosen
        )


def _selected(record: Record, key: ObjectKey | None, selection: Selection) -> bool:
    return (
        (not selection.kinds or record.kind in selection.kinds)
        and selection.environment in (None, record.environment)
        and selection.object in (None, key)
        and (selection.name is None or (key is not None and key.name == selection.name))
        and not (selection.latest and key is None)
    )
