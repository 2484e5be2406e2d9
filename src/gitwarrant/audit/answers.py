"""Who changed an object: each write with the people, the warrant and the cluster's own id of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from gitwarrant.audit.holds import read_hold
from gitwarrant.audit.queries import LastWarrant, key_of, member, read_warrant, value_of
from gitwarrant.audit.recorder import Recorder, Selection, object_of
from gitwarrant.model.authorship import Authorship, LandingProof
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.hold import Hold
from gitwarrant.model.live import Result
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.record import Record, RecordKind

SHORT_NAMES: Mapping[str, str] = {
    "cj": "cronjob",
    "cm": "configmap",
    "crd": "customresourcedefinition",
    "deploy": "deployment",
    "ds": "daemonset",
    "ep": "endpoints",
    "hpa": "horizontalpodautoscaler",
    "ing": "ingress",
    "netpol": "networkpolicy",
    "ns": "namespace",
    "pdb": "poddisruptionbudget",
    "po": "pod",
    "pv": "persistentvolume",
    "pvc": "persistentvolumeclaim",
    "rs": "replicaset",
    "sa": "serviceaccount",
    "sts": "statefulset",
    "svc": "service",
}
"""As kubectl abbreviates."""


class UnknownObject(GitwarrantError):
    """A question about an object that the log does not know, or that is no question."""


@dataclass(frozen=True, slots=True)
class ObjectQuery:
    """An object as people name it; empty parts match anything. Kind, group and namespace ignore case."""

    name: str
    kind: str = ""
    group: str = ""
    namespace: str = ""

    def matches(self, key: ObjectKey) -> bool:
        """Whether an object is meant."""
        kind = key.kind.lower()
        return (
            key.name == self.name
            and self.kind in ("", kind, *_plurals(kind))
            and self.group in ("", key.group.lower())
            and self.namespace in ("", key.namespace.lower())
        )


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checks said of the revision."""

    findings: int
    refused: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """One write of one object under a warrant.

    `landings` are those that touched the object's file; all of the change when
    the file is not known (`exact` is then false). Parts the log does not have are None.
    """

    number: int
    time: datetime
    key: ObjectKey
    environment: str
    operation: str
    result: Result
    digest: str
    audit_id: str
    uid: str
    message: str
    warrant: LastWarrant | None
    authorship: Authorship | None
    landings: tuple[LandingProof, ...]
    exact: bool
    checks: Checks | None
    hold: Hold | None = None
    """Why it was brought back, and by whom; None: it was not."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """The live object differed from its baseline.

    `differences` is as recorded. `reverted` is when it was put back, `audit_id`
    the Audit-ID of that write; None and empty: it was only reported.
    """

    number: int
    time: datetime
    key: ObjectKey
    environment: str
    kind: str
    differences: tuple[Json, ...]
    managers: tuple[str, ...]
    reverted: datetime | None
    audit_id: str
    note: str


Answer: TypeAlias = Changed | Drifted


def parse_query(text: str, namespace: str = "") -> ObjectQuery:
    """Read an object's name in any usual spelling.

    `ConfigMap shop/database`, `Deployment.apps shop/web`, `configmap/database`
    (with a namespace beside it), `cm database`, `shop/database`, `database`.

    Raises:
        UnknownObject: it is none of these.
    """
    match re.split(r"\s+", text.strip()):
        case [kind, rest] if kind and rest and "/" not in kind:
            return _query(kind, rest, namespace)
        case [one] if one.count("/") == 0 and one:
            return ObjectQuery(one, namespace=namespace.lower())
        case [one] if one.count("/") == 2 and all(one.split("/")):
            kind, rest = one.split("/", 1)
            return _query(kind, rest, namespace)
        case [one] if one.count("/") == 1 and all(one.split("/")):
            # As kubectl says it; `who` tries namespace/name when nothing has that kind.
            kind, name = one.split("/")
            return _query(kind, name, namespace)
    raise UnknownObject(
        f"{text!r} names no object", remedy="write it like 'ConfigMap shop/database', or just 'database'"
    )


def who(recorder: Recorder, query: ObjectQuery, at: datetime | None = None) -> tuple[Answer, ...]:
    """Everything that changed an object, oldest first; writes that changed nothing are left out.

    Args:
        at: a moment; only what was in force then is answered: for each object
            its last change until then, and the drift seen between the two.

    Raises:
        UnknownObject: no record is about such an object (until then).
        RecordError: a record does not say what its kind says.
    """
    records = _about(recorder, query)
    if not records and query.kind and not query.namespace:
        # `shop/database` reads like kind/name; nothing has that kind, so take it as namespace/name.
        records = _about(recorder, ObjectQuery(query.name, namespace=query.kind))
    if not records:
        raise UnknownObject(
            f"the log knows no object like {_spell(query)}",
            remedy="check the spelling: KIND NAMESPACE/NAME, or list what was applied: "
            "gitwarrant audit log --kind applied",
        )
    before = [record for record in records if at is None or record.time <= at]
    if at is not None and not before:
        raise UnknownObject(
            f"{_spell(query)} was not known at {at.isoformat()}",
            remedy=f"the first record about it is of {records[0].time.isoformat()}",
        )
    by_key: dict[tuple[str, ObjectKey], list[Record]] = {}
    for record in before:
        by_key.setdefault((record.environment, key_of(record)), []).append(record)
    answers = [
        answer
        for of_one in by_key.values()
        for answer in _in_force(_answers(recorder, of_one), at is not None)
    ]
    return tuple(sorted(answers, key=lambda answer: answer.number))


def _about(recorder: Recorder, query: ObjectQuery) -> list[Record]:
    kinds = frozenset({RecordKind.APPLIED, RecordKind.DRIFT_FOUND, RecordKind.REVERTED})
    return [
        record
        for record in recorder.read(0, Selection(kinds, name=query.name))
        if query.matches(key_of(record))
    ]


def _answers(recorder: Recorder, records: list[Record]) -> list[Answer]:
    """The answers about one object of one environment, from its records in order."""
    # A revert that made the object anew also wrote `applied`, for the inventory: nobody changed it.
    reverts = {record.body.get("audit_id") for record in records if record.kind is RecordKind.REVERTED}
    records = [
        record
        for record in records
        if record.kind is not RecordKind.APPLIED or record.body.get("audit_id") not in reverts
    ]
    applied = [record for record in records if record.kind is RecordKind.APPLIED]
    moved = [record for record in applied if record.body.get("result") != Result.UNCHANGED.value]
    answers: list[Answer] = [_changed(recorder, record) for record in moved or applied[:1]]
    answers += _drifts(records)
    return sorted(answers, key=lambda answer: answer.number)


def _in_force(answers: list[Answer], only_last: bool) -> list[Answer]:
    if not only_last:
        return answers
    changes = [answer.number for answer in answers if isinstance(answer, Changed)]
    return [answer for answer in answers if answer.number >= max(changes, default=0)]


def _drifts(records: list[Record]) -> Iterator[Drifted]:
    """Pair each drift with the revert that ended it; the same drift seen again is told once."""
    found: Record | None = None
    for record in records:
        match record.kind:
            case RecordKind.DRIFT_FOUND if found is None or record.body != found.body:
                if found is not None:
                    yield _drifted(found, None)
                found = record
            case RecordKind.REVERTED if found is not None:
                yield _drifted(found, record)
                found = None
            case RecordKind.APPLIED if found is not None:
                yield _drifted(found, None)
                found = None
    if found is not None:
        yield _drifted(found, None)


def _drifted(found: Record, reverted: Record | None) -> Drifted:
    return Drifted(
        number=found.number,
        time=found.time,
        key=key_of(found),
        environment=found.environment,
        kind=member(found, "drift", str),
        differences=tuple(member(found, "differences", list)),
        managers=tuple(member(found, "managers", list)),
        reverted=reverted.time if reverted else None,
        audit_id=member(reverted, "audit_id", str) if reverted else "",
        note=str(found.body.get("note", "")),
    )


def _changed(recorder: Recorder, record: Record) -> Changed:
    warranted = _warranted(recorder, record)
    warrant = read_warrant(warranted, recorder) if warranted else None
    hold, origin = _origin(recorder, warranted) if warranted else (None, None)
    authorship = _authorship(recorder, origin) if origin else None
    path = _path(recorder, warranted, key_of(record)) if warranted else ""
    landings, exact = _landings(recorder, origin if hold and origin else record, authorship, path)
    return Changed(
        number=record.number,
        time=record.time,
        key=key_of(record),
        environment=record.environment,
        operation=member(record, "operation", str),
        result=Result(member(record, "result", str)),
        digest=member(record, "digest", str),
        audit_id=member(record, "audit_id", str),
        uid=member(record, "uid", str),
        message=str(record.body.get("message", "")),
        warrant=warrant,
        authorship=authorship,
        landings=landings,
        exact=exact,
        checks=_checks(recorder, warranted) if warranted else None,
        hold=hold,
    )


def _before(recorder: Recorder, kind: RecordKind, record: Record) -> Iterator[Record]:
    """Records of a kind before another one of the same environment, newest first."""
    chosen = Selection(frozenset({kind}), record.environment, newest_first=True)
    return (earlier for earlier in recorder.read(0, chosen) if earlier.number < record.number)


def _warranted(recorder: Recorder, record: Record) -> Record | None:
    sequence = member(record, "sequence", int)
    warrants = _before(recorder, RecordKind.WARRANTED, record)
    return next((warrant for warrant in warrants if warrant.body.get("sequence") == sequence), None)


def _origin(recorder: Recorder, warranted: Record) -> tuple[Hold | None, Record]:
    """The hold that a warrant carries out, and the record of the warrant that first brought its objects."""
    hold: Hold | None = None
    while number := int(warranted.body.get("hold", 0)):
        held = next(recorder.read(number - 1, Selection(frozenset({RecordKind.HELD}), warranted.environment)))
        hold = hold or read_hold(held)
        sequence = member(held, "sequence", int)
        earlier = _before(recorder, RecordKind.WARRANTED, warranted)
        warranted = next(item for item in earlier if item.body.get("sequence") == sequence)
    return hold, warranted


def _authorship(recorder: Recorder, warranted: Record) -> Authorship | None:
    """What verify proved of the warrant's revision: the newest proof of that head before the warrant."""
    for record in _before(recorder, RecordKind.VERIFIED, warranted):
        authorship = value_of(record, "authorship", Authorship)
        # A revision that is deployed again (its warrant was too old) has no landings of its own.
        if authorship.head == warranted.body.get("commit") and authorship.landings:
            return authorship
    return None


def _path(recorder: Recorder, warranted: Record, key: ObjectKey) -> str:
    """The file that an object was planned from; empty: the log does not say."""
    planned = next(_before(recorder, RecordKind.PLANNED, warranted), None)
    for moved in planned.body.get("objects", ()) if planned else ():
        if object_of(moved) == key:
            return str(moved.get("path", ""))
    return ""


def _landings(
    recorder: Recorder, record: Record, authorship: Authorship | None, path: str
) -> tuple[tuple[LandingProof, ...], bool]:
    """The landings behind a write, and whether they are known to have touched the object's file.

    An object may be written by a later change than the one that touched its
    file (the first write failed), so earlier proofs are asked too.
    """
    if authorship is None:
        return (), False
    touching = _touching(authorship, path)
    if touching or not path:
        return touching or authorship.landings, bool(touching) or len(authorship.landings) == 1
    for earlier in _before(recorder, RecordKind.VERIFIED, record):
        touching = _touching(value_of(earlier, "authorship", Authorship), path)
        if touching:
            return touching, True
    return authorship.landings, len(authorship.landings) == 1


def _touching(authorship: Authorship, path: str) -> tuple[LandingProof, ...]:
    return tuple(landing for landing in authorship.landings if path and path in landing.paths)


def _checks(recorder: Recorder, warranted: Record) -> Checks | None:
    record = next(_before(recorder, RecordKind.CHECKED, warranted), None)
    if record is None:
        return None
    findings = record.body.get("findings")
    count = len(findings) if isinstance(findings, list) else findings
    return Checks(count if isinstance(count, int) else 0, bool(record.body.get("refused")))


def _query(kind: str, rest: str, namespace: str) -> ObjectQuery:
    space, _, name = rest.rpartition("/")
    resource, _, group = kind.lower().partition(".")
    if space and namespace and space != namespace:
        raise UnknownObject(f"two namespaces: {space!r} and {namespace!r}", remedy="give the namespace once")
    return ObjectQuery(name, SHORT_NAMES.get(resource, resource), group, (space or namespace).lower())


def _plurals(kind: str) -> tuple[str, ...]:
    return (kind + "s", kind + "es", kind.removesuffix("y") + "ies")


def _spell(query: ObjectQuery) -> str:
    kind = f"{query.kind}.{query.group}" if query.group else query.kind
    name = f"{query.namespace}/{query.name}" if query.namespace else query.name
    return f"{kind} {name}".strip()
