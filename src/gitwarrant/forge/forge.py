"""What every forge is asked, whichever product it is."""

from collections.abc import Sequence
from typing import Protocol

from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.review import PullRequest, Review


class ForgeError(GitwarrantError):
    """The forge answered, but not what we can use; trying again will not mend it."""


class Forge(Protocol):
    """A forge that is asked about one repository. Two questions; all else is computed from Git.

    An answer is testimony. An implementation reports what the forge says and
    refuses what it cannot read without doubt; it decides nothing. It asks over
    verified TLS, follows no redirect, tries once, and bounds every answer in
    size, time and pages.

    It fits the others so. GitHub: `landed` asks `commits/SHA/pulls` and reads
    `merge_commit_sha`, `reviews` asks `pulls/N/reviews`, whose state
    `DISMISSED` is ours; the base is `merge_base_commit` of `compare`, the head
    `refs/pull/N/head`. GitLab: `commits/SHA/merge_requests` with
    `merge_commit_sha` or `squash_commit_sha`, the base `diff_refs.base_sha`,
    the head `refs/merge-requests/N/head`; it approves a request, not a commit,
    so a review is about the last version made before the approval's event.
    A retargeted request changes what its reviewers saw on all three: reviews
    made before are stale.
    """

    @property
    def name(self) -> str:
        """How rules call it."""
        ...

    def landed(self, commits: Sequence[CommitId]) -> tuple[PullRequest, ...]:
        """The pull requests of this repository that ended in one of these commits of the protected ref.

        Returns:
            Each request once, by number: one merge commit, one squash, or the
            last commit of a rebase or fast-forward. None for a landing that no
            request made; one that was merged by hand counts when the forge
            marks it as merged.

        Raises:
            Unreachable: it does not answer, or not in time.
            ForgeError: it refuses us, or answers what cannot be judged.
        """
        ...

    def reviews(self, request: PullRequest) -> tuple[Review, ...]:
        """All reviews of a request that came to something, oldest first; comments and drafts are left out.

        Raises:
            Unreachable, ForgeError: as above.
        """
        ...
