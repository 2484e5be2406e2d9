"""When an object may be put back again. Two controllers that fight over a field would never end it.

All that is known of earlier tries stands in the log, so a restart forgets
nothing. A new warrant that is applied begins anew: it may have ended the fight.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.audit.recorder import Recorder, Selection
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind

WINDOW = timedelta(hours=1)
FIGHT = 5
"""So often within the window is one field put back; then it is left until the first try is that old."""
WAITS = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 15, 45, 135))
"""How long to wait after the last try at a field, by the tries so far."""
BURST, BURST_WAIT = 30, timedelta(seconds=30)
"""After so many tries at one object, whatever the fields, they come no faster than this."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try to put an object back: when, and which fields."""

    at: datetime
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Held:
    """Why an object is not put back now. `fought` are the fields of a fight; none: it only waits a little."""

    why: str
    fought: tuple[str, ...] = ()


def restraint(
    recorder: Recorder, environment: str, key: ObjectKey, fields: Collection[str], now: datetime
) -> Held | None:
    """Whether these fields of an object must be left as they are for now, by what the log tells."""
    return held(_tries(recorder, environment, key, now - WINDOW), fields, now)


def held(tries: Sequence[Try], fields: Collection[str], now: datetime) -> Held | None:
    """The same, by the tries within the window.

    One field that may be put back is enough to act on the object: else a fight
    over one field would shield what somebody does to the others.
    """
    times = {field: [each.at for each in tries if field in each.fields] for field in fields}
    fought = tuple(sorted(field for field, at in times.items() if len(at) >= FIGHT))
    if len(fought) == len(times):
        return Held(f"put back {FIGHT} times within an hour, and written again each time", fought)
    open_fields = [at for field, at in times.items() if field not in fought]
    if all(at and now < max(at) + WAITS[len(at)] for at in open_fields):
        return Held("put back a moment ago already; the next try waits")
    if len(tries) >= BURST and now < max(each.at for each in tries) + BURST_WAIT:
        return Held(f"put back {BURST} times within an hour; the next try waits")
    return None


def _tries(recorder: Recorder, environment: str, key: ObjectKey, since: datetime) -> list[Try]:
    applied = Selection(frozenset({RecordKind.APPLY_INTENT}), environment, newest_first=True)
    newest = next(recorder.read(0, applied), None)
    chosen = Selection(frozenset({RecordKind.REVERT_INTENT}), environment, key, newest_first=True)
    found = []
    for record in recorder.read(newest.number if newest else 0, chosen):
        if record.time < since:
            break
        if "fields" in record.body:  # the first write of a try names them
            found.append(Try(record.time, frozenset(record.body["fields"])))
    return found
