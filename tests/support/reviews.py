"""Reviews of a simulated chain, and rules that count them; everybody's login is their name.

chain = witnessed_chain()
chain.land({"web.yaml": "replicas: 2"}, by="alice")
review(chain, "bob")
"""

from dataclasses import replace
from datetime import datetime, timedelta

from gitwarrant.model.change import CommitId, diff_digest
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.model.owners import Forge
from gitwarrant.model.review import PullRequest, Review, ReviewState, Testimony
from tests.support.chain import MAIN, NOW, POLICY, REPOSITORY, Chain

FORGE = "gitea"
REVIEWED = CommitId("5" * 40)


def trusting(policy: TrustPolicy = POLICY, *forges: str) -> TrustPolicy:
    """A policy with a login for everybody, whose rules count the reviews of these forges (gitea)."""
    return replace(
        policy,
        identities=tuple(
            replace(who, logins=frozenset({(Forge.GITEA, who.name)})) for who in policy.identities
        ),
        rules=tuple(replace(rule, witnesses=frozenset(forges or [FORGE])) for rule in policy.rules),
    )


def witnessed_chain(*forges: str) -> Chain:
    return Chain(policy=trusting(POLICY, *forges))


def review(
    chain: Chain,
    by: str,
    *,
    first: int = -1,
    commit: CommitId = REVIEWED,
    state: ReviewState = ReviewState.APPROVED,
    stale: bool = False,
    at: datetime = NOW - timedelta(hours=1),
    emails: frozenset[str] = frozenset(),
    **said: object,
) -> Testimony:
    """Add a review of the request that ended in the last landing and made those from `first` on.

    `said` replaces fields of the testimony (`problem`, `changes`, `steps`) or of the request (`author`,
    `target`).
    """
    made = Review(FORGE, REPOSITORY, 7, by, state, commit, at, official=True, stale=stale)
    about = PullRequest(
        FORGE,
        Forge.GITEA,
        REPOSITORY,
        7,
        "refs/pull/7/head",
        MAIN,
        chain.head,
        commit,
        chain.base,
        author="alice",
    )
    changes = chain.about(first % len(chain.landings), len(chain.landings) - 1).changes
    steps = (
        () if "changes" in said else tuple(diff_digest(landing.changes) for landing in chain.landings[first:])
    )
    of_request = {name: value for name, value in said.items() if name in PullRequest.__slots__}
    rest = {name: value for name, value in said.items() if name not in of_request}
    testimony = Testimony(made, replace(about, **of_request), changes, steps, emails)  # type: ignore[arg-type]  # by name
    testimony = replace(testimony, **rest)  # type: ignore[arg-type]  # fields of Testimony, by name
    chain.reviews.append(testimony)
    return testimony
