"""Attacks with SSH certificates. All are stopped by verify; `git verify-commit` passes most of them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.support.certificates import Issued
from tests.support.chain import DAY, NOW, POLICY, Chain, fingerprint, public_key

from gitwarrant.model.canonical import encode
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Hardware, Key, TrustPolicy
from gitwarrant.model.statement import STATEMENT_NAMESPACE
from gitwarrant.trust.identities import Registry

CA = Place(".gitwarrant/identities.yaml", 20)
EDIT = {"notes/a": "x"}
GOOD = Issued()


def certified(policy: TrustPolicy = POLICY, **fields: object) -> TrustPolicy:
    """Alice and bob list the authority `ca`."""
    authority = Key(public_key("ca"), place=CA, authority=True)
    changed = replace(authority, **fields)  # type: ignore[arg-type]  # fields of Key, by name
    return replace(
        policy,
        identities=tuple(
            replace(who, keys=(*who.keys, changed)) if who.name in ("alice", "bob") else who
            for who in policy.identities
        ),
    )


def landed(
    issued: Issued = GOOD, policy: TrustPolicy | None = None, *, by: str = "alice", flags: int = 0x01
) -> Chain:
    """A chain with one landing that the certified key signed."""
    chain = Chain(policy=policy or certified())
    payload = chain.raw([chain.head], chain.after(EDIT), by=by, signed=False)
    chain.land(EDIT, by=by, signature=issued.sign(payload, flags=flags))
    return chain


def refusal(chain: Chain) -> Refused:
    with pytest.raises(Refused) as caught:
        chain.verify()
    assert caught.value.stage == "verify"
    return caught.value


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([b"alice"], id="by name"),
        pytest.param([b"alice@example.com"], id="by address"),
        pytest.param([b"carol", b"host-7", b"alice"], id="among names that do not list the authority"),
    ],
)
def test_a_certificate_proves_the_identity_it_names(names: list[bytes]) -> None:
    """Else the attacks below would prove nothing. The key itself is listed nowhere."""
    [proof] = landed(replace(GOOD, principals=names)).verify().landings

    assert (proof.authors, proof.keys) == (frozenset(["alice"]), frozenset([fingerprint("laptop")]))


def test_a_certificate_for_two_people() -> None:
    refused = refusal(landed(replace(GOOD, principals=[b"alice", b"bob"])))

    assert "by a certificate that also names 'bob': nobody could tell who signed" in refused.what
    assert refused.place == CA


@pytest.mark.parametrize(
    ("issued", "seen", "reason"),
    [
        pytest.param(GOOD, NOW + 2 * DAY, "expired 2026-06-02 12:00", id="expired"),
        pytest.param(
            replace(GOOD, valid_after=NOW + DAY, valid_before=NOW + 2 * DAY),
            NOW,
            "is valid only from 2026-06-02 12:00",
            id="not yet valid",
        ),
    ],
)
def test_a_certificate_outside_of_its_time(issued: Issued, seen: datetime, reason: str) -> None:
    """By the time the commit was first seen, whatever date it bears: an expired one is not backdated."""
    chain = landed(issued)
    chain.seen[chain.head] = seen

    refused = refusal(chain)

    assert f"by a certificate that {reason}; the commit was first seen" in refused.what
    assert refused.remedy.startswith("have a certificate issued")


def test_a_revoked_authority() -> None:
    policy = certified(revoked=True, compromised_since=NOW - timedelta(hours=1), reason="ca leaked")

    refused = refusal(landed(policy=policy))

    assert (
        "by a certificate whose authority was revoked as compromised since 2026-06-01 11:00" in refused.what
    )
    assert refused.place == CA


def test_a_revoked_key_comes_back_by_a_certificate() -> None:
    """It is listed as revoked, and stays so under a certificate of the right authority."""
    policy = certified()
    alice = policy.identities[0]
    lost = Key(public_key("laptop"), revoked=True, reason="lost", place=CA)
    policy = replace(policy, identities=(replace(alice, keys=(*alice.keys, lost)), *policy.identities[1:]))

    assert "a key that was revoked (lost)" in refusal(landed(policy=policy)).what


def test_a_certificate_over_somebody_elses_key() -> None:
    """Who may issue certificates for alice does not make bob's signature hers."""
    refused = refusal(landed(replace(GOOD, subject="bob")))

    assert "by a certificate that is for a key of 'bob'" in refused.what


def test_an_authority_signs_a_commit_itself() -> None:
    """Its key issues certificates and writes nothing."""
    chain = Chain(policy=certified())
    chain.land(EDIT, by="alice", key="ca")

    assert f"is signed by {fingerprint('ca')}, a key that nobody here owns" in refusal(chain).what


def test_a_certified_device_without_its_pin() -> None:
    """Asked for by the certificate, or by the entry of its authority."""
    device = replace(GOOD, subject="laptop+touched", options=[(b"verify-required", b"")])
    asked = replace(GOOD, subject="laptop+touched")
    for chain in (landed(device), landed(asked, certified(hardware=Hardware.PIN))):
        assert "by a signature that was made without its PIN" in refusal(chain).what

    assert landed(device, flags=0x05).verify().landings[0].authors == {"alice"}


@pytest.mark.parametrize(
    ("issued", "reason"),
    [
        pytest.param(replace(GOOD, principals=[]), "it names nobody", id="for everybody"),
        pytest.param(replace(GOOD, type=2), "it is for a host", id="of a host"),
        pytest.param(
            replace(GOOD, authority_blob=Issued(subject="ca").blob),
            "certificates are not accepted",
            id="nested",
        ),
    ],
)
def test_a_certificate_that_says_too_little(issued: Issued, reason: str) -> None:
    assert reason in refusal(landed(issued)).what


def test_an_approval_by_a_certified_key_counts_and_expires_with_the_certificate() -> None:
    chain = Chain(policy=certified())
    chain.land({"web.yaml": "x"}, by="alice")
    body = encode(chain.approve("bob"))
    issued = replace(GOOD, principals=[b"bob"])
    chain.statements[:] = [SignedStatement(body, issued.sign(body, STATEMENT_NAMESPACE))]

    assert [item.identity for item in chain.verify().landings[0].approvals] == ["bob"]
    with pytest.raises(Refused) as caught:
        chain.verify(now=NOW + DAY)
    assert f"its certificate {fingerprint('laptop')} expired 2026-06-02 12:00" in caught.value.what


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(False, True, id="a key, then an authority"),
        pytest.param(True, False, id="an authority, then a key"),
    ],
)
def test_one_key_as_key_and_authority(first: bool, second: bool) -> None:
    """It could sign certificates for itself under another name."""
    people = tuple(
        replace(who, keys=(Key(public_key("both"), authority=authority, place=CA),))
        for who, authority in zip(POLICY.identities[:2], (first, second), strict=True)
    )

    with pytest.raises(Refused, match="nobody could tell who signed"):
        Registry(replace(POLICY, identities=people), ())
