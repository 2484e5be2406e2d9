"""Everything that `gitwarrant try` says, as one value."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.git.past import Past
from gitwarrant.model.change import TreeId
from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.trial.history import History, Progress, history
from gitwarrant.pipeline.trial.manifests import Manifests, manifests
from gitwarrant.pipeline.trial.owners import Owners, owners
from gitwarrant.pipeline.trial.start import Start, guess

LINE, MANIFESTS = 0.15, 0.8
"""Shares of the time by which the line is walked and manifests are read; these are judged in the rest."""
CONFIGURATION = b".gitwarrant"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a repository shows of itself, and what gitwarrant would have said."""

    repository: str
    branch: str
    history: History
    owners: Owners | None
    manifests: Manifests
    begun: bool
    """Whether `.gitwarrant/` is there already."""
    bends: tuple[str, ...]
    """What makes git show another history than the commits tell."""
    start: Start | None


def trial(
    past: Past,
    ref: str,
    *,
    repository: str,
    address: str | None,
    since: timedelta,
    seconds: float,
    now: datetime,
    clock: Callable[[], float],
    progress: Progress,
) -> Trial:
    """Look at a branch: its landings since then, and the manifests at its tip.

    Args:
        ref: its full name in this repository.
        repository: what to call it, for people.
        address: where a person would clone it from; None: he has a clone.
        since: how far to look back.
        seconds: how long to look; what is not looked at then is counted.
        clock: seconds of a clock that only goes forward.

    Raises:
        NothingToSee: the tip cannot be read.
    """
    begun_at = clock()

    def out_of(share: float) -> Callable[[], bool]:
        return lambda: clock() - begun_at > seconds * share

    progress("reading the history")
    line = past.line(past.tip(ref), since, now, out_of(LINE))
    seen = history(past, line, now, out_of, progress)
    progress("reading manifests")
    found, sources = manifests(past.objects, line.tip.tree, out_of(MANIFESTS))
    return Trial(
        repository=repository,
        branch=short_name(ref),
        history=seen,
        owners=owners(past.objects, line.tip.tree),
        manifests=found,
        begun=_has_rules(past, line.tip.tree),
        bends=past.bends(),
        start=guess(sources, [one.folder for one in found.unrendered], address),
    )


def short_name(ref: str) -> str:
    """What people call a branch: `main`, `origin/main` as a clone last fetched it."""
    return re.sub(r"^refs/(?:incoming/heads|remotes|heads)/", "", ref)


def _has_rules(past: Past, top: TreeId) -> bool:
    try:
        return any(entry.name == CONFIGURATION for entry in past.objects.tree(top))
    except Refused:
        return False
