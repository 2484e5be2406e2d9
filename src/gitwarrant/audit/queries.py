"""What is known from the log: where trust stands, what an environment owns, what was begun and not ended."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from gitwarrant.audit.recorder import Recorder, RecordError, Selection, object_of
from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId
from gitwarrant.model.live import InventoryEntry, Result
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.warrant import Envelope

T = TypeVar("T")

TRUST = ""
"""The environment of records about the trust ref."""

INTENTS = frozenset({RecordKind.APPLY_INTENT, RecordKind.REVERT_INTENT})
ENDS = frozenset({RecordKind.APPLIED, RecordKind.REVERTED})


@dataclass(frozen=True, slots=True)
class WarrantRecord:
    """A warrant as the log keeps it; its signature was not checked again here."""

    number: int
    time: datetime
    sequence: int
    digest: Digest
    commit: CommitId
    envelope: Envelope
    leaves: Any
    """The leaf list as it was recorded: JSON data of its canonical form."""


def member(record: Record, name: str, kind: type[T]) -> T:
    """One member of a record's body.

    Raises:
        RecordError: it is missing or of another type.
    """
    value = record.body.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RecordError(
            f"record {record.number} ({record.kind.value}) has no {name!r} of type {kind.__name__}",
            remedy="the log was written by another version, or damaged: see docs/reference/records.md",
        )
    return value


def key_of(record: Record) -> ObjectKey:
    """The object of a record that must have one.

    Raises:
        RecordError: it has none.
    """
    key = object_of(record.body)
    if key is None:
        raise RecordError(
            f"record {record.number} ({record.kind.value}) names no object",
            remedy="the log was written by another version, or damaged: see docs/reference/records.md",
        )
    return key


def inventory(recorder: Recorder, environment: str) -> tuple[InventoryEntry, ...]:
    """The objects that an environment owns, sorted: applied and not deleted since.

    Costs one record for each object that the environment ever had.
    """
    owned = (entry for _, entry in _owned(recorder, environment))
    return tuple(sorted(owned, key=lambda entry: entry.key))


def owners(recorder: Recorder) -> Mapping[ObjectKey, str]:
    """The environment that owns each object of the log."""
    return {entry.key: environment for environment, entry in _owned(recorder, None)}


def pending_intents(recorder: Recorder, environment: str) -> tuple[Record, ...]:
    """Writes that were begun and whose end is unknown, oldest first; at most one for each object.

    An intent is settled by any later `applied` or `reverted` of the same object:
    who tried again and knows the result knows what the first try left.
    """
    ended = {
        key_of(record): record.number
        for record in recorder.read(0, Selection(ENDS, environment, latest=True))
    }
    begun = recorder.read(0, Selection(INTENTS, environment, latest=True))
    return tuple(record for record in begun if record.number > ended.get(key_of(record), 0))


def last_warrant(recorder: Recorder, environment: str) -> WarrantRecord | None:
    """The newest warrant of an environment; None before the first."""
    record = _newest(recorder, RecordKind.WARRANTED, environment)
    return read_warrant(record) if record else None


def highest_sequence(recorder: Recorder, environment: str) -> int:
    """The highest warrant sequence of an environment; 0 before the first. Each warrant has a higher one."""
    record = _newest(recorder, RecordKind.WARRANTED, environment)
    return member(record, "sequence", int) if record else 0


def trusted_revision(recorder: Recorder, environment: str = TRUST) -> CommitId | None:
    """The last trusted revision of an environment's ref, or of the trust ref; None before the first."""
    record = _newest(recorder, RecordKind.TRUST_ADVANCED, environment)
    return CommitId(member(record, "commit", str)) if record else None


def first_seen(recorder: Recorder, commits: Iterable[CommitId] | None = None) -> Mapping[CommitId, datetime]:
    """When each commit was first seen on a protected ref: what its signer's key is judged at.

    Args:
        commits: whom to look for; None: all that were ever seen.
    """
    wanted = None if commits is None else set(commits)
    seen: dict[CommitId, datetime] = {}
    for record in recorder.read(0, Selection(frozenset({RecordKind.FIRST_SEEN}))):
        for commit in member(record, "commits", list):
            if wanted is None or commit in wanted:
                seen.setdefault(CommitId(commit), record.time)
        if wanted is not None and len(seen) == len(wanted):
            break
    return seen


def read_warrant(record: Record) -> WarrantRecord:
    """Read the body of a `warranted` record.

    Raises:
        RecordError: a part is missing or damaged.
    """
    envelope = member(record, "envelope", dict)
    try:
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signature"], validate=True)
        read = Envelope(str(envelope["payload_type"]), payload, str(envelope["keyid"]), signature)
    except (KeyError, TypeError, binascii.Error) as error:
        raise RecordError(
            f"record {record.number} (warranted) has no readable envelope: {error}",
            remedy="the log was written by another version, or damaged: see docs/reference/records.md",
        ) from error
    return WarrantRecord(
        record.number,
        record.time,
        member(record, "sequence", int),
        Digest(member(record, "digest", str)),
        CommitId(member(record, "commit", str)),
        read,
        record.body.get("leaves"),
    )


def _newest(recorder: Recorder, kind: RecordKind, environment: str) -> Record | None:
    return next(recorder.read(0, Selection(frozenset({kind}), environment, newest_first=True)), None)


def _owned(recorder: Recorder, environment: str | None) -> Iterator[tuple[str, InventoryEntry]]:
    applied = frozenset({RecordKind.APPLIED})
    for newest in recorder.read(0, Selection(applied, environment, latest=True)):
        record = _last_known(recorder, newest)
        if record is None or _result(record) is Result.DELETED:
            continue
        named = member(record, "object", dict)
        yield (
            record.environment,
            InventoryEntry(
                key_of(record),
                str(named.get("version", "")),
                member(record, "uid", str),
                Digest(member(record, "digest", str)),
            ),
        )


def _last_known(recorder: Recorder, newest: Record) -> Record | None:
    """The last record that says what an object is: a write that failed changed nothing."""
    if _result(newest) is not Result.FAILED:
        return newest
    earlier = Selection(
        frozenset({RecordKind.APPLIED}), newest.environment, key_of(newest), newest_first=True
    )
    return next(
        (record for record in recorder.read(0, earlier) if _result(record) is not Result.FAILED), None
    )


def _result(record: Record) -> Result:
    value = member(record, "result", str)
    try:
        return Result(value)
    except ValueError as error:
        raise RecordError(
            f"record {record.number} has the unknown result {value!r}",
            remedy="a newer gitwarrant wrote it: run that one",
        ) from error
