"""Ask a forge about a change: which pull requests landed, and what was said about them.

What the forge names is fetched like any other ref, into quarantine, so that the
differences come from objects whose ids were computed here.
"""

from collections.abc import Callable, Mapping, Sequence

from gitwarrant.forge.forge import Forge
from gitwarrant.git.reading import Repository
from gitwarrant.git.reviewed import reviewed
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.model.review import Testimony

Bring = Callable[[Sequence[str]], tuple[Repository, Mapping[str, CommitId]]]
"""Fetches refs of the server; gives the repository as it is then, and the commit of each."""


def names_witness(policy: TrustPolicy, forge: str) -> bool:
    """Whether any rule would count a review on this forge; else it need not be asked."""
    return any(forge in rule.witnesses for rule in policy.rules)


def testimonies(forge: Forge, change: Change, bring: Bring) -> tuple[Testimony, ...]:
    """All reviews of the pull requests that a change consists of.

    Raises:
        Unreachable: the forge or the Git server does not answer.
        ForgeError, Refused, FetchError: what they answer cannot be judged.
    """
    requests = forge.landed([landing.commit for landing in change.landings]) if change.landings else ()
    given = {request: reviews for request in requests if (reviews := forge.reviews(request))}
    if not given:
        return ()
    repository, heads = bring([request.ref for request in given])
    return tuple(
        testimony
        for request, reviews in given.items()
        for testimony in reviewed(repository, request, heads[request.ref], reviews)
    )
