"""Attacks on the rules themselves. All are stopped by verify."""

from dataclasses import replace
from datetime import datetime

import pytest
from tests.support.chain import DAY, NOW, POLICY, ROOT, Chain, person, public_key

from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import RootKey
from gitwarrant.trust.verify import check_succession

RULES_FILE = ".gitwarrant/rules.yaml"
OPEN = {RULES_FILE: "- pattern: '*'\n  approvals: 0\n"}
LOOSER = replace(
    POLICY,
    version=2,
    rules=(replace(POLICY.rules[0], approvals=0),),
    identities=(*POLICY.identities[:3], person("mallory", "developers")),
)


def refusal(chain: Chain, now: datetime = NOW) -> Refused:
    """What verify says; every attack here must be stopped by this stage."""
    with pytest.raises(Refused) as caught:
        chain.verify(now=now)
    assert caught.value.stage == "verify"
    return caught.value


def test_rules_changed_with_the_root_threshold() -> None:
    """How it is meant: one holder writes and signs, the other approves."""
    chain = Chain()
    chain.land(OPEN, by="alice")
    chain.approve("carol")

    [proof] = chain.verify().landings

    assert proof.authors == {"alice"}
    assert [approval.identity for approval in proof.approvals] == ["carol"]


def test_key_that_is_not_the_root_one() -> None:
    """A holder's daily key does not speak for the root."""
    chain = Chain(root=replace(ROOT, keys=(ROOT.keys[0], RootKey("bob", public_key("bob-2")))))
    chain.land(OPEN, by="alice")
    chain.approve("bob")

    assert "so far alice did" in refusal(chain).what
    chain.approve("bob", key="bob-2")
    assert chain.verify().landings[0].authors == {"alice"}


@pytest.mark.parametrize("path", [".gitwarrant", ".gitwarrant/trust.yaml", ".gitwarrant/deep/er.yaml"])
def test_every_way_into_the_configuration(path: str) -> None:
    """A file in place of the folder is a change of the rules too."""
    chain = Chain()
    chain.land({path: "x"}, by="bob")
    chain.approve("carol")

    assert "changes the rules of trust" in refusal(chain).what


def test_lowered_version() -> None:
    """The rules of last year, landed again, with the key that was removed since."""
    chain = Chain()
    chain.policy = replace(POLICY, version=5)
    chain.land({"notes/b": "x"}, by="alice")
    last = chain.land({"notes/c": "x"}, by="alice")
    chain.policies[last.commit] = LOOSER

    assert "it changes from version 5 to 2; the version only grows" in refusal(chain).what


def test_changed_rules_with_the_same_version() -> None:
    """Two different rules under one number could not be told apart."""
    with pytest.raises(Refused, match="it changes from version 1 to 1"):
        check_succession(POLICY, replace(LOOSER, version=1))


def test_policy_that_is_already_expired() -> None:
    """Whoever advances trust asks about the policy it advances to."""
    with pytest.raises(Refused, match="it expired 2026-05-31"):
        check_succession(POLICY, replace(LOOSER, expires=NOW - DAY), now=NOW)


def test_policy_of_another_repository() -> None:
    """The rules of a playground are not the rules of production."""
    chain = Chain(policy=replace(POLICY, repository="example/toys"))
    chain.land({"notes/a": "x"}, by="alice")

    assert "the trust policy is for repository 'example/toys', not 'example/shop'" in refusal(chain).what
    with pytest.raises(Refused, match="it is for repository 'example/toys'"):
        check_succession(POLICY, replace(POLICY, version=2, repository="example/toys"))


def test_expired_policy_lets_its_own_renewal_pass() -> None:
    """The root can always mend what it owns; anything else in the same landing waits."""
    later = POLICY.expires + DAY
    renewal, smuggled = Chain(), Chain()
    renewal.land({".gitwarrant/trust.yaml": "version: 2"}, by="alice")
    renewal.approve("carol", at=later)
    smuggled.land({".gitwarrant/trust.yaml": "version: 2", "notes/a": "x"}, by="alice")
    smuggled.approve("carol", at=later)

    assert renewal.verify(now=later).head == renewal.head
    assert "the trust policy expired" in refusal(smuggled, later).what


def test_expired_policy_does_not_stop_what_was_trusted_already() -> None:
    """A change without landings is nothing new: healing goes on."""
    assert Chain().verify(now=POLICY.expires + DAY).landings == ()


def test_root_key_that_the_policy_revoked() -> None:
    """A revoked key gives no consent, also not as a root key."""
    people = tuple(
        replace(who, keys=(replace(who.keys[0], revoked=True),)) if who.name == "carol" else who
        for who in POLICY.identities
    )
    chain = Chain(policy=replace(POLICY, identities=people))
    chain.land(OPEN, by="alice")
    chain.approve("bob")
    chain.approve("carol")

    assert "so far alice did; carol's approve statement does not count" in refusal(chain).what


def test_policy_that_forgot_the_root() -> None:
    """A holder whom no identity lists can still consent by statement."""
    people = tuple(who for who in POLICY.identities if who.name != "carol")
    chain = Chain(policy=replace(POLICY, identities=people))
    chain.land(OPEN, by="alice")
    chain.approve("bob")
    chain.approve("carol")

    assert chain.verify().landings[0].authors == {"alice"}
