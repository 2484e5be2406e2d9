"""What every log promises, whichever store it stands on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any, Protocol, Self

from gitwarrant.model.canonical import dumps
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.record import Record, RecordKind


class RecordError(GitwarrantError):
    """A record that cannot be written, or one in the log that does not say what its kind says."""


class Clock(Protocol):
    """Tells the time; always with a zone."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records to read; every part that is given must hold.

    `latest` keeps only the newest record of each (environment, object) among
    those that the other parts select; records about no object are left out.
    """

    kinds: frozenset[RecordKind] = frozenset()
    """Empty: every kind."""
    environment: str | None = None
    """None: every environment. Records of the trust ref have the empty name."""
    object: ObjectKey | None = None
    name: str | None = None
    """The object's name, whatever its kind and namespace."""
    latest: bool = False
    newest_first: bool = False


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Entry:
    """A record before it has a number and a time: its body was judged, nothing was written yet."""

    kind: RecordKind
    environment: str
    body: Mapping[str, Json]
    data: bytes
    """The canonical bytes of the body."""
    key: ObjectKey | None
    """What it is about."""

    @classmethod
    def of(cls, kind: RecordKind, environment: str, body: Mapping[str, Json]) -> Self:
        """Judge a body, and take a copy of it: what its owner does with it later changes no record.

        Raises:
            RecordError: it is not JSON, or its `object` is not one.
        """
        data, copy = canonical_body(body)
        return cls(kind, environment, copy, data, object_of(copy))

    def record(self, number: int, time: datetime) -> Record:
        """The record that this becomes."""
        return Record(number, time, self.kind, self.environment, self.body)


class Recorder(Protocol):
    """Where records are written, and read again."""

    def append(self, kind: RecordKind, environment: str, body: Mapping[str, Json]) -> Record:
        """Add one record; when this returns, the record outlives a crash of process and machine.

        The body is JSON; a member `object` (group, kind, namespace, name)
        makes the record findable by that object.

        Raises:
            RecordError: the body is not JSON or its `object` is not one.
            GitwarrantError: the store is full, locked, damaged or not writable;
                then nothing was added.
        """
        ...

    def append_many(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        """Add records in this order, with the promise of `append`: all of them, or none.

        Raises:
            GitwarrantError: the store is full, locked, damaged or not writable;
                then nothing was added.
        """
        ...

    def read(self, after: int = 0, selection: Selection = EVERYTHING) -> Iterator[Record]:
        """Records with a number above `after`, as they were when reading began, lowest number first.

        Raises:
            GitwarrantError: the store is damaged or cannot be read.
        """
        ...


def canonical_body(body: Mapping[str, Json]) -> tuple[bytes, dict[str, Json]]:
    """The canonical bytes of a body, and what they are read back as.

    Raises:
        RecordError: it is not a JSON object.
    """
    try:
        data = dumps(dict(body))
        copy = json.loads(data)
    except GitwarrantError as error:
        raise RecordError(f"a record's body is not JSON: {error.what}", remedy="report this fault") from error
    if copy != body and copy != _listed(body):
        raise RecordError("a record's body is not JSON: it reads back different", remedy="report this fault")
    return data, copy


def object_of(body: Mapping[str, Any]) -> ObjectKey | None:
    """The object that a record is about; None when it is about none.

    Raises:
        RecordError: the member `object` is there, but names no object.
    """
    if "object" not in body:
        return None
    named = body["object"]
    parts = [
        named.get(part) if isinstance(named, dict) else None
        for part in ("group", "kind", "namespace", "name")
    ]
    match parts:
        case [str(group), str(kind), str(namespace), str(name)] if kind and name:
            return ObjectKey(intern(group), intern(kind), intern(namespace), name)  # few, in many records
    raise RecordError(
        f"a record's 'object' does not name one: {named!r}",
        remedy="report this fault: it needs group, kind, namespace and name",
    )


def object_body(key: ObjectKey, version: str) -> dict[str, Json]:
    """An object as records name it."""
    return {
        "group": key.group,
        "version": version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
    }


def _listed(value: Any) -> Any:
    """The same value with tuples as lists, as JSON has them."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value
