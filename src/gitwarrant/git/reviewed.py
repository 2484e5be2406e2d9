"""What a reviewer looked at, read from the objects of the pull request and not from the forge's word.

Not checked here: who the reviewer is, and whether that is what landed (trust).
"""

from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

from gitwarrant.git.difference import differences, path_changes
from gitwarrant.git.objects import Objects
from gitwarrant.git.reading import Repository
from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId, PathChange, diff_digest
from gitwarrant.model.errors import Refused
from gitwarrant.model.review import PullRequest, Review, Testimony

MAX_COMMITS = 5_000  # of one request
MAX_STEPS = 100  # commits of a request that is landed one by one; each costs a difference


def reviewed(
    repository: Repository, request: PullRequest, head: CommitId, reviews: Iterable[Review]
) -> tuple[Testimony, ...]:
    """Add to each review of a request what the commit it is about would change.

    Never raises for what the request holds, which anybody may push: a review
    of something that cannot be read says so, and then counts for nothing.

    Args:
        head: the request's tip, as it was fetched.
    """
    return tuple(_reviewed(repository.objects, request, head, review) for review in reviews)


def _reviewed(objects: Objects, request: PullRequest, head: CommitId, review: Review) -> Testimony:
    try:
        problem = _unrelated(objects, request, head, review.commit)
        if not problem:
            return _read(objects, request, review)
    except Refused as error:
        problem = f"what was reviewed cannot be read: {error.what}"
    return Testimony(review, request, (), (), frozenset(), problem)


def _read(objects: Objects, request: PullRequest, review: Review) -> Testimony:
    new = list(islice(objects.new_commits(review.commit, request.base), MAX_COMMITS + 1))
    if len(new) > MAX_COMMITS:
        raise Refused(
            f"the request has more than {MAX_COMMITS:,} commits", stage="fetch", remedy="land it in parts"
        )
    changes = _difference(objects, request.base, review.commit)
    emails = frozenset(objects.commit(commit)[1].author.email for commit in new)
    return Testimony(review, request, changes, _steps(objects, request.base, new), emails)


def _steps(objects: Objects, base: CommitId, new: Sequence[CommitId]) -> tuple[Digest, ...]:
    """What each commit of a line changes, oldest first; nothing where commits merge, or are many."""
    line = [base, *new]
    parents = [objects.commit(commit)[1].parents for commit in new]
    if len(new) > MAX_STEPS or parents != [(before,) for before in line[:-1]]:
        return ()
    return tuple(diff_digest(_difference(objects, before, after)) for before, after in pairwise(line))


def _unrelated(objects: Objects, request: PullRequest, head: CommitId, commit: CommitId) -> str:
    """Why a commit is not one of the request's, in words; empty when it is."""
    if not objects.has(commit) or not (commit == head or objects.descends(head, commit)):
        return f"the commit {commit[:12]} that was reviewed is not on the request's branch any more"
    if not objects.has(request.base) or not objects.descends(commit, request.base):
        return f"it does not come from {request.base[:12]}, where the forge says that it begins"
    if not _had_before(objects, request):
        return f"the forge shows it from {request.base[:12]}, which the protected ref did not have before it"
    return ""


def _had_before(objects: Objects, request: PullRequest) -> bool:
    """Whether the ref had the base before the landing: what stands behind it was not shown to reviewers."""
    if not objects.has(request.landed):
        return False
    before = objects.commit(request.landed)[1].parents[:1]
    return bool(before) and (before[0] == request.base or objects.descends(before[0], request.base))


def _difference(objects: Objects, before: CommitId, after: CommitId) -> tuple[PathChange, ...]:
    trees = (objects.commit(commit)[1].tree for commit in (before, after))
    return path_changes(differences(objects, *trees))
