"""Attacks on who wrote a landing. All are stopped by verify."""

from dataclasses import replace
from datetime import timedelta

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
from gitwarrant.model.statement import STATEMENT_NAMESPACE
from gitwarrant.trust.chain import short

PRIVILEGED = {"web.yaml": "privileged: true"}


def refusal(chain: Chain) -> Refused:
    """What verify says; every attack here must be stopped by this stage."""
    with pytest.raises(Refused) as caught:
        chain.verify()
    assert caught.value.stage == "verify"
    return caught.value


def test_stolen_account_unsigned() -> None:
    """Mallory pushes as alice, with her account but without her key."""
    chain = Chain()
    landing = chain.land(PRIVILEGED, by="alice", signed=False)

    refused = refusal(chain)

    assert refused.what == (
        f"landing {short(landing.commit)}: commit {short(landing.commit)} is unsigned, "
        "so nothing proves who wrote 'web.yaml'; approved so far by nobody"
    )
    assert refused.remedy == (
        "its author runs: gitwarrant propose; or, beyond the approvals that the rules ask for, "
        "one more person who may change these paths runs: gitwarrant approve"
    )


def test_stolen_account_unsigned_with_the_one_usual_approval() -> None:
    """An approval makes the change accepted, not written: one more must stand for the author."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", signed=False)
    chain.approve("bob")

    assert (
        "is unsigned, so nothing proves who wrote 'web.yaml'; approved so far by bob" in refusal(chain).what
    )


def test_stolen_account_unknown_key() -> None:
    """Mallory added a key of her own to the account; the forge shows 'Verified'."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", key="stolen")
    chain.approve("bob")

    assert f"is signed by {fingerprint('stolen')}, a key that nobody here owns" in refusal(chain).what


def test_author_spoof() -> None:
    """Bob signs a commit that says alice wrote it, so that he could approve it himself."""
    chain = Chain()
    landing = chain.land(PRIVILEGED, by="bob", author="alice")
    chain.approve("bob")

    refused = refusal(chain)

    assert refused.what == (
        f"commit {short(landing.commit)} is signed by 'bob', but names 'alice@example.com' as its author"
    )
    assert str(refused.place) == ".gitwarrant/identities.yaml:9"


def test_committer_spoof() -> None:
    """Bob's key under alice's name: written by bob, committed by 'alice'."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", author="bob", key="bob")
    chain.approve("carol")

    assert "is signed by 'bob', but names 'alice@example.com' as its committer" in refusal(chain).what


def test_bot_signs_for_somebody() -> None:
    """A bot's key on a commit in alice's name is no proof that alice wrote it."""
    chain = Chain()
    chain.land(PRIVILEGED, by="robot", author="alice")
    chain.approve("bob")

    what = refusal(chain).what

    assert (
        "is signed by the bot 'robot', but names 'alice@example.com' as its author, so nothing proves" in what
    )


def test_expired_key_backdated() -> None:
    """An old key of alice was found; the commit is dated to when it was valid, but was first seen later."""
    expiry = NOW - 30 * DAY
    chain = Chain(policy=with_key(POLICY, "alice", not_after=expiry))
    landing = chain.land(PRIVILEGED, by="alice", when=expiry - DAY)
    chain.approve("bob")
    chain.seen[landing.commit] = NOW - DAY

    assert refusal(chain).what == (
        f"commit {short(landing.commit)} is signed by {fingerprint('alice')} of 'alice', a key that expired "
        "2026-05-02 12:00; the commit was first seen 2026-05-31 12:00, whatever date it bears"
    )


def test_expired_key_before_anything_was_recorded() -> None:
    """What the log does not know yet is seen now, not when the commit says."""
    chain = Chain(policy=with_key(POLICY, "alice", not_after=NOW - DAY))
    chain.land(PRIVILEGED, by="alice", when=NOW - 30 * DAY)
    chain.approve("bob")

    assert "a key that expired" in refusal(chain).what


def test_a_key_that_expired_after_its_commit_was_seen_still_proves() -> None:
    """The other side of the coin: rotation does not invalidate what was recorded before."""
    chain = Chain(policy=with_key(POLICY, "alice", not_after=NOW - DAY))
    landing = chain.land(PRIVILEGED, by="alice")
    chain.approve("bob")
    chain.seen[landing.commit] = NOW - 2 * DAY

    assert chain.verify().landings[0].authors == {"alice"}


def test_key_not_yet_valid() -> None:
    """A key that will be alice's tomorrow is not hers today."""
    chain = Chain(policy=with_key(POLICY, "alice", not_before=NOW + DAY))
    chain.land(PRIVILEGED, by="alice", when=NOW + 2 * DAY)
    chain.approve("bob")

    assert "a key that is valid only from 2026-06-02 12:00" in refusal(chain).what


def test_revoked_key() -> None:
    """Revocation holds at once, for what was seen before it too."""
    chain = Chain(policy=with_key(POLICY, "alice", revoked=True))
    landing = chain.land(PRIVILEGED, by="alice")
    chain.approve("bob")
    chain.approve("carol")
    chain.propose("bob")
    chain.seen[landing.commit] = NOW - 300 * DAY

    assert "a key that was revoked" in refusal(chain).what


def test_signature_stripped() -> None:
    """Without its signature the commit is another commit, and unsigned."""
    chain = Chain()
    signed = chain.land(PRIVILEGED, by="alice")
    stripped = Chain()
    unsigned = stripped.land(PRIVILEGED, by="alice", signed=False)
    stripped.approve("bob")

    assert unsigned.commit != signed.commit
    assert "is unsigned" in refusal(stripped).what


def test_signature_moved_to_another_commit() -> None:
    """A good signature of alice, cut out of her commit and put on mallory's content."""
    chain = Chain()
    good = chain.raw([chain.head], chain.after({"web.yaml": "replicas: 2"}), by="alice")
    armor = good[good.index(b"gpgsig ") + 7 : good.index(b"\n\n")].replace(b"\n ", b"\n") + b"\n"
    chain.land(PRIVILEGED, by="alice", signature=armor)
    chain.approve("bob")

    assert f"it was not made over these bytes by {fingerprint('alice')}" in refusal(chain).what


def test_wrong_namespace() -> None:
    """A signature that alice gave for a file."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", namespace="file")
    chain.approve("bob")

    assert "it was made for namespace 'file', not 'git'" in refusal(chain).what


def test_statement_as_git_signature() -> None:
    """What alice signed as a statement never signs a commit."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", namespace=STATEMENT_NAMESPACE)
    chain.approve("bob")

    assert "it was made for namespace 'gitwarrant-statement', not 'git'" in refusal(chain).what


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


def test_garbage_as_signature() -> None:
    """What is neither readable nor known to be foreign is refused, statements or not."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", signature=b"-----BEGIN NOTHING-----")
    chain.approve("bob")
    chain.propose("alice")

    assert "bad signature: its armor is not that of an SSH signature" in refusal(chain).what


def test_merge_hides_an_edit() -> None:
    """Alice's branch is clean; the merge commit, pushed with a stolen account, adds an edit of its own."""
    chain = Chain()
    chain.merge({"web.yaml": "replicas: 2"}, by="alice", hidden={"database/users.yaml": "evil"}, signed=False)
    chain.approve("bob")
    chain.approve("carol")

    assert "is unsigned, so nothing proves who wrote 'database/users.yaml' and 1 more" in refusal(chain).what


def test_merge_hides_an_edit_of_an_insider() -> None:
    """A signed evil merge is judged as its signer's own edit."""
    chain = Chain()
    chain.merge(
        {"web.yaml": "replicas: 2"}, by="alice", hidden={"database/users.yaml": "evil"}, merged_by="mallory"
    )
    chain.approve("bob")
    chain.approve("carol")

    refused = refusal(chain)

    assert "'mallory' may not change 'database/users.yaml'; platform may" in refused.what
    assert str(refused.place) == ".gitwarrant/rules.yaml:7:3"


def test_not_entitled_to_path() -> None:
    """Mallory has a known key, but no rule lets her write manifests."""
    chain = Chain()
    landing = chain.land(PRIVILEGED, by="mallory")
    chain.approve("bob")

    refused = refusal(chain)

    assert refused.what == (
        f"landing {short(landing.commit)}: 'mallory' may not change 'web.yaml'; developers may"
    )
    assert str(refused.place) == ".gitwarrant/rules.yaml:3:3"


def test_not_entitled_to_path_that_is_put_back() -> None:
    """An edit in the middle of a branch counts, though the landing does not show it."""
    chain = Chain()
    chain.merge(
        {"database/users.yaml": "evil", "notes/b": "x"}, by="mallory", hidden={"database/users.yaml": None}
    )

    assert "'mallory' may not change 'database/users.yaml'" in refusal(chain).what


def test_stranger_proposes() -> None:
    """An author statement helps only when its author may write there."""
    chain = Chain()
    chain.land(PRIVILEGED, by="alice", signed=False)
    chain.propose("mallory")
    chain.approve("bob")

    assert "'mallory' may not change 'web.yaml'; developers may" in refusal(chain).what


def test_path_without_a_rule() -> None:
    """What no rule covers is refused, not free."""
    chain = Chain(policy=replace(POLICY, rules=POLICY.rules[1:]))
    chain.land(PRIVILEGED, by="alice")
    chain.approve("bob")

    assert "no rule covers 'web.yaml', so nobody may change it" in refusal(chain).what


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


@pytest.mark.parametrize("skew", [timedelta(0), 100 * DAY])
def test_expired_policy(skew: timedelta) -> None:
    """Nothing new is accepted under rules that nobody renewed."""
    chain = Chain()
    chain.land({"notes/a": "x"}, by="alice")

    with pytest.raises(
        Refused, match="the trust policy expired 2026-08-30 12:00, so nothing new is accepted"
    ):
        chain.verify(now=POLICY.expires + skew)
