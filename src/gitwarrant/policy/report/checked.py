"""One run of checks over files, as every report tells it."""

from dataclasses import dataclass

from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.manifest import Source


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that was not looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that should hold manifests but cannot be read: it refuses, and the others are judged."""

    place: Place
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks said, by which policy sets, and of which files nothing could be said.

    `sources` are the files whose manifests were judged.
    """

    report: CheckReport
    sets: tuple[PolicySet, ...]
    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def refused(self) -> bool:
        """Whether a deploy of these files would be refused by check, or by render before it."""
        return self.report.refused or bool(self.unreadable)
