"""Gitea (and Forgejo, which kept its API) as a witness.

Reviews are about the commit that was the head when they were given. Gitea marks
one stale when a later push changed the difference; that another target branch
changes it too, it does not say there but in the request's timeline, so that is
read as well: what was approved against one branch was not approved against another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from gitwarrant.config.agent import ForgeAccess
from gitwarrant.forge.answers import REMEDY, Answer, answers
from gitwarrant.forge.exchange import Address, Exchange
from gitwarrant.forge.forge import ForgeError
from gitwarrant.model.change import CommitId
from gitwarrant.model.owners import Forge
from gitwarrant.model.review import PullRequest, Review, ReviewState

PAGE = 50  # the most that Gitea gives in one answer, if not told otherwise
MAX_PAGES = 40  # 2,000 reviews or events of one request
MAX_COMMITS = 500  # asked about at once; each is one question

STATES = {"APPROVED": ReviewState.APPROVED, "REQUEST_CHANGES": ReviewState.CHANGES_REQUESTED}
NOT_YET = frozenset({"COMMENT", "PENDING", "REQUEST_REVIEW"})


class Gitea:
    """One repository of a Gitea."""

    def __init__(self, access: ForgeAccess, token: str) -> None:
        self._access = access
        self._server = Exchange(Address(access.url), f"token {token}" if token else "", access.ca_file)
        owner, slash, name = access.repository.partition("/")
        if not slash or "/" in name:
            raise ForgeError(
                f"{access.repository!r} is not a repository of a Gitea",
                remedy="write forge.repository as OWNER/NAME",
            )
        self._repository = ("api", "v1", "repos", owner, name)

    @property
    def name(self) -> str:
        """As the agent's configuration calls it."""
        return self._access.name

    def landed(self, commits: Sequence[CommitId]) -> tuple[PullRequest, ...]:
        """See `Forge.landed`. A request merged by hand is found once it is marked as merged there."""
        if len(commits) > MAX_COMMITS:
            raise ForgeError(
                f"{len(commits)} commits would be asked about at once; the limit is {MAX_COMMITS}",
                remedy="deploy what landed in parts, or approve it by statements: gitwarrant approve",
            )
        if self._server.get(*self._repository) is None:
            raise ForgeError(
                f"{self.name} shows us no repository {self._access.repository!r}",
                remedy="correct forge.repository, or give a token that may read it",
            )
        found: dict[int, PullRequest] = {}
        for commit in commits:
            said = self._server.get(*self._repository, "commits", commit, "pull")
            if said is not None:
                request = read_request(Answer.of("pull request", said), self.name, self._access.repository)
                if request.landed != commit:
                    raise ForgeError(
                        f"asked about {commit[:12]}, the forge answers about another commit", remedy=REMEDY
                    )
                found[request.number] = request
        return tuple(found[number] for number in sorted(found))

    def reviews(self, request: PullRequest) -> tuple[Review, ...]:
        """See `Forge.reviews`."""
        retargeted = self._retargeted(request)
        found = (read_review(said, request) for said in self._reviews(request))
        return tuple(
            replace(review, stale=True) if retargeted and review.submitted <= retargeted else review
            for review in found
            if review is not None
        )

    def _retargeted(self, request: PullRequest) -> datetime | None:
        """When the request was last given another target branch.

        Gitea takes events that are not shown to us (code comments, drafts) out
        of a page after cutting it, so that a page may even be empty before the
        end. Somebody could hide a retarget behind such a page: the end is where
        the merge is told, after which nothing can be retargeted.
        """
        last: datetime | None = None
        for page in range(1, MAX_PAGES + 1):
            for event in self._page("event", ("issues", str(request.number), "timeline"), page):
                match event.text("type"):
                    case "change_target_branch":
                        last = event.moment("created_at")
                    case "merge_pull":
                        return last
        raise self._too_many(request, "events")

    def _reviews(self, request: PullRequest) -> Iterator[Answer]:
        steps = ("pulls", str(request.number), "reviews")
        for page in range(1, MAX_PAGES + 1):
            found = self._page("review", steps, page)
            if not found:
                return
            yield from found
        raise self._too_many(request, "reviews")

    def _page(self, what: str, steps: Sequence[str], page: int) -> Sequence[Answer]:
        said = self._server.get(*self._repository, *steps, page=str(page), limit=str(PAGE))
        return answers(what, [] if said is None else said, PAGE)

    def _too_many(self, request: PullRequest, what: str) -> ForgeError:
        return ForgeError(
            f"{self._access.repository} #{request.number} has more than {PAGE * MAX_PAGES} {what}",
            remedy="approve this change by statements: gitwarrant approve",
        )


def read_request(said: Answer, forge: str, repository: str) -> PullRequest:
    """Read a request that has landed.

    Raises:
        ForgeError: it has not, or is written in another way.
    """
    number = said.number("number")
    if not said.flag("merged"):
        raise said.wrong("merged", "false, where a landed request was asked for")
    return PullRequest(
        forge=forge,
        kind=Forge.GITEA,
        repository=repository,
        number=number,
        ref=f"refs/pull/{number}/head",
        target=f"refs/heads/{said.object('base').text('ref')}",
        landed=said.commit("merge_commit_sha"),
        head=said.object("head").commit("sha"),
        base=said.commit("merge_base"),
        author=said.login("user"),
    )


def read_review(said: Answer, request: PullRequest) -> Review | None:
    """Read a review; None: it came to nothing yet, or its account is gone.

    Raises:
        ForgeError: it is written in another way, or its state is not known.
    """
    state = said.text("state")
    if state in NOT_YET:
        return None
    if state not in STATES:
        raise said.wrong("state", f"{state[:40]!r}, which is not known")
    reviewer = said.login("user")
    if not reviewer:
        return None
    return Review(
        forge=request.forge,
        repository=request.repository,
        request=request.number,
        reviewer=reviewer,
        state=ReviewState.DISMISSED if said.flag("dismissed") else STATES[state],
        commit=said.commit("commit_id"),
        submitted=said.moment("submitted_at"),
        official=said.flag("official"),
        stale=said.flag("stale"),
    )
