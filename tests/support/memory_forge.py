"""A forge in memory beside a simulated repository: its database, and what its buttons do to it.

It keeps what `forge.forge.Forge` promises, and owns its own truth: who owns a
forge can write anything into its rows.

    forge = MemoryForge(simulator, "example/shop", lambda: now)
    number = forge.open(head, base, author="alice")
    forge.review(number, "bob")
    forge.merged(number, landed)
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from gitwarrant.model.change import CommitId
from gitwarrant.model.owners import Forge
from gitwarrant.model.review import PullRequest, Review, ReviewState
from tests.support.repositories import Simulator

NAME = "gitea"
NOT_LANDED = CommitId("")


class MemoryForge:
    """Requests by number, each with its reviews, oldest first."""

    name = NAME

    def __init__(self, git: Simulator, repository: str, clock: Callable[[], datetime]) -> None:
        self._git, self._repository, self._clock = git, repository, clock
        self._requests: dict[int, PullRequest] = {}
        self._reviews: dict[int, list[Review]] = {}

    def open(self, head: CommitId, base: CommitId, *, author: str, target: str = "refs/heads/main") -> int:
        """Open a request of a branch's tip; its number."""
        number = len(self._requests) + 1
        ref = f"refs/pull/{number}/head"
        self._git.point(ref, head)
        self._requests[number] = PullRequest(
            NAME, Forge.GITEA, self._repository, number, ref, target, NOT_LANDED, head, base, author
        )
        self._reviews[number] = []
        return number

    def push(self, number: int, head: CommitId, *, noticed: bool = True) -> None:
        """Move a request's branch; what was reviewed before is stale, if the forge says so."""
        self._git.point(self._requests[number].ref, head)
        self._requests[number] = replace(self._requests[number], head=head)
        if noticed:
            self._outdate(number)

    def retarget(self, number: int, target: str, base: CommitId) -> None:
        """Aim a request at another branch: its reviewers saw another difference."""
        self._requests[number] = replace(self._requests[number], target=target, base=base)
        self._outdate(number)

    def review(self, number: int, by: str, state: ReviewState = ReviewState.APPROVED) -> None:
        """Somebody's account reviews what a request holds now."""
        head, at = self._requests[number].head, self._clock()
        made = Review(NAME, self._repository, number, by, state, head, at, official=True, stale=False)
        self._reviews[number].append(made)

    def merged(self, number: int, landed: CommitId) -> None:
        """A request ended in this commit of its target."""
        self._requests[number] = replace(self._requests[number], landed=landed)

    def landed(self, commits: Sequence[CommitId]) -> tuple[PullRequest, ...]:
        """See `Forge.landed`."""
        return tuple(request for request in self._requests.values() if request.landed in commits)

    def reviews(self, request: PullRequest) -> tuple[Review, ...]:
        """See `Forge.reviews`."""
        return tuple(self._reviews[request.number])

    def _outdate(self, number: int) -> None:
        self._reviews[number] = [replace(review, stale=True) for review in self._reviews[number]]
