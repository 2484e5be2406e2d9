"""Questions about going back: where an environment is held, and which warrants it could return to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.audit.queries import LastWarrant, member, warrants
from gitwarrant.audit.recorder import Recorder, RecordError, Selection
from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId
from gitwarrant.model.hold import Earlier, Hold
from gitwarrant.model.manifest import Json
from gitwarrant.model.record import Record, RecordKind

HOLDING = frozenset({RecordKind.HELD, RecordKind.RELEASED})


@dataclass(frozen=True, slots=True)
class Past:
    """A warrant of the past: whether all of it was applied, was ever healthy, and was left by itself."""

    last: LastWarrant
    completed: datetime | None
    """When its last leaf was applied; None: some never were."""
    healthy: bool
    failed: bool
    """The agent went back from it, because an object failed."""

    @property
    def sequence(self) -> int:
        """Its number."""
        return self.last.warrant.sequence

    @property
    def commit(self) -> CommitId:
        """Its revision."""
        return self.last.warrant.commit


def held_body(hold: Hold) -> dict[str, Json]:
    """The body of a `held` record."""
    return {
        "commit": hold.commit,
        "sequence": hold.earlier.sequence,
        "leaves": hold.earlier.leaves,
        "leaving": hold.leaving,
        "left": hold.left,
        "orders": list(hold.orders),
        "by": list(hold.by),
        "reason": hold.reason,
        "made": hold.made.isoformat(),
    }


def current_hold(recorder: Recorder, environment: str) -> Hold | None:
    """Where an environment is held now; None: it follows its ref."""
    newest = next(recorder.read(0, Selection(HOLDING, environment, newest_first=True)), None)
    return read_hold(newest) if newest and newest.kind is RecordKind.HELD else None


def spent_orders(recorder: Recorder, environment: str) -> frozenset[Digest]:
    """The orders on which any hold stood: none of them begins another one."""
    return frozenset(order for hold in _holds(recorder, environment) for order in hold.orders)


def past(recorder: Recorder, environment: str) -> Iterator[Past]:
    """All warrants of an environment, newest first, each with what became of it."""
    completed: dict[int, datetime | None] = {}
    for record in recorder.read(0, Selection(frozenset({RecordKind.APPLY_COMPLETED}), environment)):
        done = record.body.get("complete") is True
        completed[member(record, "sequence", int)] = record.time if done else None
    seen = recorder.read(0, Selection(frozenset({RecordKind.HEALTHY}), environment))
    healthy = {member(record, "sequence", int) for record in seen}
    failed = {hold.leaving for hold in _holds(recorder, environment) if hold.automatic}
    for last in warrants(recorder, environment):
        number = last.warrant.sequence
        yield Past(last, completed.get(number), number in healthy, number in failed)


def read_hold(record: Record) -> Hold:
    """Read a `held` record.

    Raises:
        RecordError: a part is missing or damaged.
    """
    try:
        made = datetime.fromisoformat(member(record, "made", str))
    except ValueError as error:
        raise RecordError(
            f"record {record.number} ({record.kind.value}) has a time that cannot be read",
            remedy="the log was written by another version, or damaged: see docs/reference/records.md",
        ) from error
    return Hold(
        record.number,
        Earlier(
            CommitId(member(record, "commit", str)),
            member(record, "sequence", int),
            Digest(member(record, "leaves", str)),
        ),
        member(record, "leaving", int),
        CommitId(member(record, "left", str)),
        tuple(map(Digest, member(record, "orders", list))),
        tuple(map(str, member(record, "by", list))),
        member(record, "reason", str),
        made,
    )


def _holds(recorder: Recorder, environment: str) -> Iterator[Hold]:
    return map(read_hold, recorder.read(0, Selection(frozenset({RecordKind.HELD}), environment)))
