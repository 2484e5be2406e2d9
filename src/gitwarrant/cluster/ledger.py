"""What apply and revert write into the log: the intent before each write, what came of it after."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitwarrant.audit.group import GroupCommit
from gitwarrant.audit.recorder import Recorder, Selection, object_body
from gitwarrant.cluster.allocation import Values, allocated
from gitwarrant.cluster.wire import new_audit_id
from gitwarrant.model.canonical import Digest
from gitwarrant.model.live import AppliedObject, Result
from gitwarrant.model.manifest import Content, Json, Manifest, ObjectKey
from gitwarrant.model.plan import Leaf, Operation
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.turn import USUAL, Turn

ADOPT = "adopt"
"""The `operation` of an intent to take an object over: its leaf is applied next."""
PARENT = "parent"
"""The `operation` of an intent to write the ApplySet's parent: ours, but nobody's manifest."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The log as seen by one apply: every write has its intent, and no intent is made up later."""

    recorder: Recorder
    group: GroupCommit
    environment: str
    sequence: int
    turns: Mapping[ObjectKey, Turn] = field(default_factory=dict)
    """When each object is written, where it is not the usual turn: kept for the day it is deleted."""

    async def intend(self, leaf: Leaf) -> str:
        """Record that a leaf is about to be written; give the Audit-ID that the write must carry.

        When this returns the intent is durable; many in flight share one synchronisation of the disk.
        """
        return await self._intend(leaf.key, leaf.version, leaf.operation, leaf.digest)

    async def intend_adoption(self, leaf: Leaf) -> str:
        """The same for moving the fields of an earlier tool to us: nothing else of the object changes."""
        return await self._intend(leaf.key, leaf.version, ADOPT, leaf.digest)

    async def intend_parent(self, key: ObjectKey, content: Digest) -> str:
        """The same for the ApplySet's parent."""
        return await self._intend(key, "v1", PARENT, content)

    def done(
        self,
        leaf: Leaf,
        audit_id: str,
        result: Result,
        *,
        uid: str = "",
        resource_version: str = "",
        message: str = "",
        values: Values | None = None,
    ) -> AppliedObject:
        """Record what became of a leaf; `values` are those that the server picked for it.

        Nobody waits for it here: it is durable before `completed` and before the group ends.
        """
        self.group.append(
            RecordKind.APPLIED,
            self.environment,
            {
                "sequence": self.sequence,
                "operation": leaf.operation,
                "object": object_body(leaf.key, leaf.version),
                "digest": leaf.digest,
                "audit_id": audit_id,
                "result": result.value,
                "uid": uid,
                "resource_version": resource_version,
                "message": message,
                **({"allocated": dict(values)} if values else {}),
                **_turn_body(self.turns.get(leaf.key, USUAL)),
            },
            awaited=False,
        )
        operation = Operation(leaf.operation)
        return AppliedObject(leaf.key, leaf.version, operation, leaf.digest, result, uid, audit_id, message)

    async def completed(self, *, complete: bool, held: Mapping[str, int]) -> None:
        """Record that nothing more will be tried under this warrant; all results are durable then, too.

        Args:
            held: how many objects were not tried, by the reason.
        """
        reasons = [{"why": why, "objects": count} for why, count in sorted(held.items())]
        body = {"sequence": self.sequence, "complete": complete, **({"held": reasons} if reasons else {})}
        await self.group.append(RecordKind.APPLY_COMPLETED, self.environment, body)

    async def _intend(self, key: ObjectKey, version: str, operation: str, content: Digest) -> str:
        audit_id = new_audit_id()
        await self.group.append(
            RecordKind.APPLY_INTENT,
            self.environment,
            {
                "sequence": self.sequence,
                "operation": operation,
                "object": object_body(key, version),
                "digest": content,
                "audit_id": audit_id,
            },
        )
        return audit_id


@dataclass(frozen=True, slots=True)
class RevertLedger:
    """The log as seen by a revert of one object."""

    recorder: Recorder
    environment: str
    manifest: Manifest
    fields: tuple[str, ...] = ()
    """What is put back, as JSON pointers; the first intent of a try names them."""
    _audit_ids: list[str] = field(default_factory=list)

    def intend(self, how: str) -> str:
        """Record a write that puts the object back; give the Audit-ID that it must carry."""
        audit_id = new_audit_id()
        named = {} if self._audit_ids else {"fields": list(self.fields)}
        body = {**self._body(), **named, "how": how, "audit_id": audit_id}
        self.recorder.append(RecordKind.REVERT_INTENT, self.environment, body)
        self._audit_ids.append(audit_id)
        return audit_id

    def done(self, current: Content, *, before: str) -> None:
        """Record that it is as warranted again; where it was made anew, the inventory must learn its uid."""
        uid = current["metadata"]["uid"]
        body = {
            **self._body(),
            "audit_id": self._audit_ids[-1],
            "uid": uid,
            "resource_version": current["metadata"]["resourceVersion"],
        }
        if uid != before:
            sequence = logged_sequence(self.recorder, self.environment)
            anew = {"sequence": sequence, "operation": "apply", "result": "created", **body}
            anew["allocated"] = allocated(self.manifest.kind, current)
            self.recorder.append(RecordKind.APPLIED, self.environment, anew)
        self.recorder.append(RecordKind.REVERTED, self.environment, body)

    def _body(self) -> dict[str, object]:
        return {
            "object": object_body(self.manifest.key, self.manifest.version),
            "digest": self.manifest.digest,
        }


def logged_sequence(recorder: Recorder, environment: str) -> int:
    """The highest sequence for which the log has an intent; 0 where there is none."""
    chosen = Selection(frozenset({RecordKind.APPLY_INTENT}), environment, newest_first=True)
    newest = next(recorder.read(0, chosen), None)
    return int(newest.body["sequence"]) if newest else 0


def last_result(ledger: Ledger, leaf: Leaf) -> AppliedObject | None:
    """What an earlier try under this same warrant made of a leaf; None where there was none."""
    newest = _newest(ledger, RecordKind.APPLIED, leaf.key)
    if newest is None:
        return None
    body, operation = newest.body, Operation(leaf.operation)
    asked = (ledger.sequence, leaf.operation, leaf.digest)
    if (body["sequence"], body["operation"], body["digest"]) != asked:
        return None
    result, uid, audit_id = Result(body["result"]), str(body["uid"]), str(body["audit_id"])
    return AppliedObject(leaf.key, leaf.version, operation, leaf.digest, result, uid, audit_id)


def unsettled(ledger: Ledger, key: ObjectKey) -> bool:
    """Whether a write of an object was begun whose end nobody recorded: we were killed."""
    begun, ended = (_newest(ledger, kind, key) for kind in (RecordKind.APPLY_INTENT, RecordKind.APPLIED))
    return begun is not None and (ended is None or ended.number < begun.number)


def _newest(ledger: Ledger, kind: RecordKind, key: ObjectKey) -> Record | None:
    chosen = Selection(frozenset({kind}), ledger.environment, key, newest_first=True)
    return next(ledger.recorder.read(0, chosen), None)


def _turn_body(turn: Turn) -> dict[str, Json]:
    return {} if turn == USUAL else {"phase": turn.phase.word, "wave": turn.wave}


def picked(recorder: Recorder, environment: str, key: ObjectKey) -> Values:
    """The values that the server picked when we wrote an object, as the log has them."""
    chosen = Selection(frozenset({RecordKind.APPLIED}), environment, key, newest_first=True)
    for record in recorder.read(0, chosen):
        if record.body["result"] != Result.FAILED.value:
            return dict(record.body.get("allocated") or {})
    return {}


@dataclass(frozen=True, slots=True)
class Attempts:
    """Every object that we ever meant to write here: what a killed apply may have left behind.

    Args:
        any_: whether there was any; where not, the log need not be asked for each object.
    """

    recorder: Recorder
    environment: str
    any_: bool

    def __contains__(self, key: object) -> bool:
        if not self.any_ or not isinstance(key, ObjectKey):
            return False
        chosen = Selection(frozenset({RecordKind.APPLY_INTENT}), self.environment, key)
        return next(self.recorder.read(0, chosen), None) is not None
