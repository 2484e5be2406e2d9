"""Say aloud that somebody writes again what is put back: only a person can end that."""

from collections.abc import Iterable

from gitwarrant.model.alarm import Alarm
from gitwarrant.model.canonical import digest
from gitwarrant.model.live import Drift
from gitwarrant.pipeline.delivery import Delivery


def alarm_fights(work: Delivery, environment: str, sequence: int, drifts: Iterable[Drift]) -> None:
    """Raise an alarm for each object that is fought over, once for each warrant.

    Args:
        sequence: the last warrant's.
    """
    for drift in drifts:
        if drift.fought:
            who = ", ".join(drift.managers) or "somebody whom managedFields do not name"
            what = (
                f"{drift.key}: {who} writes {', '.join(drift.fought)} again as often as it is put back; "
                "for now it stays so. Stop that controller, add an ignore rule, or leave the field out"
            )
            about = digest(("fight", environment, sequence, str(drift.key), list(drift.fought)))
            work.alarms.raise_(Alarm(about, "fight", environment, what, work.now()))
