"""What power a change adds or takes away, and to or from whom."""

from collections.abc import Iterator
from dataclasses import dataclass

from gitwarrant.objects.power.atoms import Power, uncovered
from gitwarrant.objects.power.reach import Path, paths, telling
from gitwarrant.objects.power.subjects import Holdings, Run, Subject, Unknown


@dataclass(frozen=True, slots=True)
class Share:
    """What one subject has more than before."""

    subject: Subject
    powers: tuple[Power, ...]
    """What it may do by itself."""
    unknown: tuple[Unknown, ...]
    """What cannot be said; it counts as power."""
    paths: tuple[Path, ...]
    """What it could get by it."""
    runs: tuple[Run, ...]
    """Workloads that use its power, and did not before."""


@dataclass(frozen=True, slots=True)
class PowerChange:
    """What a change adds to the power of each subject, and what it takes away; both may be empty."""

    added: tuple[Share, ...]
    removed: tuple[Share, ...]


def compare(before: Holdings, after: Holdings) -> PowerChange:
    """What `after` gives that `before` did not, and the other way round."""
    return PowerChange(tuple(_more(before, after)), tuple(_more(after, before)))


def _more(less: Holdings, more: Holdings) -> Iterator[Share]:
    if less == more:
        return
    subjects = {*more.direct, *(item.subject for item in more.unknown), *(run.account for run in more.runs)}
    for subject in sorted(subjects):
        share = Share(
            subject,
            uncovered(more.direct.get(subject, ()), less.direct.get(subject, ())),
            tuple(sorted(item for item in more.unknown - less.unknown if item.subject == subject)),
            _new_paths(subject, less, more),
            _new_runs(subject, less, more),
        )
        if share.powers or share.unknown or share.paths or share.runs:
            yield share


def _new_paths(subject: Subject, less: Holdings, more: Holdings) -> tuple[Path, ...]:
    known = {path.identity for path in paths(subject, less)}
    had = telling(tuple(paths(subject, less)))
    everywhere = {path.target.namespace for path in had if path.target.kind == "anything"}
    return tuple(
        path
        for path in telling(tuple(paths(subject, more)))
        if path.identity not in known and not {"", path.target.namespace} & everywhere
    )


def _new_runs(subject: Subject, less: Holdings, more: Holdings) -> tuple[Run, ...]:
    if not more.empowers(subject):
        return ()
    return tuple(sorted(run for run in more.runs - less.runs if run.account == subject))
