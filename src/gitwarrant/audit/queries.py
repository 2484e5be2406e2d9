"""What is known from the log: where trust stands, what an environment owns, what was begun and not ended."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from sys import intern
from typing import Any, TypeVar

from gitwarrant.audit.leaf_lists import Difference, difference_body, read_leaves
from gitwarrant.audit.recorder import Recorder, RecordError, Selection, object_of
from gitwarrant.model.canonical import Digest, NotCanonical, decode, dumps, encode, loads, plain, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.live import Health, InventoryEntry, ObjectHealth, Result
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.plan import LeafList, Operation
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.statement import Roots
from gitwarrant.model.turn import USUAL, Phase, Turn
from gitwarrant.model.warrant import Envelope, Warrant, WarrantBundle
from gitwarrant.model.warrant_forms import lift_bundle, lift_warrant

T = TypeVar("T")

TRUST = ""
"""The environment of records about the trust ref."""

INTENTS = frozenset({RecordKind.APPLY_INTENT, RecordKind.REVERT_INTENT})
ENTRY_KINDS = frozenset({RecordKind.APPLIED})
"""What moves an inventory."""
ENDS = frozenset({RecordKind.APPLIED, RecordKind.REVERTED})


@dataclass(frozen=True, slots=True)
class LastWarrant:
    """A warrant as the log keeps it; its signature was not checked again here."""

    number: int
    time: datetime
    warrant: Warrant
    envelope: Envelope
    owed: bool
    """Glass was broken for it: its approvals are still to come."""
    public_key: bytes
    """PEM of the keys that signed, as recorded beside it: to compare, not to believe."""
    kept: Callable[[], LeafList]
    """Reads what it allows."""
    accepted: bool = True
    """The next change begins at its revision."""

    @property
    def digest(self) -> Digest:
        """Digest of the payload: what the next warrant names as its previous one."""
        return sha256(self.envelope.payload)

    @property
    def leaves(self) -> LeafList:
        """What it allows, object by object; read from the log where it is not in memory.

        Raises:
            RecordError: the log does not give what the warrant names.
        """
        return self.kept()

    def whole(self) -> "LastWarrant":
        """The same with its leaves in memory, to be used when its log is closed. Raises as `leaves` does."""
        leaves = self.leaves
        return replace(self, kept=lambda: leaves)

    @property
    def bundle(self) -> WarrantBundle:
        """Both. Raises as `leaves` does."""
        return WarrantBundle(self.envelope, self.leaves)


def warranted_body(
    warrant: Warrant,
    bundle: WarrantBundle,
    public_key: bytes,
    *,
    statements: Iterable[Digest] = (),
    owed: bool = False,
    hold: int = 0,
    accepted: bool = True,
    difference: Difference | None = None,
) -> dict[str, Json]:
    """The body of a `warranted` record.

    Args:
        public_key: PEM of every key that signed, one block after the other, so
            that the warrant can be checked years later.
        statements: what it stood on, and what is spent by it.
        owed: glass was broken: its approvals are still to come.
        hold: the record of the hold that it carries out; 0: none.
        accepted: the next change begins here; not where an environment was brought back to.
        difference: of its leaves from those of an earlier record; None: they are written whole.
    """
    whole = {"bundle": loads(encode(bundle))} if difference is None else _continued(bundle, difference)
    return {
        "sequence": warrant.sequence,
        "digest": sha256(bundle.envelope.payload),
        "commit": warrant.commit,
        "warrant": loads(encode(warrant)),
        **whole,
        "public_key": public_key.decode(),
        "owed": owed,
        "hold": hold,
        "accepted": accepted,
        "statements": sorted(statements),
    }


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
    entries = (entry for _, entry in owned(recorder, environment))
    return tuple(sorted(entries, key=lambda entry: entry.key))


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
    return tuple(
        record for record in begun if _of_a_leaf(record) and record.number > ended.get(key_of(record), 0)
    )


def last_warrant(recorder: Recorder, environment: str) -> LastWarrant | None:
    """The newest warrant of an environment; None before the first."""
    record = _newest(recorder, RecordKind.WARRANTED, environment)
    return read_warrant(record, recorder) if record else None


def accepted_revision(recorder: Recorder, environment: str) -> CommitId | None:
    """The commit of the newest warrant whose approvals were there: where the next change begins.

    What glass was broken for stands in the cluster, but was not accepted yet; what an
    environment was brought back to was accepted long ago, and what came after it, too.
    """
    for record in recorder.read(
        0, Selection(frozenset({RecordKind.WARRANTED}), environment, newest_first=True)
    ):
        if is_accepted(record):
            return CommitId(member(record, "commit", str))
    return None


def is_accepted(record: Record) -> bool:
    """Whether the next change begins at the revision of a `warranted` record."""
    return bool(record.body.get("accepted", True)) and not record.body.get("owed", False)


def warrants(recorder: Recorder, environment: str) -> Iterator[LastWarrant]:
    """All warrants of an environment, newest first."""
    selection = Selection(frozenset({RecordKind.WARRANTED}), environment, newest_first=True)
    return (read_warrant(record, recorder) for record in recorder.read(0, selection))


def warranted_environments(recorder: Recorder) -> tuple[str, ...]:
    """The environments that have a warrant, sorted."""
    records = recorder.read(0, Selection(frozenset({RecordKind.WARRANTED})))
    return tuple(sorted({record.environment for record in records}))


def highest_sequence(recorder: Recorder, environment: str) -> int:
    """The highest warrant sequence of an environment; 0 before the first. Each warrant has a higher one."""
    record = _newest(recorder, RecordKind.WARRANTED, environment)
    return member(record, "sequence", int) if record else 0


def trusted_revision(recorder: Recorder, environment: str = TRUST) -> CommitId | None:
    """The last trusted revision of an environment's ref, or of the trust ref; None before the first."""
    record = _newest(recorder, RecordKind.TRUST_ADVANCED, environment)
    return CommitId(member(record, "commit", str)) if record else None


def remembered_roots(recorder: Recorder) -> Roots | None:
    """The highest version of the root keys that was taken up; None: those of the configuration, as given."""
    record = _newest(recorder, RecordKind.ROOTS_CHANGED, TRUST)
    return value_of(record, "roots", Roots) if record else None


def apply_completed(recorder: Recorder, environment: str, sequence: int) -> bool:
    """Whether every leaf of a warrant is as it wants it, as the last try recorded."""
    completed = Selection(frozenset({RecordKind.APPLY_COMPLETED}), environment, newest_first=True)
    tries = (record for record in recorder.read(0, completed) if record.body.get("sequence") == sequence)
    last = next(tries, None)
    return last is not None and last.body.get("complete") is True


def ever_completed(recorder: Recorder, environment: str) -> bool:
    """Whether any warrant of an environment was once applied to its end."""
    completed = Selection(frozenset({RecordKind.APPLY_COMPLETED}), environment, newest_first=True)
    return any(record.body.get("complete") is True for record in recorder.read(0, completed))


def healthy_sequence(recorder: Recorder, environment: str) -> int:
    """The newest warrant of which all was seen healthy at once; 0 for none."""
    record = _newest(recorder, RecordKind.HEALTHY, environment)
    return member(record, "sequence", int) if record else 0


def last_health(recorder: Recorder, environment: str) -> Mapping[ObjectKey, ObjectHealth]:
    """How each object was when it was last seen."""
    told = recorder.read(0, Selection(frozenset({RecordKind.HEALTH}), environment, latest=True))
    return {
        key_of(record): ObjectHealth(
            key_of(record), Health(member(record, "health", str)), str(record.body.get("reason", ""))
        )
        for record in told
    }


def read_warrant(record: Record, recorder: Recorder | None = None) -> LastWarrant:
    """Read the body of a `warranted` record; its leaves when somebody asks for them.

    Args:
        recorder: where the records are that it may continue.

    Raises:
        RecordError: a part is missing or damaged.
    """
    warrant, envelope = value_of(record, "warrant", Warrant, lift=lift_warrant), _envelope(record)
    owed, public_key = bool(record.body.get("owed", False)), member(record, "public_key", str).encode()
    kept = partial(read_leaves, record, recorder)
    accepted = is_accepted(record)
    return LastWarrant(record.number, record.time, warrant, envelope, owed, public_key, kept, accepted)


def _envelope(record: Record) -> Envelope:
    """What was signed: beside a difference, else in the bundle."""
    if "difference" in record.body:
        return value_of(record, "envelope", Envelope)
    bundle = lift_bundle(record.body.get("bundle"))
    try:
        return decode(Envelope, dumps(bundle["envelope"]))
    except (NotCanonical, KeyError, TypeError) as error:
        raise RecordError(
            f"record {record.number} ({record.kind.value}) has no readable 'bundle'",
            remedy="the log was written by another version, or damaged: see docs/reference/records.md",
        ) from error


def _continued(bundle: WarrantBundle, difference: Difference) -> dict[str, Json]:
    return {"envelope": plain(bundle.envelope), "difference": difference_body(difference)}


def value_of(record: Record, name: str, kind: type[T], *, lift: Callable[[Any], Any] | None = None) -> T:
    """A value that a record's body holds in its canonical form.

    Args:
        lift: brings what an earlier version wrote into today's form.

    Raises:
        RecordError: it is missing or not such a value.
    """
    try:
        data = record.body.get(name)
        return decode(kind, dumps(lift(data) if lift else data))
    except NotCanonical as error:
        raise RecordError(
            f"record {record.number} ({record.kind.value}) has no readable {name!r}: {error.what}",
            remedy="the log was written by another version, or damaged: see docs/reference/records.md",
        ) from error


def _of_a_leaf(record: Record) -> bool:
    """Whether an intent is about a manifest; the ApplySet's parent is written again at every apply."""
    operation = record.body.get("operation")
    return operation is None or operation in {one.value for one in Operation}


def _newest(recorder: Recorder, kind: RecordKind, environment: str) -> Record | None:
    return next(recorder.read(0, Selection(frozenset({kind}), environment, newest_first=True)), None)


def owned(recorder: Recorder, environment: str | None) -> Iterator[tuple[str, InventoryEntry]]:
    """All entries of inventories (of one environment, or of all), each with its environment."""
    moved = _moved(recorder, environment)
    for newest in recorder.read(0, Selection(ENTRY_KINDS, environment, latest=True)):
        record = _last_known(recorder, newest)
        if record is None or record.number < moved.get(record.environment, 0):  # in a cluster that was left
            continue
        found = entry_of(record)
        if found and found[1]:
            yield record.environment, found[1]


def entry_of(record: Record) -> tuple[ObjectKey, InventoryEntry | None] | None:
    """What an `applied` record says about the inventory: an object's entry, or that it is gone.

    A write that failed changed nothing, so it says nothing: None.
    """
    result, key = _result(record), key_of(record)
    if result is Result.FAILED:
        return None
    if result is Result.DELETED:
        return key, None
    version = intern(str(member(record, "object", dict).get("version", "")))
    uid, digest = member(record, "uid", str), Digest(member(record, "digest", str))
    return key, InventoryEntry(key, version, uid, digest, _turn(record))


def moved_to(recorder: Recorder, last: LastWarrant) -> str:
    """The uid of the cluster that an environment went to after a warrant; empty: it stayed."""
    newest = _newest(recorder, RecordKind.REBUILT, last.warrant.environment)
    return member(newest, "cluster", str) if newest and newest.number > last.number else ""


def _moved(recorder: Recorder, environment: str | None) -> Mapping[str, int]:
    """The last record by which each environment went to another cluster, where one did."""
    moves = recorder.read(0, Selection(frozenset({RecordKind.REBUILT}), environment))
    return {record.environment: record.number for record in moves}


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


def _turn(record: Record) -> Turn:
    """When the object was written; a record says so only where it is not the usual turn."""
    phase, wave = record.body.get("phase", USUAL.phase.word), record.body.get("wave", 0)
    try:
        return Turn(Phase[str(phase).upper()], int(wave))
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"record {record.number} has the unknown turn {phase!r}, {wave!r}",
            remedy="a newer gitwarrant wrote it: run that one",
        ) from error


def _result(record: Record) -> Result:
    value = member(record, "result", str)
    try:
        return Result(value)
    except ValueError as error:
        raise RecordError(
            f"record {record.number} has the unknown result {value!r}",
            remedy="a newer gitwarrant wrote it: run that one",
        ) from error
