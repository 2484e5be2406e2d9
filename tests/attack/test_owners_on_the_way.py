"""Attacks on CODEOWNERS by a file that is changed on the way and put back: the difference never shows it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import DAY, NOW, POLICY, Chain, environment, rule

from gitwarrant.model.canonical import sha256
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.model.owners import Forge, OwnersSource

FILE = "CODEOWNERS"
OWNERS = "/db/ @carol\n"
NOBODY = "/nothing/ @carol\n"


def policy() -> TrustPolicy:
    """Whoever is known may write; each path takes one approval, and those of its owners."""
    every = rule("*", 3, writers=[], approvals=1, approvers=[])
    source = OwnersSource(FILE, Forge.GITHUB, Place(".gitwarrant/rules.yaml", 5, 3))
    return replace(POLICY, rules=(replace(every, owners=source),))


def on_the_way(**how: object) -> Chain:
    """The owner is struck out, his file changed, the owner put back."""
    chain = Chain(ref="refs/heads/env", files={FILE: OWNERS, "db/users": "safe"}, policy=policy())
    chain.land({FILE: NOBODY}, **how)  # type: ignore[arg-type]  # options of land, by name
    chain.land({"db/users": "evil"}, **how)  # type: ignore[arg-type]
    chain.land({FILE: OWNERS}, **how)  # type: ignore[arg-type]
    return chain


def test_an_owner_struck_out_and_put_back_within_one_approval() -> None:
    """Held: mallory's account and key, and alice's honest approval of the one difference that comes of it.

    Stopped by verify: a landing that changes CODEOWNERS asks for a statement about itself.
    """
    attacked = on_the_way(by="mallory")
    attacked.approve("alice", first=0, last=2)

    with pytest.raises(Refused) as caught:
        attacked.verify()

    assert caught.value.what == (
        f"landing {attacked.landings[0].commit[:12]}: 'CODEOWNERS' needs 1 approval of anybody known; "
        "approved so far by nobody; alice's approve statement does not count here: "
        "it is about several landings, and this one changes 'CODEOWNERS' (1 more landing is refused too)"
    )


def test_an_owner_struck_out_and_put_back_by_a_stolen_account_alone() -> None:
    """Held: a Git account; bob proposed and alice approved the difference, waiting for its owner carol.

    Stopped by verify.
    """
    attacked = on_the_way(by="mallory", signed=False)
    attacked.propose("bob", first=0, last=2)
    attacked.approve("alice", first=0, last=2)

    with pytest.raises(Refused, match="it is about several landings"):
        attacked.verify()


def test_a_change_of_codeowners_passes_with_approvals_of_its_own() -> None:
    """And what lands behind it obeys it."""
    chain = Chain(ref="refs/heads/env", files={FILE: OWNERS, "db/users": "safe"}, policy=policy())
    chain.land({FILE: NOBODY}, by="mallory")
    chain.land({"db/users": "next"}, by="mallory")
    chain.approve("alice", first=0, last=0)
    chain.approve("alice", first=1, last=1)

    assert [len(proof.approvals) for proof in chain.verify().landings] == [1, 1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["renewed after", "renewed before"])
def test_of_several_approvals_of_one_person_the_one_that_lives_longest_counts(order: tuple[int, int]) -> None:
    """Renewed for an environment whose first approval ran out while it was frozen."""
    chain = Chain()
    chain.land({"web.yaml": "replicas: 3"}, by="alice")
    chain.approve("bob", at=NOW - 40 * DAY, expires=NOW - 30 * DAY)
    chain.approve("bob", at=NOW - timedelta(hours=1))
    for name in (chain.landings[0].commit, sha256(chain.statements[0].body)):
        chain.seen[name] = NOW - 35 * DAY
    chain.statements[:] = [chain.statements[place] for place in order]

    assert len(chain.verify(environment("platform")).landings[0].approvals) == 1
