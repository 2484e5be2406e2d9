"""What a clone's protected refs wait for: branches that would land, and landings that nobody accepted yet.

Only advises: a clone has no log, so times are judged now, and a commit's own
date decides no more than whether it is listed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import Change, CommitId, diff_digest
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.local import LocalView, explained, proposed, tracked
from gitwarrant.trust.explain import Account, Explanation, Wanted

MAX_LANDINGS = 200  # a branch that would land more was not made for this ref


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A change that somebody has to do something about."""

    name: str
    """The branch as the clone calls it, or the protected ref for what landed already."""
    ref: str
    base: CommitId
    head: CommitId
    made: datetime
    """When its last commit says it was made; for people, decides nothing."""
    title: str
    authors: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    """What is missing, over all of its landings."""
    refusal: Refused | None

    def awaits(self, name: str) -> bool:
        """Whether this person can give something that is missing."""
        return any(name in wanted.able for wanted in self.wanted)


def awaiting(view: LocalView, *, since: timedelta, now: datetime) -> tuple[Awaiting, ...]:
    """Everything that waits, newest first.

    Args:
        since: how old the last commit of what is listed may be.
    """
    environments: dict[str, list[Environment | None]] = {view.agent.root.trust_ref: [None]}
    for environment in view.trusted.config.environments:
        environments.setdefault(environment.ref, [None]).append(environment)
    found: list[Awaiting] = []
    landed: set[CommitId] = set()
    squashed: set[Digest] = set()
    for ref, places in environments.items():
        change = _landed(view, ref, now - since)
        if change is not None and change.landings:
            landed.add(change.head)
            squashed.update(diff_digest(landing.changes) for landing in change.landings)
            found += _waiting(view, ref, change, places, now=now)
    for name, head in sorted(view.clone.remote_branches().items()):
        nearest = _nearest(view, head, environments)
        if nearest is None or diff_digest(nearest.changes) in squashed:
            continue  # nothing to add, or a forge landed it under another commit
        if head not in landed and _made(view, head) >= now - since:
            found += _waiting(view, name, nearest, environments[nearest.ref], now=now)
    return tuple(sorted(found, key=lambda item: item.made, reverse=True))


def _landed(view: LocalView, ref: str, since: datetime) -> Change | None:
    """The newest landings of a protected ref, back to a moment or to the first trusted revision."""
    tip = base = tracked(view.clone, ref)
    objects = view.repository.objects
    for _ in range(MAX_LANDINGS):
        parents = objects.commit(base)[1].parents
        if base == view.agent.root.trusted_at or not parents or _made(view, base) < since:
            break
        base = parents[0]
    return view.repository.change(view.agent.root.repository, ref, base, tip) if base != tip else None


def _nearest(view: LocalView, head: CommitId, refs: Iterable[str]) -> Change | None:
    """What a branch would add to the protected ref it is nearest to; None: it adds nothing anywhere."""
    changes = []
    for ref in refs:
        try:
            change = proposed(view, ref, head)
        except Refused:
            continue  # of another line: it cannot land there
        if 0 < len(change.landings) <= MAX_LANDINGS:
            changes.append(change)
    return min(changes, key=lambda change: len(change.landings), default=None)


def _waiting(
    view: LocalView, name: str, change: Change, places: Iterable[Environment | None], *, now: datetime
) -> Iterator[Awaiting]:
    """The change, if something is missing of it: by the rules, or for one of its environments."""
    explanations = [explained(view, change, environment, now=now) for environment in places]
    refused = [item for item in explanations if item.refusal]
    if not refused:
        return
    accounts = refused[0].accounts
    yield Awaiting(
        name=name,
        ref=change.ref,
        base=change.base,
        head=change.head,
        made=_made(view, change.head),
        title=accounts[-1].title if accounts else "",
        authors=_authors(accounts),
        wanted=_missing(refused),
        refusal=refused[0].refusal,
    )


def _missing(explanations: Iterable[Explanation]) -> tuple[Wanted, ...]:
    """What is missing, each once."""
    wanted = (
        item for explanation in explanations for account in explanation.accounts for item in account.missing
    )
    return tuple({(item.tally.asker, item.tally.place): item for item in wanted}.values())


def _authors(accounts: Iterable[Account]) -> tuple[str, ...]:
    return tuple(sorted({name for account in accounts for name in account.authors}))


def _made(view: LocalView, commit: CommitId) -> datetime:
    return view.repository.objects.commit(commit)[1].committer.time
