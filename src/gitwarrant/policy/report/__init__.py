"""Reports: what a check said, told to a person or a program. One module per format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

from gitwarrant.model.errors import Place
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.manifest import Source

Paint: TypeAlias = Callable[[str, str], str]
"""Gives text the style of a name (good, bad, warn, dim, bold); the terminal decides what that looks like."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file with manifests that cannot be read: a refusal, as is everything that cannot be judged."""

    place: Place
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A check report with what reports show around it: the sources, and what was not judged at all."""

    report: CheckReport
    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the gate refuses."""
        return self.report.refused or bool(self.unreadable)


FORMATS: Mapping[str, str] = {
    "human": "gitwarrant.policy.report.human",
    "json": "gitwarrant.policy.report.json",
}
"""Format to the module whose `write(checked, paint) -> str` makes it; imported when it is asked for."""


def write(checked: Checked, form: str, paint: Paint) -> str:
    """Write a report in one of `FORMATS`; the text ends with a newline."""
    return str(import_module(FORMATS[form]).write(checked, paint))
