"""Attacks on who accepted a landing. All are stopped by verify."""

from dataclasses import replace

import pytest
from tests.support.chain import POLICY, Chain, environment

from gitwarrant.model.change import SignedStatement
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.statement import Bind

EDIT = {"web.yaml": "replicas: 2"}


def refusal(chain: Chain, to: Environment | None = None) -> Refused:
    """What verify says; every attack here must be stopped by this stage."""
    with pytest.raises(Refused) as caught:
        chain.verify(to)
    assert caught.value.stage == "verify"
    return caught.value


def edited(**how: object) -> Chain:
    chain = Chain()
    chain.land(EDIT, by="alice", **how)
    return chain


def test_author_leaves_a_free_path_unsigned() -> None:
    """Where a rule asks for no approval but the environment does, one person is not both."""
    chain = Chain()
    chain.land({"notes/a": "x"}, by="bob", signed=False)
    chain.approve("bob")

    assert "is unsigned, so nothing proves who wrote" in refusal(chain, environment("platform")).what
    assert chain.verify(None).landings[0].approvals[0].identity == "bob"


def test_approval_that_begins_elsewhere() -> None:
    """It does not count, and is not mentioned: it is about some earlier change."""
    chain = edited()
    chain.approve("bob", bind=Bind.TREE, from_commit="0" * 40)

    assert refusal(chain).what.endswith("needs 1 approval of platform or security; approved so far by nobody")


def test_broken_copy_does_not_hide_a_good_statement() -> None:
    """Whoever may push refs could store bob's statement again with a signature of nothing."""
    chain = edited()
    chain.approve("bob")
    [good] = chain.statements
    chain.statements = [good, SignedStatement(good.body, b"nothing")]

    assert [approval.identity for approval in chain.verify().landings[0].approvals] == ["bob"]


def test_environment_without_teams_still_wants_somebody() -> None:
    """'approval_required' with no approvers named asks for anybody, not for nobody."""
    chain = Chain()
    chain.land({"notes/a": "x"}, by="alice")

    assert "needs 1 approval of anybody known" in refusal(chain, environment()).what


def test_environment_asks_only_for_its_own_folder() -> None:
    """Landings beside the folder need no approval of its teams."""
    chain = Chain()
    chain.land({"notes/a": "x"}, by="alice")

    proof = chain.verify(environment("security", path="apps/production"))

    assert proof.landings[0].approvals == ()


def test_folder_that_begins_alike() -> None:
    """`notes` is not `notes-public`, and a trailing slash changes nothing."""
    chain = Chain(policy=replace(POLICY, rules=(replace(POLICY.rules[2], pattern="*"),)))
    chain.land({"notes-public/a": "x"}, by="alice")
    chain.verify(environment("security", path="notes"))
    chain.land({"notes/b": "x"}, by="alice")

    assert "needs 1 approval of security" in refusal(chain, environment("security", path="notes/")).what
