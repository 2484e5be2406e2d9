"""OpenPGP: what GnuPG makes at a time it is told, judged at the time it was first seen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pysequoia
import pytest
from tests.support.gpg import Gpg, gnupg

from gitwarrant.trust import openpgp, pgpcert
from gitwarrant.trust.openpgp import OpenPgpKey
from gitwarrant.trust.proven import BadSignature, Proven

MESSAGE = b"tree 0000\n\nmessage\n"
MADE, SIGNED, END, LATER = "20260101T000000", "20260115T000000", "2026-02-01", "20260301T000000"
JANUARY, MARCH = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with gnupg() as made:
        yield made


def passes(signature: bytes, certificate: str, *, at: datetime) -> bool:
    return bool(verify(signature, certificate, at=at).key.line)


def verify(signature: bytes, certificate: str, *, at: datetime, message: bytes = MESSAGE) -> Proven:
    return openpgp.verify(openpgp.read(signature), message, pgpcert.read(certificate), at=at)


@pytest.mark.parametrize(
    "kind",
    [
        "ed25519",
        "nistp256",
        "nistp384",
        "nistp521",
        "brainpoolP256r1",
        "brainpoolP384r1",
        "brainpoolP512r1",
        "rsa2048",
    ],
)
def test_what_gnupg_signs_is_verified(gpg: Gpg, kind: str) -> None:
    """And one more byte is refused."""
    fingerprint = gpg.make(f"kind-{kind}", kind, at=MADE)
    signature = gpg.sign(fingerprint, MESSAGE, at=SIGNED)
    certificate = gpg.export(f"kind-{kind}")

    proven = verify(signature, certificate, at=JANUARY)

    line = f"openpgp4fpr:{fingerprint}"
    assert proven == Proven(OpenPgpKey(line, line))
    assert openpgp.read(signature).issuer == fingerprint
    with pytest.raises(BadSignature, match="not made over these bytes"):
        verify(signature, certificate, at=JANUARY, message=MESSAGE + b"!")


@pytest.mark.parametrize("profile", [pysequoia.Profile.RFC4880, pysequoia.Profile.RFC9580], ids=["v4", "v6"])
def test_what_sequoia_signs_is_verified(profile: pysequoia.Profile) -> None:
    """Version 6 keys, and a subkey that signs for its certificate."""
    key = pysequoia.Tsk.generate("Ada <ada@example.com>", profile=profile)
    signature = pysequoia.sign(key.signer(), MESSAGE, mode=pysequoia.SignatureMode.DETACHED)
    certificate = key.extract_certificate()

    proven = verify(signature, str(certificate), at=datetime.now(UTC))

    assert proven.key.line == f"openpgp4fpr:{certificate.fingerprint}"
    assert proven.key.fingerprint != proven.key.line
    with pytest.raises(BadSignature, match="not made over these bytes"):
        verify(signature, str(certificate), at=datetime.now(UTC), message=MESSAGE + b"!")


def test_an_expired_key_does_not_sign_into_the_past(gpg: Gpg) -> None:
    """The library judges at the time written in the signature, and lets this pass; the log knows better."""
    key = gpg.make("expired", end=END, at=MADE)
    backdated = gpg.sign(key, MESSAGE, at=SIGNED)
    certificate = gpg.export("expired")

    assert passes(backdated, certificate, at=JANUARY)
    for at in (datetime(2026, 2, 1, 12, tzinfo=UTC), MARCH):
        with pytest.raises(BadSignature, match=f"its key {key} expired 2026-02-01 12:00"):
            verify(backdated, certificate, at=at)
    assert passes(backdated, certificate, at=datetime(2026, 2, 1, 11, 59, 59, tzinfo=UTC))


def test_a_signature_from_the_future_is_refused(gpg: Gpg) -> None:
    """Five minutes are a clock that goes wrong."""
    key = gpg.make("future", at=MADE)
    signature, certificate = gpg.sign(key, MESSAGE, at=SIGNED), gpg.export("future")

    assert passes(signature, certificate, at=JANUARY - timedelta(minutes=5))
    with pytest.raises(BadSignature, match="it says it was made 2026-01-15 00:00, after it was first seen"):
        verify(signature, certificate, at=JANUARY - timedelta(minutes=5, seconds=1))


def test_after_a_renewal_only_new_signatures_pass(gpg: Gpg) -> None:
    """GnuPG replaces the binding, so the library knows of none at the time of an older signature."""
    key = gpg.make("renewed", end=END, at=MADE)
    old = gpg.sign(key, MESSAGE, at=SIGNED)
    gpg("--quick-set-expire", key, "2027-02-01", at=LATER)
    certificate = gpg.export("renewed")

    assert passes(gpg.sign(key, MESSAGE, at="20260401T000000"), certificate, at=MARCH + timedelta(days=40))
    with pytest.raises(BadSignature, match="that could sign"):
        verify(old, certificate, at=MARCH)


@pytest.fixture(scope="module")
def subkeys(gpg: Gpg) -> Gpg:
    """`sub` certifies only; its first subkey signs and ends in February, its second encrypts."""
    key = gpg.make("sub", "rsa2048", "cert", at=MADE)
    gpg("--quick-add-key", key, "ed25519", "sign", END, at=MADE)
    gpg("--quick-add-key", key, "cv25519", "encr", "never", at=MADE)
    return gpg


def test_a_subkey_signs_until_its_own_end(subkeys: Gpg) -> None:
    primary, signing, _ = subkeys.fingerprints("sub")
    signature, certificate = subkeys.sign(signing, MESSAGE, at=SIGNED), subkeys.export("sub", at=SIGNED)

    proven = verify(signature, certificate, at=JANUARY)

    assert proven == Proven(OpenPgpKey(f"openpgp4fpr:{primary}", f"openpgp4fpr:{signing}"))
    assert len(pgpcert.read(certificate).keys) == 2
    with pytest.raises(BadSignature, match=f"its key {signing} expired 2026-02-01 12:00"):
        verify(signature, certificate, at=MARCH)


def test_a_revoked_subkey_signed_nothing(subkeys: Gpg) -> None:
    """Nor before it was revoked: nobody could tell what else its thief signed."""
    primary, signing, _ = subkeys.fingerprints("sub")
    signature = subkeys.sign(signing, MESSAGE, at=SIGNED)
    subkeys("--command-fd", "0", "--edit-key", primary, "key 1", "revkey", "save", given=b"y\n1\n\ny\n")

    with pytest.raises(BadSignature):
        verify(signature, subkeys.export("sub"), at=JANUARY)


def test_a_revoked_certificate_signed_nothing(gpg: Gpg) -> None:
    key = gpg.make("revoked", at=MADE)
    signature = gpg.sign(key, MESSAGE, at=SIGNED)
    assert passes(signature, gpg.export("revoked"), at=JANUARY)
    text = (gpg.home / "openpgp-revocs.d" / f"{key.upper()}.rev").read_bytes().replace(b":-----", b"-----")
    gpg("--import", given=text[text.index(b"-----BEGIN") :])

    assert [one.revoked for one in pgpcert.read(gpg.export("revoked")).keys] == [True]
    with pytest.raises(BadSignature):
        verify(signature, gpg.export("revoked"), at=JANUARY)


@pytest.fixture(scope="module")
def ada(gpg: Gpg) -> str:
    return gpg.make("ada", at=MADE)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param(("--digest-algo", "SHA1", "--detach-sign"), "its hash is SHA-1;", id="SHA-1"),
        pytest.param(("--digest-algo", "RIPEMD160", "--detach-sign"), "its hash is RIPEMD-160;", id="RIPEMD"),
        pytest.param(("--digest-algo", "SHA224", "--detach-sign"), "its hash is SHA-224;", id="SHA-224"),
        pytest.param(("--textmode", "--detach-sign"), "it is of type 0x01", id="text"),
        pytest.param(
            ("--default-sig-expire", "2026-03-01", "--detach-sign"), "it expires; what was", id="that expires"
        ),
        pytest.param(("--sign",), "its armor is not that of a PGP signature", id="inline"),
        pytest.param(("--clear-sign",), "its armor is not that of a PGP signature", id="clear text"),
        pytest.param(
            ("--sig-notation", "!must@example.com=understand", "--detach-sign"),
            "its critical subpacket 20 is not understood",
            id="critical notation",
        ),
    ],
)
def test_a_signature_of_another_kind_is_refused_by_name(
    gpg: Gpg, ada: str, options: tuple[str, ...], reason: str
) -> None:
    signature = gpg.sign(ada, MESSAGE, *options, at=SIGNED)

    with pytest.raises(BadSignature) as caught:
        verify(signature, gpg.export("ada"), at=JANUARY)

    assert reason in caught.value.what


def test_two_signatures_are_not_one(gpg: Gpg, ada: str) -> None:
    other = gpg.make("other", at=MADE)
    signature = gpg.sign(ada, MESSAGE, "-u", other, "--detach-sign", at=SIGNED)

    with pytest.raises(BadSignature, match="it has 2 packets, where one signature stands alone"):
        verify(signature, gpg.export("ada"), at=JANUARY)


def test_another_spelling_of_the_armor_is_refused(gpg: Gpg, ada: str) -> None:
    good = gpg.sign(ada, MESSAGE, at=SIGNED)
    assert openpgp.read(good + b"\n") == openpgp.read(good) == openpgp.read(good.rstrip(b"\n"))
    spellings = {
        "its armor is not that of a PGP signature": good + b"\n\n",
        "its lines are not of equal length": good.replace(b"\n\n", b"\n\n\n"),
        "its checksum is wrong": good.replace(good[-30:-28], b"AA") if good[-30:-28] != b"AA" else good,
        "its armor has headers that are not known": good.replace(b"\n\n", b"\nColour: red\n\n"),
    }
    commented = good.replace(b"\n\n", b"\nComment: hello\n\n")
    assert openpgp.read(commented) == openpgp.read(good)
    for reason, spelling in spellings.items():
        if reason == "its checksum is wrong":
            lines = good.split(b"\n")
            lines[-3] = b"=AAAA"
            spelling = b"\n".join(lines)  # noqa: PLW2901 - the one that needs lines
        with pytest.raises(BadSignature) as caught:
            openpgp.read(spelling)
        assert reason in caught.value.what


@pytest.mark.parametrize(
    ("kind", "usage", "reason"),
    [
        pytest.param("rsa1024", "sign", "RSA of 1024 bits; at least 2048 are accepted", id="short RSA"),
        pytest.param("dsa2048", "sign", "of kind DSA; RSA, ECDSA and EdDSA sign", id="DSA"),
    ],
)
def test_a_weak_certificate_is_refused_by_name(gpg: Gpg, kind: str, usage: str, reason: str) -> None:
    gpg.make(f"weak-{kind}", kind, usage, at=MADE)

    with pytest.raises(pgpcert.BadCertificate) as caught:
        pgpcert.read(gpg.export(f"weak-{kind}"))

    assert reason in caught.value.what
    assert "export-minimal" in caught.value.remedy


def test_a_certificate_with_more_than_its_bindings_is_refused(gpg: Gpg, ada: str) -> None:
    """Others' signatures, a private key, two of them: each by name; the minimal export of the same passes."""
    signer = gpg.make("signer", "ed25519", "cert", at=MADE)
    gpg.make("signed", at=MADE)
    gpg("-u", signer, "--quick-sign-key", gpg.fingerprints("signed")[0], at=SIGNED)
    private = gpg("--armor", "--export-secret-keys", ada).decode()
    two = gpg.export("ada") + gpg.export("signed")

    reasons = []
    for text in (
        gpg.export("signed", "no-export-minimal"),
        private,
        two,
        "",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----",
    ):
        with pytest.raises(pgpcert.BadCertificate) as caught:
            pgpcert.read(text)
        reasons.append(caught.value.what.partition(": ")[2])

    assert reasons == [
        "a name in it is bound 2 times, not once",
        "its armor is not that of a PGP public key block",
        "its lines are not of equal length",
        "its armor is not that of a PGP public key block",
        "its armor is not that of a PGP public key block",
    ]
    assert pgpcert.read(gpg.export("signed")).fingerprint == gpg.fingerprints("signed")[0]


def test_a_signature_of_another_certificate_is_not_this_ones(gpg: Gpg, ada: str) -> None:
    other = gpg.make("another", at=MADE)

    with pytest.raises(BadSignature, match="not made over these bytes by a key of"):
        verify(gpg.sign(other, MESSAGE, at=SIGNED), gpg.export("ada"), at=JANUARY)
