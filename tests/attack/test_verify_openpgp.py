"""Attacks with OpenPGP signatures. All are stopped by verify; GnuPG made the keys and the signatures."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import NOW, POLICY, Chain
from tests.support.gpg import Gpg, gnupg

from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Key, Purpose, TrustPolicy
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import Registry

PLACE = Place(".gitwarrant/identities.yaml", 20)
EDIT = {"notes/a": "x"}
MADE, SIGNED = "20260101T000000", "20260601T120000"


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with gnupg() as made:
        made.make("alice", at=MADE)
        made.make("bob", at=MADE)
        made.make("stranger", at=MADE)
        yield made


def policy(gpg: Gpg, **certificates: str) -> TrustPolicy:
    """Some people with an OpenPGP certificate beside their SSH keys."""
    people = []
    for who in POLICY.identities:
        name = certificates.get(who.name)
        text = gpg.export(name, at=SIGNED) if name else ""
        key = Key(text, place=PLACE, purposes=frozenset([Purpose.COMMITS]))
        people.append(replace(who, keys=(*who.keys, key)) if name else who)
    return replace(POLICY, identities=tuple(people))


def landed(gpg: Gpg, rules: TrustPolicy, key: str, *, by: str = "alice", at: str = SIGNED) -> Chain:
    chain = Chain(policy=rules)
    payload = chain.raw([chain.head], chain.after(EDIT), by=by, signed=False)
    chain.land(EDIT, by=by, signature=gpg.sign(f"{key}@example.com", payload, at=at))
    return chain


def refusal(chain: Chain) -> Refused:
    with pytest.raises(Refused) as caught:
        chain.verify()
    assert caught.value.stage == "verify"
    return caught.value


def test_a_listed_certificate_proves_its_identity(gpg: Gpg) -> None:
    """Else the attacks below would prove nothing."""
    [proof] = landed(gpg, policy(gpg, alice="alice"), "alice").verify().landings

    assert (proof.authors, proof.keys) == (
        frozenset(["alice"]),
        frozenset([f"openpgp4fpr:{gpg.fingerprints('alice')[0]}"]),
    )


def test_a_key_that_nobody_lists(gpg: Gpg) -> None:
    """It proves nothing, and is named."""
    chain = landed(gpg, policy(gpg, alice="alice"), "stranger")

    key = gpg.fingerprints("stranger")[0]
    assert f"is signed by the OpenPGP key {key}, a key that nobody here owns" in refusal(chain).what


def test_a_forge_signs_what_it_squashed(gpg: Gpg) -> None:
    """Its key is nobody's, so the author's own word proves who wrote, and an approval is still needed."""
    chain = Chain(policy=policy(gpg, alice="alice"))
    files = {"web.yaml": "x"}
    payload = chain.raw([chain.head], chain.after(files), by="alice", signed=False)
    chain.land(files, by="alice", signature=gpg.sign("stranger@example.com", payload, at=SIGNED))
    chain.propose("alice")

    assert "needs 1 approval" in refusal(chain).what
    chain.approve("bob")
    assert chain.verify().landings[0].authors == {"alice"}


def test_a_good_signature_in_somebody_elses_name(gpg: Gpg) -> None:
    chain = landed(gpg, policy(gpg, alice="alice", bob="bob"), "bob", by="alice")

    expected = f"commit {short(chain.head)} is signed by 'bob', but names 'alice@example.com'"
    assert expected in refusal(chain).what


def test_a_signature_over_another_commit(gpg: Gpg) -> None:
    chain = Chain(policy=policy(gpg, alice="alice"))
    chain.land(EDIT, by="alice", signature=gpg.sign("alice@example.com", b"tree 1\n\nother\n", at=SIGNED))

    assert "has a bad signature: OpenPGP: it was not made over these bytes" in refusal(chain).what


def test_an_approval_by_openpgp(gpg: Gpg) -> None:
    """OpenPGP knows no namespace: what signs commits must never be taken for a statement."""
    chain = Chain(policy=policy(gpg, alice="alice", bob="bob"))
    chain.land({"web.yaml": "x"}, by="alice")
    chain.approve("bob")
    [good] = chain.statements
    chain.statements[:] = [SignedStatement(good.body, gpg.sign("bob@example.com", good.body, at=SIGNED))]

    assert "its armor is not that of an SSH signature" in refusal(chain).what


def test_one_certificate_of_two_people(gpg: Gpg) -> None:
    with pytest.raises(Refused, match="nobody could tell who signed"):
        Registry(policy(gpg, alice="alice", bob="alice"), ())


def test_a_revoked_entry_and_one_that_is_over(gpg: Gpg) -> None:
    """What stands in identities.yaml bounds an OpenPGP key as it does any other."""
    for changes, reason in (
        ({"revoked": True, "reason": "lost"}, "a key that was revoked (lost)"),
        ({"not_after": NOW}, "a key that expired 2026-06-01 12:00"),
        ({"not_before": NOW + timedelta(days=1)}, "a key that is valid only from 2026-06-02 12:00"),
    ):
        rules = policy(gpg, alice="alice")
        alice = rules.identities[0]
        bounded = replace(alice.keys[-1], **changes)
        rules = replace(
            rules, identities=(replace(alice, keys=(*alice.keys[:-1], bounded)), *rules.identities[1:])
        )
        assert reason in refusal(landed(gpg, rules, "alice")).what
