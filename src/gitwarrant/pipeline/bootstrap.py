"""A new log that begins with what another agent's log witnessed.

A new agent would judge every commit and statement as of today. From a log that
was kept all along it takes over when each was first seen, what was taken back,
the root keys, how far the trust ref is trusted, and which statements were spent
there: all that verify asks a log for. Nothing about environments: what stands
in another cluster says nothing about this one.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path

from gitwarrant.audit.log import Log
from gitwarrant.audit.queries import TRUST, remembered_roots, trusted_revision
from gitwarrant.audit.recorder import Clock, Recorder, Selection
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import TrustRoot
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.pipeline.memory import Memory, taken_back_body
from gitwarrant.pipeline.starting import roots_body

CHUNK = 5_000  # first-seen times in one record: some 400 KB


def bootstrap(recorder: Recorder, source: Path, root: TrustRoot, clock: Clock) -> None:
    """Take over another log, unless this one is not new.

    Killed on the way it begins again: all of it may stand in the log twice.

    Raises:
        GitwarrantError: the other log cannot be read, or follows another ref.
    """
    if not _is_new(recorder):
        return
    with Log(source, clock, read_only=True) as other:
        _check_ref(other, source, root.trust_ref)
        _take_over(recorder, other, source)


def _is_new(recorder: Recorder) -> bool:
    kinds = frozenset({RecordKind.FIRST_SEEN, RecordKind.BOOTSTRAPPED})
    known = recorder.read(0, Selection(kinds))
    return not any(_ends(record) for record in known)


def _ends(record: Record) -> bool:
    return record.kind is RecordKind.FIRST_SEEN or record.body.get("complete") is True


def _check_ref(other: Recorder, source: Path, ref: str) -> None:
    newest = Selection(frozenset({RecordKind.TRUST_ADVANCED}), TRUST, newest_first=True)
    last = next(other.read(0, newest), None)
    if last is not None and last.body.get("ref") != ref:
        raise GitwarrantError(
            f"{source} is the log of an agent that trusts {last.body.get('ref')}, not {ref}",
            remedy="correct 'trusted_log', or leave it out and begin at a checkpoint",
        )


def _take_over(recorder: Recorder, other: Recorder, source: Path) -> None:
    memory = Memory(other)
    for chunk in _chunks(memory.seen()):
        body = {"log": str(source), "seen": plain(chunk), "complete": False}
        recorder.append(RecordKind.BOOTSTRAPPED, TRUST, body)
    stood = dict(memory.recalled(()).stood)
    for signed in memory.negatives():
        recorder.append(RecordKind.TAKEN_BACK, TRUST, taken_back_body(signed, stood.get(signed)))
    if roots := remembered_roots(other):
        recorder.append(RecordKind.ROOTS_CHANGED, TRUST, roots_body(roots))
    if trusted_revision(other):
        newest = Selection(frozenset({RecordKind.TRUST_ADVANCED}), TRUST, newest_first=True)
        last = next(other.read(0, newest))
        spent = {"statements": sorted(memory.spent(TRUST))}
        recorder.append(RecordKind.TRUST_ADVANCED, TRUST, {**last.body, **spent})
    recorder.append(RecordKind.BOOTSTRAPPED, TRUST, {"log": str(source), "seen": {}, "complete": True})


def _chunks(seen: Mapping[str, datetime]) -> Iterator[dict[str, datetime]]:
    items = iter(sorted(seen.items()))
    while chunk := dict(islice(items, CHUNK)):
        yield chunk
