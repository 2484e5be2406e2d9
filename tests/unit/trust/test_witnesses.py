"""When a review on a forge counts as an approval."""

from dataclasses import replace

import pytest
from tests.support.chain import NOW, Chain
from tests.support.reviews import FORGE, review, trusting, witnessed_chain

from gitwarrant.model.authorship import Approval
from gitwarrant.model.canonical import decode, digest, encode
from gitwarrant.model.errors import Refused
from gitwarrant.model.review import ReviewState
from gitwarrant.trust.witnesses import covered

EDIT = {"web.yaml": "replicas: 2"}


def refusal(chain: Chain) -> str:
    with pytest.raises(Refused) as caught:
        chain.verify()
    return caught.value.what


def test_a_review_is_an_approval_where_the_rule_trusts_its_forge() -> None:
    """The proof says on whose word: no key signed it."""
    chain = witnessed_chain()
    chain.land(EDIT, by="alice")
    said = review(chain, "bob")

    [proof] = chain.verify().landings

    assert proof.approvals == (Approval("bob", digest(said.review), key="", witness=FORGE),)
    assert proof.statements == frozenset()


@pytest.mark.parametrize(
    "forges", [pytest.param(("github",), id="another forge"), pytest.param(("gitea2",), id="one like it")]
)
def test_a_rule_that_does_not_name_the_forge_counts_no_review(forges: tuple[str, ...]) -> None:
    chain = witnessed_chain(*forges)
    chain.land(EDIT, by="alice")
    review(chain, "bob")

    assert "'web.yaml' needs 1 approval of platform or security; approved so far by nobody" in refusal(chain)


def test_by_default_no_review_counts() -> None:
    """Logins alone do nothing."""
    chain = Chain(policy=replace(trusting(), rules=Chain().policy.rules))
    chain.land(EDIT, by="alice")
    review(chain, "bob")

    assert "approved so far by nobody" in refusal(chain)


def test_a_review_and_a_statement_of_one_person_are_one_approval() -> None:
    """The statement is named: it says more."""
    chain = witnessed_chain()
    chain.land({"database/users.yaml": "x"}, by="alice")
    review(chain, "bob")
    chain.approve("bob")

    assert "needs 2 approvals of platform or security; approved so far by bob" in refusal(chain)

    chain.approve("carol")
    [proof] = chain.verify().landings
    assert [(approval.identity, approval.witness) for approval in proof.approvals] == [
        ("bob", ""),
        ("carol", ""),
    ]


def test_a_login_is_the_same_in_any_letter_case() -> None:
    chain = witnessed_chain()
    chain.land(EDIT, by="alice")
    review(chain, "Bob")

    assert [approval.identity for approval in chain.verify().landings[0].approvals] == ["bob"]


def test_the_last_word_of_a_reviewer_counts() -> None:
    """He asked for changes first and approved then."""
    chain = witnessed_chain()
    chain.land(EDIT, by="alice")
    review(chain, "bob")
    review(chain, "bob", state=ReviewState.CHANGES_REQUESTED, at=NOW.replace(hour=1))

    assert [approval.identity for approval in chain.verify().landings[0].approvals] == ["bob"]


def test_a_request_of_several_landings_is_covered_from_its_first() -> None:
    """A rebase or a fast-forward lands one commit after the other; what stood before it is not covered."""
    chain = witnessed_chain()
    chain.land({"notes/b": "before"}, by="alice")
    chain.land(EDIT, by="alice")
    chain.land({"web.yaml": "replicas: 3"}, by="alice")

    testimony = review(chain, "bob", first=1)

    assert covered(chain.change(), testimony) == range(1, 3)


def test_a_landing_that_makes_the_reviewed_difference_alone_is_covered_alone() -> None:
    """An edit that came and went before the request's own is nobody's who reviewed the request."""
    chain = witnessed_chain()
    chain.land({"web.yaml": "evil"}, by="alice")
    chain.land({"web.yaml": "replicas: 1"}, by="alice")
    chain.land(EDIT, by="alice")

    testimony = review(chain, "bob", first=0)

    assert covered(chain.change(), testimony) == range(2, 3)


def test_a_clean_merge_of_the_reviewed_commit_is_covered_whatever_else_moved() -> None:
    """Both sides changed one file in different places: the difference is another one, the edit is not."""
    chain = witnessed_chain()
    chain.merge(EDIT, by="alice")
    reviewed = chain.landings[0].commits[-2].id
    other = witnessed_chain()
    other.land({"web.yaml": "as it was shown on an older base"}, by="alice")
    shown = other.landings[0].changes

    assert covered(chain.change(), review(chain, "bob", commit=reviewed, changes=shown)) == range(1)
    assert covered(chain.change(), review(chain, "bob", changes=shown)) == range(0)


def test_a_merge_that_adds_something_is_not_what_was_reviewed() -> None:
    chain = witnessed_chain()
    chain.merge(EDIT, by="alice", hidden={"notes/a": "changed by the merge"})
    reviewed = chain.landings[0].commits[-2].id

    testimony = review(chain, "bob", commit=reviewed, changes=chain.landings[0].commits[0].changes)

    assert covered(chain.change(), testimony) == range(0)


def test_testimonies_have_one_canonical_form() -> None:
    """They pass between processes like everything that verify is given."""
    chain = witnessed_chain()
    chain.land(EDIT, by="alice")
    testimony = review(chain, "bob", emails=frozenset({"alice@example.com"}))

    assert decode(type(testimony), encode(testimony)) == testimony
