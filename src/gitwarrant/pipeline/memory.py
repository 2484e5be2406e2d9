"""What a deployer's log remembers for verify, kept up to date by reading only what is new.

What is remembered was recorded before it is used, so two readings of a log
that begin anywhere come to the same end.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gitwarrant.audit.queries import member
from gitwarrant.audit.recorder import Recorder, RecordError, Selection
from gitwarrant.model.canonical import Digest, sha256
from gitwarrant.model.change import Change, SignedStatement
from gitwarrant.model.manifest import Json
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.negatives import counts, is_negative
from gitwarrant.trust.opened import mark_of
from gitwarrant.trust.statements import MAX_LIFETIME

REMEMBERED = frozenset(
    {
        RecordKind.FIRST_SEEN,
        RecordKind.TAKEN_BACK,
        RecordKind.BOOTSTRAPPED,
        RecordKind.ALARM,
        RecordKind.ALARM_ACKNOWLEDGED,
    }
)
SPENDING = frozenset({RecordKind.WARRANTED, RecordKind.TRUST_ADVANCED})
MAX_UNCONFIRMED = 1000  # withdrawals of strangers that are kept: anybody who may push can make them
MARGIN = timedelta(days=1)  # clocks of people and log differ by less


class Memory:
    """First-seen times, what was taken back, and which alarms were raised and acknowledged, of one log."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self._read = recorder, 0
        self._seen: dict[str, datetime] = {}
        self._negatives: dict[Digest, SignedStatement] = {}
        self._stood: dict[Digest, str] = {}
        self._alarmed: dict[Digest, bool] = {}
        self._spent: dict[str, list[tuple[datetime, frozenset[Digest]]]] = {}
        self._spent_until = 0
        self._began: datetime | None = None

    def witnessed(self, change: Change, environment: str) -> Witnessed:
        """What verify needs to know for a change; what was never seen before is recorded as seen now."""
        self._catch_up()
        self._remember_commits(change)
        self._remember_statements(change.ref, change.statements)
        recalled = self.recalled(change.statements)
        commits: dict[str, datetime] = {commit: self._seen[commit] for commit in _commits(change)}
        return replace(recalled, seen={**recalled.seen, **commits}, spent=self.spent(environment))

    def of_statements(self, ref: str, statements: Sequence[SignedStatement]) -> Witnessed:
        """What is known of statements alone; what was never seen before is recorded as seen now."""
        self._catch_up()
        self._remember_statements(ref, statements)
        return self.recalled(statements)

    def recalled(self, statements: Sequence[SignedStatement]) -> Witnessed:
        """What is remembered of some statements; nothing new is recorded."""
        negatives = self.negatives()
        marks = [mark for signed in (*statements, *negatives) if (mark := mark_of(signed))]
        seen: dict[str, datetime] = {mark: self._seen[mark] for mark in marks if mark in self._seen}
        stood = tuple((self._negatives[mark], by) for mark, by in sorted(self._stood.items()))
        return Witnessed(seen, negatives, stood=stood)

    def confirm(
        self, repository: str, registry: Registry, statements: Iterable[SignedStatement] = ()
    ) -> None:
        """Record which negatives count by the rules in force; from then on they do, by whatever rules.

        Args:
            statements: those shown now; strangers may have filled the room for what is not confirmed.
        """
        self._catch_up()
        shown = {mark: signed for signed in statements if is_negative(signed) and (mark := mark_of(signed))}
        for mark, signed in sorted({**shown, **self._negatives}.items()):
            by = None if mark in self._stood else counts(signed, repository, registry)
            if by is not None:
                self._take(self._recorder.append(RecordKind.TAKEN_BACK, "", taken_back_body(signed, by)))

    def negatives(self) -> tuple[SignedStatement, ...]:
        """All withdrawals, revocations and suspensions that were ever seen."""
        self._catch_up()
        return tuple(self._negatives[mark] for mark in sorted(self._negatives))

    def began(self) -> datetime | None:
        """When the log's first record was written; None: it has none."""
        if self._began is None:
            first = next(iter(self._recorder.read()), None)
            self._began = first.time if first else None
        return self._began

    def knows(self, name: str) -> bool:
        """Whether a commit or a statement was ever seen."""
        self._catch_up()
        return name in self._seen

    def seen(self) -> Mapping[str, datetime]:
        """When each commit and each statement was first seen."""
        self._catch_up()
        return dict(self._seen)

    def alarmed(self, about: Digest) -> bool | None:
        """Whether the alarm about something was acknowledged; None: it was not raised yet."""
        self._catch_up()
        return self._alarmed.get(about)

    def _catch_up(self) -> None:
        for record in self._recorder.read(self._read, Selection(REMEMBERED)):
            self._take(record)

    def _take(self, record: Record) -> None:
        self._read = record.number
        if record.kind is RecordKind.TAKEN_BACK:
            signed = SignedStatement(_bytes(record, "statement"), _bytes(record, "signature"))
            if mark := mark_of(signed):
                self._negatives[mark] = signed
                if "by" in record.body:
                    self._stood[mark] = member(record, "by", str)
                self._seen.setdefault(mark, record.time)
        elif record.kind is RecordKind.BOOTSTRAPPED:
            for name, time in member(record, "seen", dict).items():
                self._seen.setdefault(name, moment_of(record, time))
        elif record.kind is RecordKind.ALARM:
            self._alarmed.setdefault(Digest(member(record, "about", str)), False)
        elif record.kind is RecordKind.ALARM_ACKNOWLEDGED:
            self._alarmed[Digest(member(record, "about", str))] = True
        for part in ("commits", "statements", "signed"):
            for name in record.body.get(part, ()):
                self._seen.setdefault(name, record.time)

    def _remember_commits(self, change: Change) -> None:
        new = [commit for commit in _commits(change) if commit not in self._seen]
        if new:
            body = {"ref": change.ref, "commits": new}
            self._take(self._recorder.append(RecordKind.FIRST_SEEN, "", body))

    def _remember_statements(self, ref: str, statements: Iterable[SignedStatement]) -> None:
        """What nobody signed is left out: the same bytes may come again, with a signature."""
        marked = {mark: signed for signed in statements if (mark := mark_of(signed))}
        new = {mark: signed for mark, signed in sorted(marked.items()) if mark not in self._seen}
        if not new:
            return
        room = MAX_UNCONFIRMED + len(self._stood) - len(self._negatives)
        negative = [signed for signed in new.values() if is_negative(signed)]
        for signed in negative[: max(0, room)]:  # before the time that makes them known
            self._take(self._recorder.append(RecordKind.TAKEN_BACK, "", taken_back_body(signed)))
        digests = sorted({sha256(signed.body) for signed in new.values()})
        body = {"ref": ref, "statements": digests, "signed": list(new)}
        self._take(self._recorder.append(RecordKind.FIRST_SEEN, "", body))

    def spent(self, environment: str) -> frozenset[Digest]:
        """Statements that warrants stood on; older ones have expired before any landing they could cover."""
        for record in self._recorder.read(self._spent_until, Selection(SPENDING)):
            self._spent_until = record.number
            stood = frozenset(map(Digest, record.body.get("statements", ())))
            self._spent.setdefault(record.environment, []).append((record.time, stood))
        spent: set[Digest] = set()
        found = self._spent.get(environment, [])
        for time, stood in reversed(found):
            if time < found[-1][0] - MAX_LIFETIME - MARGIN:
                break
            spent.update(stood)
        return frozenset(spent)


def taken_back_body(signed: SignedStatement, by: str | None = None) -> dict[str, Json]:
    """The body of a `taken-back` record; `by`: who said it, once it counted."""
    body: dict[str, Json] = {"statement": _text(signed.body), "signature": _text(signed.signature)}
    return body if by is None else {**body, "by": by}


def moment_of(record: Record, text: object) -> datetime:
    """A time that a record's body holds.

    Raises:
        RecordError: it is none, or has no zone.
    """
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    raise RecordError(
        f"record {record.number} ({record.kind.value}) has a time that cannot be read: {text!r}",
        remedy="the log was written by another version, or damaged: see docs/reference/records.md",
    )


def _commits(change: Change) -> list[str]:
    return [commit.id for landing in change.landings for commit in landing.commits]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(record: Record, name: str) -> bytes:
    return base64.b64decode(member(record, name, str))
