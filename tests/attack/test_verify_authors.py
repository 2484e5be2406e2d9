"""Attacks on who wrote a landing. All are stopped by verify."""

from dataclasses import replace

import pytest
from tests.support.chain import (
    DAY,
    NOW,
    POLICY,
    Chain,
    fingerprint,
    with_key,
)

from gitwarrant.model.errors import Refused
from gitwarrant.trust.chain import short

PRIVILEGED = {"web.yaml": "privileged: true"}


def refusal(chain: Chain) -> Refused:
    """What verify says; every attack here must be stopped by this stage."""
    with pytest.raises(Refused) as caught:
        chain.verify()
    assert caught.value.stage == "verify"
    return caught.value


def test_a_key_that_expired_after_its_commit_was_seen_still_proves() -> None:
    """The other side of the coin: rotation does not invalidate what was recorded before."""
    chain = Chain(policy=with_key(POLICY, "alice", not_after=NOW - DAY))
    landing = chain.land(PRIVILEGED, by="alice")
    chain.approve("bob")
    chain.seen[landing.commit] = NOW - 2 * DAY

    assert chain.verify().landings[0].authors == {"alice"}


def test_a_bot_signs_in_a_format_that_is_not_read() -> None:
    """gitsign's signature proves nothing, and is named; its landing needs its author's word."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", signature=b"-----BEGIN SIGNED MESSAGE-----\nAAAA\n")
    chain.approve("bob")

    assert (
        "is signed by an X.509 certificate (gitsign or S/MIME), which proves nothing" in refusal(chain).what
    )

    chain.propose("alice")
    assert chain.verify().landings[0].authors == {"alice"}


def test_one_key_in_two_identities() -> None:
    """Whoever lists a colleague's key under his own name gains nothing by it."""
    twin = replace(POLICY.identities[3], keys=POLICY.identities[0].keys)
    chain = Chain(policy=replace(POLICY, identities=(*POLICY.identities[:3], twin)))
    chain.land(PRIVILEGED, by="alice")

    assert f"{fingerprint('alice')} is a key of 'alice' and of 'mallory'" in refusal(chain).what


def test_other_landings_that_fail_are_counted() -> None:
    """The first is said, the rest is not hidden."""
    chain = Chain()
    first = chain.land(PRIVILEGED, by="alice", signed=False)
    chain.land({"web.yaml": "x"}, by="mallory")
    chain.land({"web.yaml": "y"}, by="alice", key="stolen")

    what = refusal(chain).what

    assert what.startswith(f"landing {short(first.commit)}: ")
    assert what.endswith("(2 more landings are refused too)")
