"""Reviews on forges: which of them speak for a landing, and whose they are.

A review is testimony: whoever owns the forge can invent it, and who stole an
account there can give it. So it counts only by a rule that names the forge,
and only when every sentence below holds.

1. Its request was merged into this ref, and ended in a landing of this change.
2. It is the last thing that this reviewer said about the request, and it
   approves. What was withdrawn, dismissed, or followed by a push or another
   target branch does not count.
3. When the landing was first seen, it was no older than a statement may get.
4. The reviewer's login is a person's here, and not of who opened the request
   or wrote a commit of it. Commits that a squash left behind count for this:
   nobody approves his own work because the forge forgot whose it was.
5. What was reviewed is what landed (`covered`), by differences that were read
   from Git objects, not from the forge.

Not checked here: whether the rule of a path trusts the forge, and that no
author of the landing counts (landings); how differences are read (git).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.commit import parse_commit
from gitwarrant.model.change import Change, Landing, diff_digest
from gitwarrant.model.identity import Identity, IdentityKind
from gitwarrant.model.review import PullRequest, Review, ReviewState, Testimony
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.identities import Registry, writes_as
from gitwarrant.trust.statements import MAX_LIFETIME


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review that speaks for landings: `landings` are their places in the change's chain, from 0."""

    review: Review
    identity: Identity
    landings: range


@dataclass(frozen=True, slots=True)
class Unheard:
    """A review that does not count, and why."""

    testimony: Testimony
    reason: str

    def __str__(self) -> str:
        return f"{self.testimony.review} does not count: {self.reason}"


Heard = Reviewed | Unheard


class _Reason(Exception):
    """Why a review does not count."""


def judge_all(
    change: Change, witnessed: Witnessed, registry: Registry, *, now: datetime
) -> tuple[Heard, ...]:
    """Judge all reviews that came with a change; of one reviewer and request only the last word is heard."""
    latest: dict[tuple[str, str, int, str], Testimony] = {}
    for testimony in sorted(witnessed.reviews, key=lambda item: item.review.submitted):
        review = testimony.review
        latest[review.forge, review.repository, review.request, review.reviewer.casefold()] = testimony
    return tuple(
        judge(
            testimony,
            change,
            registry,
            landed=witnessed.time_of([testimony.request.landed], now=now),
        )
        for testimony in latest.values()
    )


def judge(testimony: Testimony, change: Change, registry: Registry, *, landed: datetime) -> Heard:
    """Judge one review against a change. Never raises: what does not count says why.

    Args:
        landed: when the landing was first seen.
    """
    try:
        _of_this(testimony, change)  # 1
        _approves(testimony.review)  # 2
        _in_time(testimony.review, landed)  # 3
        identity = _reviewer(testimony, registry)  # 4
        landings = covered(change, testimony)  # 5
        if not landings:
            raise _Reason("what landed is not what was reviewed")
    except _Reason as reason:
        return Unheard(testimony, str(reason))
    return Reviewed(testimony.review, identity, landings)


def covering(heard: Iterable[Heard], place: int) -> tuple[Reviewed, ...]:
    """The reviews that speak for the landing at this place."""
    return tuple(item for item in heard if isinstance(item, Reviewed) and place in item.landings)


def unheard(heard: Iterable[Heard], landing: Landing) -> tuple[Unheard, ...]:
    """The reviews of a landing's own request that do not count."""
    return tuple(
        item
        for item in heard
        if isinstance(item, Unheard) and item.testimony.request.landed == landing.commit
    )


def covered(change: Change, testimony: Testimony) -> range:
    """The landings that a review covers; empty when it covers none.

    They end where the request landed. Either that landing merges exactly the
    reviewed commit and adds nothing to the clean merge; or it makes exactly
    the difference that was reviewed, as a squash does; or it and those before
    it make, one by one, what the commits of the request did, as a rebase or a
    fast-forward does. That trees are equal, or differences in the end, is not
    enough: what landed before would be taken back with nobody seeing it.
    """
    end = _landed(change, testimony)
    if end is None or testimony.problem or not testimony.changes:
        return range(0)
    last = change.landings[end]
    if _merges(last, testimony.review) or sorted(last.changes) == sorted(testimony.changes):
        return range(end, end + 1)
    start = end + 1 - len(testimony.steps)
    if not testimony.steps or start < 0:
        return range(0)
    made = tuple(diff_digest(landing.changes) for landing in change.landings[start : end + 1])
    return range(start, end + 1) if made == testimony.steps else range(0)


def _landed(change: Change, testimony: Testimony) -> int | None:
    places = (
        place for place, landing in enumerate(change.landings) if landing.commit == testimony.request.landed
    )
    return next(places, None)


def _merges(landing: Landing, review: Review) -> bool:
    """Whether a landing is the clean merge of the reviewed commit into the ref."""
    own = landing.commits[-1]
    parents = parse_commit(own.raw, own.id).parents
    return parents == (landing.parent, review.commit) and not own.changes


def _of_this(testimony: Testimony, change: Change) -> None:
    request, review = testimony.request, testimony.review
    if (review.forge, review.repository, review.request) != (
        request.forge,
        request.repository,
        request.number,
    ):
        raise _Reason("it is about another request")
    if request.target != change.ref:
        raise _Reason(f"its request was merged into {request.target!r}, not {change.ref!r}")
    if _landed(change, testimony) is None:
        raise _Reason("its request ended in no landing of this change")
    if testimony.problem:
        raise _Reason(testimony.problem)


def _approves(review: Review) -> None:
    if review.state is not ReviewState.APPROVED:
        raise _Reason(f"its last word is: {review.state.value}")
    if review.stale:
        raise _Reason("the request changed after it")


def _in_time(review: Review, landed: datetime) -> None:
    if review.submitted <= landed - MAX_LIFETIME:
        raise _Reason(f"it is more than {MAX_LIFETIME.days} days older than the landing")


def _reviewer(testimony: Testimony, registry: Registry) -> Identity:
    review = testimony.review
    identity = _owner(testimony.request, review.reviewer, registry)
    if identity is None:
        raise _Reason(f"nobody here has the login {review.reviewer!r} on {review.forge}")
    if identity.kind is not IdentityKind.PERSON:
        raise _Reason("a bot cannot approve")
    if _owner(testimony.request, testimony.request.author, registry) == identity:
        raise _Reason(f"{identity.name!r} opened the request")
    if any(writes_as(identity, email) for email in testimony.emails):
        raise _Reason(f"{identity.name!r} wrote a commit of the request")
    return identity


def _owner(request: PullRequest, login: str, registry: Registry) -> Identity | None:
    """Whose login it is, as identities say it; a name here is not enough, for anybody may register it there.

    Letter case does not matter: no forge tells two accounts apart by it.
    """
    for identity in registry.members(()):
        if any(kind is request.kind and own.casefold() == login.casefold() for kind, own in identity.logins):
            return identity
    return None
