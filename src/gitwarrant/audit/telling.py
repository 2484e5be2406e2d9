"""Records and answers in words for people, and as plain data for programs."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from gitwarrant.audit.answers import Answer, Changed, Drifted
from gitwarrant.audit.recorder import object_of
from gitwarrant.model.authorship import LandingProof, Proof
from gitwarrant.model.canonical import encode, loads
from gitwarrant.model.live import Result
from gitwarrant.model.record import Record, RecordKind

Line: TypeAlias = tuple[str, str]
"""A line and the style it is shown in."""

SHORT = 12  # characters of a commit or digest that people compare
LABEL = 14  # width of the labels below an answer

RESULTS: Mapping[Result, str] = {
    Result.CREATED: "created",
    Result.CONFIGURED: "changed",
    Result.UNCHANGED: "confirmed, unchanged",
    Result.DELETED: "deleted",
    Result.FINISHED: "a hook that ran to its end",
    Result.FAILED: "not written: it failed",
    Result.HELD: "not tried",
}
PROOFS: Mapping[Proof, str] = {
    Proof.SIGNATURE: "signed commit",
    Proof.STATEMENT: "signed author statement",
    Proof.EXTRA_APPROVAL: "author not proven; one more approval instead",
}


def time_text(time: datetime) -> str:
    """A time as people read it; always UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def tell(answers: tuple[Answer, ...]) -> Iterator[Line]:
    """Answers as lines, a heading before each object."""
    heading = ""
    for answer in answers:
        named = f"{answer.key} in {answer.environment}"
        if named != heading:
            yield from ([("", "")] if heading else [])
            yield (named, "bold")
            heading = named
        yield ("", "")
        match answer:
            case Changed():
                yield from _changed(answer)
            case Drifted():
                yield from _drifted(answer)


def answer_data(answer: Answer) -> dict[str, Any]:
    """An answer as plain data; leaves of the warrant are left out."""
    common = {
        "record": answer.number,
        "time": answer.time.isoformat(),
        "environment": answer.environment,
        "object": {
            "group": answer.key.group,
            "kind": answer.key.kind,
            "namespace": answer.key.namespace,
            "name": answer.key.name,
        },
        "audit_id": answer.audit_id,
    }
    if isinstance(answer, Drifted):
        return {
            "event": "drift",
            **common,
            "drift": answer.kind,
            "differences": list(answer.differences),
            "managers": list(answer.managers),
            "reverted": answer.reverted.isoformat() if answer.reverted else None,
            "note": answer.note,
        }
    warrant, proven, hold = answer.warrant, answer.authorship, answer.hold
    return {
        "event": "change",
        **common,
        "operation": answer.operation,
        "result": answer.result.value,
        "message": answer.message,
        "digest": answer.digest,
        "uid": answer.uid,
        "revision": proven and {"repository": proven.repository, "ref": proven.ref, "commit": proven.head},
        "landings": [loads(encode(landing)) for landing in answer.landings],
        "landings_exact": answer.exact,
        "checks": answer.checks and {"findings": answer.checks.findings, "refused": answer.checks.refused},
        "warrant": warrant and {"sequence": warrant.warrant.sequence, "digest": warrant.digest},
        "brought_back": hold and {"by": list(hold.by), "reason": hold.reason, "orders": list(hold.orders)},
    }


def record_data(record: Record) -> dict[str, Any]:
    """A record as plain data."""
    return {
        "number": record.number,
        "time": record.time.isoformat(),
        "kind": record.kind.value,
        "environment": record.environment,
        "body": dict(record.body),
    }


def summary(record: Record) -> Line:
    """A record in one line."""
    place = record.environment or "the rules"
    head = f"{record.number:>6}  {time_text(record.time)}  {record.kind.value:<15}  {place:<12}  "
    return (head + _essence(record), _STYLES.get(record.kind, ""))


_STYLES: Mapping[RecordKind, str] = {
    RecordKind.REFUSED: "bad",
    RecordKind.DRIFT_FOUND: "warn",
    RecordKind.RETRYING: "warn",
    RecordKind.EQUIVOCATION: "bad",
    RecordKind.ALARM: "bad",
    RecordKind.WARRANTED: "good",
}


def _essence(record: Record) -> str:
    """What a record says, in a few words."""
    if record.kind in _OF_TRUST:
        return _of_trust(record)
    body = record.body
    match record.kind:
        case RecordKind.CHECKED:
            text = _checks(_count(body.get("findings")), refused=bool(body.get("refused")))
        case RecordKind.PLANNED:
            counts = body.get("counts") or {}
            text = (
                ", ".join(f"{count} {name}" for name, count in sorted(counts.items()) if count) or "nothing"
            )
        case RecordKind.LEAVES:
            text = f"{_count(body.get('leaves'))} leaves, which the next warrants continue"
        case RecordKind.WARRANTED:
            text = f"warrant {body.get('sequence')} for {_short(body.get('commit'))}"
        case RecordKind.APPLY_COMPLETED:
            text = f"warrant {body.get('sequence')} {'complete' if body.get('complete') else 'not complete'}"
        case RecordKind.HEALTHY | RecordKind.HELD | RecordKind.RELEASED | RecordKind.REBUILT:
            text = _of_return(record)
        case RecordKind.REFUSED:
            place = f"{body['place']}: " if body.get("place") else ""
            text = f"by {body.get('stage')}: {place}{body.get('what')}"
        case RecordKind.RETRYING:
            text = f"{body.get('stage')}, attempt {body.get('attempt')}: {body.get('what')}"
        case _:
            text = _of_object(record)
    return text


_OF_TRUST = frozenset(
    {
        RecordKind.FIRST_SEEN,
        RecordKind.TAKEN_BACK,
        RecordKind.VERIFIED,
        RecordKind.TRUST_ADVANCED,
        RecordKind.ALARM,
        RecordKind.ALARM_ACKNOWLEDGED,
        RecordKind.ROOTS_CHANGED,
        RecordKind.BOOTSTRAPPED,
        RecordKind.HEARTBEAT,
        RecordKind.EQUIVOCATION,
    }
)


def _of_trust(record: Record) -> str:
    body = record.body
    match record.kind:
        case RecordKind.FIRST_SEEN:
            what = "commits" if "commits" in body else "statements"
            text = f"{len(body.get(what, ()))} {what} on {body.get('ref')}"
        case RecordKind.ALARM:
            text = f"{body.get('alarm')}: {body.get('what')}"
        case RecordKind.ALARM_ACKNOWLEDGED:
            text = f"by {body.get('sink')}: {body.get('receipt')}"
        case RecordKind.TAKEN_BACK:
            text = "a withdrawal or revocation, which holds from now on"
        case RecordKind.VERIFIED:
            proven = body.get("authorship") or {}
            text = f"{len(proven.get('landings', ()))} landings up to {_short(proven.get('head'))}"
        case RecordKind.TRUST_ADVANCED:
            text = f"{body.get('ref')} trusted up to {_short(body.get('commit'))}"
        case RecordKind.ROOTS_CHANGED:
            holders = {key.get("holder", "?") for key in (body.get("roots") or {}).get("keys", ())}
            text = f"root keys version {body.get('version')}: {', '.join(sorted(holders))}"
        case RecordKind.BOOTSTRAPPED:
            text = f"{len(body.get('seen', ()))} first-seen times from {body.get('log')}"
        case RecordKind.HEARTBEAT:
            text = f"beat {body.get('sequence')} of {body.get('heart')}"
        case RecordKind.EQUIVOCATION:
            text = f"{body.get('heart')} signed two different beats with sequence {body.get('sequence')}"
        case _:
            text = ""
    return text


def _of_return(record: Record) -> str:
    body = record.body
    who = " and ".join(body.get("by", ())) or "the agent itself"
    match record.kind:
        case RecordKind.HEALTHY:
            return f"everything of warrant {body.get('sequence')} is healthy"
        case RecordKind.HELD:
            where = f"at {_short(body.get('commit'))}, not {_short(body.get('left'))}"
            return f"{where}, by {who}: {body.get('reason')}"
        case RecordKind.RELEASED:
            return f"by {who}: {body.get('reason')}"
    return f"{_short(body.get('commit'))} in cluster {body.get('cluster')}, before in {body.get('from')}"


def _of_object(record: Record) -> str:
    told = ("operation", "result", "drift", "health", "how", "message", "reason", "note")
    words = [str(record.body[name]) for name in told if record.body.get(name)]
    return f"{object_of(record.body)}: {', '.join(words)}".removesuffix(": ")


def _changed(answer: Changed) -> Iterator[Line]:
    style = "bad" if answer.result is Result.FAILED else "bold"
    yield (f"{time_text(answer.time)}  {RESULTS[answer.result]}", style)
    if answer.hold:
        who = " and ".join(answer.hold.by) or "the agent itself"
        yield _line("brought back", f"by {who}: {answer.hold.reason}")
    if answer.authorship is None:
        yield _line("written by", "unknown: the log has no proof of this revision")
    elif not answer.landings:
        yield _line("written by", "nobody is named: trust begins at this revision")
    elif not answer.exact:
        yield _line("part of", f"a change with {len(answer.landings)} landings:")
    for landing in answer.landings:
        yield from _landing(landing)
    if answer.authorship:
        where = f"{answer.authorship.repository} {answer.authorship.ref.removeprefix('refs/heads/')}"
        yield _line("revision", f"{answer.authorship.head[:SHORT]} of {where}")
    if answer.checks:
        yield _line("checks", _checks(answer.checks.findings, refused=answer.checks.refused))
    if answer.warrant:
        digest = answer.warrant.digest.removeprefix("sha256:")
        yield _line("warrant", f"number {answer.warrant.warrant.sequence}, sha256:{digest[:SHORT]}")
    yield _line("the cluster", _cluster(answer))


def _landing(landing: LandingProof) -> Iterator[Line]:
    keys = f"  key {', '.join(sorted(landing.keys))}" if landing.keys else ""
    yield _line("written by", f"{', '.join(sorted(landing.authors)) or 'nobody known'}{keys}")
    yield _line("", f"{PROOFS[landing.proof]}, landed as {landing.landing[:SHORT]}")
    for approval in landing.approvals:
        how = f"a review on {approval.witness}" if approval.witness else f"key {approval.key}"
        yield _line("approved by", f"{approval.identity}  {how}")
    if not landing.approvals:
        yield _line("approved by", "nobody; the rules asked for no approval")


def _cluster(answer: Changed) -> str:
    said = f"{answer.result.value}, Audit-ID {answer.audit_id}"
    said += f", uid {answer.uid}" if answer.uid else ""
    return f"{said}: {answer.message}" if answer.message else said


def _drifted(answer: Drifted) -> Iterator[Line]:
    by = f", last written by {', '.join(answer.managers)}" if answer.managers else ""
    yield (f"{time_text(answer.time)}  changed past gitwarrant: {answer.kind}{by}", "warn")
    for difference in answer.differences:
        yield _line("", _difference(difference))
    if answer.note:
        yield _line("note", answer.note)
    if answer.reverted:
        yield _line("put back", f"{time_text(answer.reverted)}, Audit-ID {answer.audit_id}")
    else:
        yield _line("put back", "no")


def _difference(difference: Mapping[str, Any]) -> str:
    field = difference.get("field", "?")
    before, after = difference.get("before") or [], difference.get("after") or []
    match before, after:
        case [old], [new]:
            return f"{field}: {old!r} became {new!r}"
        case [], [new]:
            return f"{field}: {new!r} was added"
        case [old], []:
            return f"{field}: {old!r} was removed"
    return str(field)


def _line(label: str, text: str) -> Line:
    return (f"  {label:<{LABEL}}{text}", "")


def _checks(findings: int, *, refused: bool) -> str:
    found = f"{findings} finding{'' if findings == 1 else 's'}" if findings else "no findings"
    return f"{'refused' if refused else 'passed'}, {found}"


def _count(findings: object) -> int:
    if isinstance(findings, list):
        return len(findings)
    return findings if isinstance(findings, int) else 0


def _short(commit: object) -> str:
    return str(commit)[:SHORT] if commit else "nothing"
