"""Attacks by way of a forge's reviews. All are stopped by verify, in the words of the refusal."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import DAY, NOW, Chain, environment, public_key
from tests.support.reviews import review, witnessed_chain

from gitwarrant.model.change import CommitId, diff_digest
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Hardware, Key, TrustPolicy
from gitwarrant.model.review import ReviewState

EDIT = {"web.yaml": "replicas: 2"}


def refusal(chain: Chain) -> str:
    with pytest.raises(Refused) as caught:
        chain.verify()
    assert caught.value.stage == "verify"
    return caught.value.what


def edited(**how: object) -> Chain:
    chain = witnessed_chain()
    chain.land(EDIT, by="alice", **how)
    return chain


@pytest.mark.parametrize(
    ("by", "said", "reason"),
    [
        pytest.param("bob", {"stale": True}, "the request changed after it", id="pushed after the approval"),
        pytest.param(
            "bob", {"state": ReviewState.DISMISSED}, "its last word is: dismissed", id="dismissed approval"
        ),
        pytest.param(
            "bob",
            {"state": ReviewState.CHANGES_REQUESTED},
            "its last word is: changes requested",
            id="asked for changes",
        ),
        pytest.param("bob", {"at": NOW - 91 * DAY}, "it is more than 90 days older", id="old approval"),
        pytest.param("eve", {}, "nobody here has the login 'eve' on gitea", id="account of nobody"),
        pytest.param("robot", {}, "a bot cannot approve", id="account of a bot"),
        pytest.param("bob", {"author": "Bob"}, "'bob' opened the request", id="reviewer opened it"),
        pytest.param(
            "bob",
            {"emails": frozenset({"alice@example.com", "bob@EXAMPLE.com"})},
            "'bob' wrote a commit of the request",
            id="reviewer wrote what the squash hides",
        ),
        pytest.param(
            "bob",
            {"target": "refs/heads/staging"},
            "its request was merged into 'refs/heads/staging', not 'refs/heads/main'",
            id="approved for another branch",
        ),
        pytest.param("bob", {"changes": ()}, "what landed is not what was reviewed", id="empty request"),
        pytest.param("bob", {"problem": "it is gone"}, "it is gone", id="reviewed commit is gone"),
    ],
)
def test_review_that_does_not_count(by: str, said: dict[str, object], reason: str) -> None:
    """The refusal says which review and why."""
    chain = edited()
    review(chain, by, **said)  # type: ignore[arg-type]  # options of review, by name

    what = refusal(chain)

    assert f"{by}'s review of example/shop #7 on gitea does not count: {reason}" in what
    assert "approved so far by nobody" in what


def test_other_content_than_reviewed() -> None:
    """Bob approved one edit; the branch held another when it was squashed."""
    reviewed = edited()
    chain = witnessed_chain()
    chain.land({"web.yaml": "evil"}, by="alice")
    review(chain, "bob", changes=reviewed.landings[0].changes)

    assert "what landed is not what was reviewed" in refusal(chain)


def test_same_tree_by_taking_back_what_landed_between() -> None:
    """The landing has exactly the reviewed tree, because it also reverts a colleague's landing."""
    reviewed = edited()
    chain = witnessed_chain()
    chain.land({"notes/a": "a colleague's"}, by="alice")
    chain.land({**EDIT, "notes/a": "hello"}, by="alice")
    assert chain.landings[-1].tree == reviewed.landings[-1].tree
    done = diff_digest(reviewed.landings[0].changes)
    review(chain, "bob", changes=reviewed.landings[0].changes, steps=(done,))

    assert "what landed is not what was reviewed" in refusal(chain)


def test_withdrawn_by_asking_for_changes() -> None:
    """The approval is still on record; the reviewer said something else after it."""
    chain = edited()
    review(chain, "bob", at=NOW - timedelta(hours=2))
    review(chain, "bob", state=ReviewState.CHANGES_REQUESTED)

    assert "its last word is: changes requested" in refusal(chain)


def test_author_approves_on_the_forge() -> None:
    """Somebody else opened the request, and its commits are gone; the signature still says who wrote."""
    chain = edited()
    review(chain, "alice", author="bob")

    assert "approved so far by nobody" in refusal(chain)


def test_claimed_author_approves_on_the_forge() -> None:
    """Who says 'I wrote it' cannot also review it."""
    chain = edited(signed=False)
    chain.propose("bob")
    review(chain, "bob")

    assert "approved so far by nobody" in refusal(chain)


def test_forge_squashes_and_nobody_says_who_wrote() -> None:
    """Two reviews do not make an author: the forge could have invented all of it."""
    chain = edited(signed=False)
    review(chain, "bob")
    review(chain, "carol")

    what = refusal(chain)

    assert "is unsigned, so nothing proves who wrote 'web.yaml'" in what
    assert "approved so far by bob on gitea, carol on gitea" in what


def test_squash_passes_by_one_signature_for_the_author_and_one_review() -> None:
    """The twin of the attack above: alice says that she wrote it; or carol answers for it by a statement."""
    said = edited(signed=False)
    said.propose("alice")
    review(said, "bob")
    answered = edited(signed=False)
    answered.policy = _anybody_writes(answered.policy)
    answered.approve("carol")
    review(answered, "bob")

    assert [proof.authors for proof in said.verify().landings] == [frozenset({"alice"})]
    assert [approval.identity for approval in answered.verify().landings[0].approvals] == ["bob", "carol"]


def test_review_speaks_for_an_environments_team() -> None:
    """What an environment asks for itself is signed, always."""
    chain = edited()
    review(chain, "bob")
    assert chain.verify().landings[0].approvals[0].witness == "gitea"

    with pytest.raises(Refused, match="environment 'production' needs 1 approval of platform"):
        chain.verify(environment("platform"))


def test_review_consents_for_the_root() -> None:
    """Alice's root key signed the landing; carol, the other holder, only pressed a button on the forge."""
    chain = witnessed_chain()
    chain.land({".gitwarrant/rules.yaml": "[]"}, by="alice")
    review(chain, "carol")
    review(chain, "bob")
    chain.approve("bob")

    assert "2 root holders must consent, so far alice did" in refusal(chain)


@pytest.mark.parametrize(
    "beside", [pytest.param("#first", id="before"), pytest.param("web.yaml", id="after")]
)
def test_review_approves_a_rule_beside_another_path(beside: str) -> None:
    """One rule decides both paths; what it counts for one of them must not count for the other."""
    chain = witnessed_chain()
    chain.land({".gitwarrant/rules.yaml": "[]", beside: "x"}, by="alice")
    review(chain, "bob")

    assert (
        "'.gitwarrant/rules.yaml' needs 1 approval of platform or security; approved so far by nobody"
        in refusal(chain)
    )


def test_review_where_a_security_key_must_be_touched() -> None:
    """The forge cannot tell that somebody touched anything; a statement can."""
    chain = witnessed_chain()
    alice = next(who for who in chain.policy.identities if who.name == "alice")
    device = replace(alice, keys=(*alice.keys, Key(public_key("alice+"))))
    others = (who for who in chain.policy.identities if who is not alice)
    first, *rest = chain.policy.rules
    touched = (replace(first, hardware=Hardware.TOUCH), *rest)
    chain.policy = replace(chain.policy, identities=(device, *others), rules=touched)
    chain.land(EDIT, by="alice", key="alice+touched")
    review(chain, "bob")

    assert "'web.yaml' needs 1 approval of platform or security by a security key" in refusal(chain)


def test_account_registered_under_the_name_of_somebody_here() -> None:
    """Bob's login was never written down; whoever took the account 'bob' is not he."""
    chain = edited()
    nameless = tuple(replace(who, logins=frozenset()) for who in chain.policy.identities)
    chain.policy = replace(chain.policy, identities=nameless)
    review(chain, "bob")

    assert "nobody here has the login 'bob' on gitea" in refusal(chain)


def test_forge_names_another_landing() -> None:
    """A review of a request that ended elsewhere speaks for nothing here."""
    chain = edited()
    review(chain, "bob", landed=CommitId("9" * 40))

    assert "approved so far by nobody" in refusal(chain)


def _anybody_writes(policy: TrustPolicy) -> TrustPolicy:
    return replace(policy, rules=tuple(replace(rule, writers=frozenset()) for rule in policy.rules))
