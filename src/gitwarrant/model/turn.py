"""When an object's turn comes: before, within or after the rest of its environment."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class Phase(IntEnum):
    """The parts of one apply, in their order."""

    FOUNDATION = 0
    """Namespaces and definitions of kinds: what others need to exist at all."""
    BEFORE = 1
    SYNC = 2
    AFTER = 3

    @property
    def word(self) -> str:
        """The spelling in records and plans."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """A phase, and a wave within it. What is written in one turn has to be healthy before the next begins."""

    phase: Phase = Phase.SYNC
    wave: int = 0

    def __str__(self) -> str:
        return f"{self.phase.word} wave {self.wave}"


USUAL = Turn()
"""Of an object that says nothing about order."""


class Removal(Enum):
    """When a hook's object is removed."""

    BEFORE_NEXT_RUN = "before the next run"
    SUCCEEDED = "when it succeeded"
    FAILED = "when it failed"


@dataclass(frozen=True, slots=True)
class Hook:
    """An object that is made to run once in a change, not to stand."""

    phase: Phase
    on_install: bool
    """It runs where nothing was applied to the end before."""
    on_upgrade: bool
    removal: frozenset[Removal]

    def runs(self, *, first: bool) -> bool:
        """Whether it runs in this change; `first`: nothing was applied to the end before."""
        return self.on_install if first else self.on_upgrade
