"""A log whose process dies at an exact record: SIGKILL, played inside one process."""

from collections.abc import Sequence

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import Entry
from gitwarrant.model.record import Record
from tests.support.cluster_workshop import now


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours runs after it."""


class DyingLog(MemoryLog):
    """A log whose process dies at its n-th record, before the group that this is in is written."""

    def __init__(self, after: int) -> None:
        super().__init__(now)
        self.left = after

    def append_many(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        if 0 <= self.left < len(entries):
            raise Killed
        self.left -= len(entries)
        return super().append_many(entries)
