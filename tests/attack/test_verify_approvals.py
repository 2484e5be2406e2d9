"""Attacks on who accepted a landing. All are stopped by verify."""

from dataclasses import replace

import pytest
from tests.support.chain import DAY, MAIN, NOW, POLICY, Chain, environment, fingerprint, sign, with_key

from gitwarrant.model.change import SignedStatement
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.statement import Bind
from gitwarrant.trust.chain import short

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


def test_nobody_approves() -> None:
    """The refusal says what, where the rule stands, and who could act."""
    chain = edited()

    refused = refusal(chain)

    assert refused.what == (
        f"landing {short(chain.head)}: 'web.yaml' needs 1 approval of platform or security; "
        "approved so far by nobody"
    )
    assert refused.remedy == "bob or carol runs: gitwarrant approve"
    assert str(refused.place) == ".gitwarrant/rules.yaml:3:3"


def test_approval_by_author() -> None:
    """Alice approves what she signed."""
    chain = edited()
    chain.approve("alice")

    assert "approved so far by nobody; 'alice' is an author and does not count" in refusal(chain).what


def test_approval_by_author_of_a_statement() -> None:
    """Who says 'I wrote it' cannot also say 'I accept it'."""
    chain = edited(signed=False)
    chain.propose("bob")
    chain.approve("bob")

    assert "'bob' is an author and does not count" in refusal(chain).what


def test_author_leaves_the_commit_unsigned_to_approve_it() -> None:
    """An unsigned landing is not easier than a signed one: bob's one approval would answer for the author."""
    chain = edited(signed=False)
    chain.approve("bob")

    assert "is unsigned, so nothing proves who wrote" in refusal(chain, environment("platform")).what


def test_author_leaves_a_free_path_unsigned() -> None:
    """Where a rule asks for no approval but the environment does, one person is not both."""
    chain = Chain()
    chain.land({"notes/a": "x"}, by="bob", signed=False)
    chain.approve("bob")

    assert "is unsigned, so nothing proves who wrote" in refusal(chain, environment("platform")).what
    assert chain.verify(None).landings[0].approvals[0].identity == "bob"


def test_one_person_with_two_keys() -> None:
    """Two approvals are needed; bob gives both, with different keys."""
    chain = Chain()
    chain.land({"database/users.yaml": "x"}, by="alice")
    chain.approve("bob")
    chain.approve("bob", key="bob-2")

    assert "needs 2 approvals of platform or security; approved so far by bob" in refusal(chain).what


def test_bot_approves() -> None:
    """A bot in the right team is still no person."""
    chain = edited()
    chain.approve("robot")

    assert "robot's approve statement does not count: a bot cannot approve" in refusal(chain).what


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param(
            {"ref": "refs/heads/staging"}, f"it is for 'refs/heads/staging', not {MAIN!r}", id="ref"
        ),
        pytest.param(
            {"repository": "example/toys"},
            "it is for repository 'example/toys', not 'example/shop'",
            id="repository",
        ),
        pytest.param(
            {"diff": "sha256:" + "0" * 64},
            "it is for other content: no landing here makes the difference it was signed for",
            id="difference",
        ),
        pytest.param(
            {"bind": Bind.TREE, "to_tree": "0" * 40},
            "it is for other content: no landing here makes the difference it was signed for",
            id="tree",
        ),
    ],
)
def test_approval_for_another(fields: dict[str, object], reason: str) -> None:
    """A true approval of bob, shown in another place than it was given for."""
    chain = edited()
    chain.approve("bob", **fields)

    assert f"bob's approve statement does not count: {reason}" in refusal(chain).what


def test_approval_that_begins_elsewhere() -> None:
    """It does not count, and is not mentioned: it is about some earlier change."""
    chain = edited()
    chain.approve("bob", bind=Bind.TREE, from_commit="0" * 40)

    assert refusal(chain).what.endswith("needs 1 approval of platform or security; approved so far by nobody")


def test_approval_for_another_tree_with_the_same_difference() -> None:
    """Bound by tree, an approval does not follow its difference to another base."""
    approved = Chain()
    approved.land(EDIT, by="alice")
    approved.approve("bob", bind=Bind.TREE)
    chain = Chain()
    chain.land({"notes/a": "moved"}, by="alice")
    chain.land(EDIT, by="alice")
    chain.statements = approved.statements

    assert "it is for other content" in refusal(chain).what


def test_approval_expired() -> None:
    """Bob's word was good for a week."""
    chain = edited()
    chain.approve("bob", at=NOW - 7 * DAY)

    assert "does not count: it expired 2026-06-01 12:00" in refusal(chain).what


def test_approval_from_the_future() -> None:
    """A statement dated ahead would outlive its lifetime."""
    chain = edited()
    chain.approve("bob", at=NOW + DAY)

    assert "it says it was made in the future, at 2026-06-02 12:00" in refusal(chain).what


def test_approval_for_ever() -> None:
    """Nobody can promise for longer than a quarter."""
    chain = edited()
    chain.approve("bob", expires=NOW + 36500 * DAY)

    assert "it was made to live longer than 90 days" in refusal(chain).what


def test_approval_by_expired_key() -> None:
    """A found old key, a statement dated to when it was valid: no log vouches for that date."""
    chain = edited()
    chain.policy = with_key(POLICY, "bob", not_after=NOW - DAY)
    chain.approve("bob", at=NOW - 2 * DAY)

    assert f"its key {fingerprint('bob')} expired 2026-05-31 12:00" in refusal(chain).what


def test_statement_signed_by_another() -> None:
    """Mallory signs in bob's name."""
    chain = edited()
    chain.approve("bob", key="mallory")

    assert (
        "bob's approve statement does not count: it was signed by a key of 'mallory'" in refusal(chain).what
    )


def test_statement_signed_by_an_unknown_key() -> None:
    """A key that is on the stolen account, but in no identity."""
    chain = edited()
    chain.approve("bob", key="stolen")

    assert f"nobody here owns the key {fingerprint('stolen')} that signed it" in refusal(chain).what


def test_git_signature_as_statement() -> None:
    """The reverse of a statement's signature on a commit: a commit's signature on a statement."""
    chain = edited()
    chain.approve("bob", namespace="git")

    assert "it was made for namespace 'git', not 'gitwarrant-statement'" in refusal(chain).what


def test_statement_changed_after_signing() -> None:
    """An approval of this very landing, given for another ref and edited to say this one."""
    chain = edited()
    chain.approve("bob", ref="refs/heads/staging")
    [signed] = chain.statements
    body = signed.body.replace(b"refs/heads/staging", MAIN.encode())
    chain.statements = [SignedStatement(body, signed.signature)]

    assert "it was not made over these bytes" in refusal(chain).what


def test_statement_in_another_spelling() -> None:
    """Bytes that mean the same but are not canonical are nobody's statement, even when signed."""
    chain = edited()
    chain.approve("bob")
    body = chain.statements[0].body.replace(b",", b", ")
    chain.statements = [SignedStatement(body, sign("bob", body, "gitwarrant-statement"))]

    assert "approved so far by nobody" in refusal(chain).what


def test_broken_copy_does_not_hide_a_good_statement() -> None:
    """Whoever may push refs could store bob's statement again with a signature of nothing."""
    chain = edited()
    chain.approve("bob")
    [good] = chain.statements
    chain.statements = [good, SignedStatement(good.body, b"nothing")]

    assert [approval.identity for approval in chain.verify().landings[0].approvals] == ["bob"]


def test_nonce_used_twice() -> None:
    """Two statements with one nonce: only the older one counts."""
    chain = edited()
    chain.approve("bob", nonce=b"n" * 16)
    chain.land({"web.yaml": "replicas: 3"}, by="alice")
    chain.approve("bob", nonce=b"n" * 16, at=NOW)

    assert "its nonce was used by statement" in refusal(chain).what


def test_gap_between_tiles() -> None:
    """The landings before and after are approved; the one between them is not."""
    chain = edited()
    chain.approve("bob")
    gap = chain.land({"web.yaml": "privileged: true"}, by="alice")
    chain.land({"web.yaml": "replicas: 9"}, by="alice")
    chain.approve("bob")

    assert refusal(chain).what.startswith(f"landing {short(gap.commit)}: 'web.yaml' needs 1 approval")


def test_landing_behind_an_approved_interval() -> None:
    """Approved up to a tree; a landing more is not covered by it."""
    chain = edited()
    chain.land({"web.yaml": "replicas: 3"}, by="alice")
    chain.approve("bob", first=0, last=1, bind=Bind.TREE)
    extra = chain.land({"web.yaml": "privileged: true"}, by="alice")

    assert refusal(chain).what.startswith(f"landing {short(extra.commit)}: ")


def test_same_difference_landed_again_after_a_revert() -> None:
    """An approval covers one place: what was taken back needs a new one."""
    chain = edited()
    chain.approve("bob")
    chain.land({"web.yaml": "replicas: 1"}, by="alice")
    chain.approve("bob")
    again = chain.land(EDIT, by="alice")

    assert refusal(chain).what.startswith(f"landing {short(again.commit)}: 'web.yaml' needs 1 approval")


def test_environment_misses_a_team() -> None:
    """The rule is content with bob; production wants the security team as well."""
    chain = edited()
    chain.approve("bob")

    refused = refusal(chain, environment("platform", "security"))

    assert refused.what == (
        f"landing {short(chain.head)}: environment 'production' needs 1 approval of security "
        "for 'web.yaml'; approved so far by nobody"
    )
    assert refused.remedy == "carol runs: gitwarrant approve"
    assert str(refused.place) == ".gitwarrant/environments.yaml:4:3"


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
