"""Attacks with a key that no device holds, where rules or keys ask for one. All are stopped by verify."""

from dataclasses import replace

import pytest
from tests.support.chain import NOW, POLICY, Chain, person, public_key, with_key

from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Hardware, Key, Purpose, TrustPolicy
from gitwarrant.model.owners import Forge, OwnersSource
from gitwarrant.trust.chain import short

KEYS = Place(".gitwarrant/identities.yaml", 9)


def everybody_has_a_device() -> TrustPolicy:
    """Alice and bob have a security key beside their plain one; the first rule asks for a touch."""
    people = tuple(
        replace(who, keys=(*who.keys, Key(public_key(f"{who.name}+"), place=KEYS)))
        for who in POLICY.identities
    )
    touched = replace(POLICY.rules[0], hardware=Hardware.TOUCH)
    return replace(POLICY, identities=people, rules=(touched, *POLICY.rules[1:]))


def chain(**how: object) -> Chain:
    made = Chain(policy=everybody_has_a_device())
    made.land({"web.yaml": "x"}, by="alice", **how)
    return made


def refusal(made: Chain) -> Refused:
    with pytest.raises(Refused) as caught:
        made.verify()
    assert caught.value.stage == "verify"
    return caught.value


def test_touched_signatures_of_author_and_approver_pass() -> None:
    """Else the attacks below would prove nothing."""
    made = chain(key="alice+touched")
    made.approve("bob", key="bob+touched")

    [proof] = made.verify().landings

    assert (proof.authors, [approval.identity for approval in proof.approvals]) == (
        frozenset(["alice"]),
        ["bob"],
    )


def test_a_stolen_key_file_writes_where_a_device_is_asked_for() -> None:
    made = chain()
    made.approve("bob", key="bob+touched")

    refused = refusal(made)

    assert refused.what == (
        f"landing {short(made.head)}: 'web.yaml' was changed by 'alice' with a signature that was made by "
        "no security key, where a security key that is touched is asked for"
    )
    assert refused.place == POLICY.rules[0].place


def test_a_stolen_key_file_approves_where_a_device_is_asked_for() -> None:
    """The approval is named, with what it lacks; it does not count."""
    made = chain(key="alice+touched")
    made.approve("bob")

    refused = refusal(made)

    assert refused.what == (
        f"landing {short(made.head)}: 'web.yaml' needs 1 approval of platform or security by a security key "
        "that is touched; approved so far by nobody; 'bob' approved without a security key that is touched"
    )
    assert refused.remedy == "bob or carol runs: gitwarrant approve"
    assert refused.place == POLICY.rules[0].place


def test_a_weak_approval_does_not_hide_the_strong_one_of_the_same_person() -> None:
    made = chain(key="alice+touched")
    made.approve("bob", key="bob+touched")
    made.approve("bob")

    [proof] = made.verify().landings

    assert [approval.identity for approval in proof.approvals] == ["bob"]


def test_a_stolen_key_file_claims_an_unsigned_landing() -> None:
    """An author statement is a signature like others."""
    made = chain(signed=False)
    made.propose("alice")
    made.approve("bob", key="bob+touched")

    assert "made by no security key" in refusal(made).what


def test_a_touched_key_signs_where_its_pin_is_asked_for() -> None:
    """The flag that says so is part of what the device signed."""
    policy = everybody_has_a_device()
    alice = policy.identities[0]
    pinned = replace(alice, keys=(alice.keys[0], replace(alice.keys[1], hardware=Hardware.PIN)))
    made = Chain(policy=replace(policy, identities=(pinned, *policy.identities[1:])))
    made.land({"notes/a": "x"}, by="alice", key="alice+touched")

    refused = refusal(made)

    assert (
        "by a signature that was made without its PIN, where a security key with its PIN is asked for"
        in refused.what
    )
    assert "verify-required" in refused.remedy
    assert refused.place == KEYS

    made = Chain(policy=made.policy)
    made.land({"notes/a": "x"}, by="alice", key="alice+pin")
    assert made.verify().landings[0].authors == {"alice"}


def test_a_code_owner_approves_with_a_stolen_key_file() -> None:
    """Where a rule asks for a device, it asks it of the owners that CODEOWNERS names, too."""
    policy = everybody_has_a_device()
    source = OwnersSource("CODEOWNERS", Forge.GITHUB, Place(".gitwarrant/rules.yaml", 5, 3))
    asking = replace(policy.rules[0], owners=source, approvals=0)
    files = {"web.yaml": "replicas: 1", "CODEOWNERS": "* @bob\n"}
    made = Chain(policy=replace(policy, rules=(asking,)), files=files)
    made.land({"web.yaml": "x"}, by="alice", key="alice+touched")
    made.approve("bob")

    assert "'bob' approved without a security key that is touched" in refusal(made).what

    made.approve("bob", key="bob+touched")
    assert [approval.identity for approval in made.verify().landings[0].approvals] == ["bob"]


def test_an_untouched_device_approves() -> None:
    """Malware asked the security key behind its owner's back."""
    made = chain(key="alice+touched")
    made.approve("bob", key="bob+untouched")

    assert "the security key was not touched" in refusal(made).what


@pytest.mark.parametrize(
    ("purpose", "reason"),
    [
        pytest.param(Purpose.STATEMENTS, "a key that may not sign commits", id="commits"),
        pytest.param(Purpose.COMMITS, "may not sign statements", id="statements"),
    ],
)
def test_a_key_signs_what_it_is_not_for(purpose: Purpose, reason: str) -> None:
    policy = POLICY
    for name in ("alice", "bob"):
        policy = with_key(policy, name, purposes=frozenset([purpose]))
    made = Chain(policy=policy)
    made.land({"web.yaml": "x"}, by="alice")
    made.approve("bob")

    assert reason in refusal(made).what


def test_what_was_seen_before_the_compromise_stands_and_the_rest_falls() -> None:
    """One second decides, by the log and never by the date in the commit."""
    policy = with_key(POLICY, "alice", revoked=True, compromised_since=NOW, reason="stolen laptop")
    made = Chain(policy=policy)
    made.land({"notes/a": "x"}, by="alice", when=NOW.replace(year=2025))

    refused = refusal(made)
    made.seen[made.head] = NOW.replace(second=0, minute=59, hour=11)

    assert "was revoked as compromised since 2026-06-01 12:00 (stolen laptop)" in refused.what
    assert made.verify().landings[0].authors == {"alice"}


def test_a_device_of_the_identity_that_has_none_is_nobodys() -> None:
    made = Chain(policy=POLICY)
    made.land({"web.yaml": "x"}, by="alice", key="alice+touched")
    made.approve("bob")

    assert "a key that nobody here owns" in refusal(made).what


def test_people_are_those_of_the_support() -> None:
    """The security keys are other keys than the plain ones."""
    assert public_key("alice+pin") == public_key("alice+touched") != public_key("alice")
    assert person("alice").keys[0].public == public_key("alice")
