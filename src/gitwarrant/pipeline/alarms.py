"""Raise alarms: each once, recorded first, and repeated until somebody acknowledged it."""

from collections.abc import Sequence

from gitwarrant.audit.recorder import Recorder
from gitwarrant.audit.sinks import Program, Sink, Webhook
from gitwarrant.config.agent import AlarmTarget
from gitwarrant.model.alarm import Alarm
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.memory import Memory


class Alarms:
    """The alarms of one log, and the sinks that take them."""

    def __init__(self, recorder: Recorder, memory: Memory, targets: Sequence[AlarmTarget]) -> None:
        self._recorder, self._memory = recorder, memory
        self._sinks = tuple(map(_sink, targets))

    def raise_(self, alarm: Alarm) -> str:
        """Raise an alarm, unless somebody acknowledged it before.

        Returns:
            Why nobody acknowledged it; empty: somebody did.
        """
        known = self._memory.alarmed(alarm.about)
        if known:
            return ""
        if known is None:
            body = {"about": alarm.about, "alarm": alarm.kind, "what": alarm.what}
            self._recorder.append(RecordKind.ALARM, alarm.environment, body)
        reasons = []
        for sink in self._sinks:
            try:
                receipt = sink.send(alarm)
            except GitwarrantError as error:
                reasons.append(error.what)
                continue
            taken = {"about": alarm.about, "sink": sink.name, "receipt": receipt}
            self._recorder.append(RecordKind.ALARM_ACKNOWLEDGED, alarm.environment, taken)
            return ""
        return "; ".join(reasons) or "the agent's configuration has no 'alarms'"


def _sink(target: AlarmTarget) -> Sink:
    if target.webhook:
        return Webhook(target.webhook, target.token_file)
    return Program(target.program)
