"""Attacks on the signature's own bytes. All are stopped by verify, in sshsig."""

import pytest
from cryptography.hazmat.primitives import hashes
from tests.support.chain import Chain, envelope, key_blob, private_key, to_sign
from tests.support.signatures import SK_ED25519, SK_P256, rsa_key, sign_rsa, sign_sk

from gitwarrant.git.commit import parse_commit
from gitwarrant.trust.sshsig import BadSignature, verify
from gitwarrant.trust.sshwire import string

MESSAGE = b"tree and parents and all the rest"


def test_rsa_too_short() -> None:
    """1024 bits can be broken by those who would care to."""
    signature = sign_rsa(rsa_key(1024), b"rsa-sha2-512", hashes.SHA512(), MESSAGE)

    with pytest.raises(BadSignature, match="RSA of 1024 bits; 2048 to 8192 are accepted"):
        verify(signature, MESSAGE, "git")


@pytest.mark.parametrize("kind", [pytest.param(SK_ED25519, id="ed25519"), pytest.param(SK_P256, id="P-256")])
def test_sk_with_pin_but_without_touch(kind: bytes) -> None:
    """A PIN can be typed by malware that has seen it; the touch cannot."""
    assert verify(sign_sk(MESSAGE, 0x01, kind=kind), MESSAGE, "git").startswith(kind.decode())
    assert verify(sign_sk(MESSAGE, 0x05, kind=kind), MESSAGE, "git").startswith(kind.decode())
    with pytest.raises(BadSignature, match="the security key was not touched"):
        verify(sign_sk(MESSAGE, 0x04, kind=kind), MESSAGE, "git")


def test_sk_that_signs_hidden_data() -> None:
    """Flags announce extensions, which the signature then does not contain."""
    with pytest.raises(BadSignature, match="signed data that is not in the signature"):
        verify(sign_sk(MESSAGE, 0x81), MESSAGE, "git")


@pytest.mark.parametrize("kind", ["ssh-dss", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"])
def test_key_of_a_kind_that_is_not_accepted(kind: str) -> None:
    """Refused by name, never guessed at."""
    blob = string(kind.encode()) + string(b"x" * 32)

    with pytest.raises(BadSignature, match="not accepted"):
        verify(envelope(blob, "git", string(kind.encode()) + string(b"x" * 64)), MESSAGE, "git")


def test_signature_of_another_kind_than_its_key() -> None:
    """The key says ed25519, the signature says otherwise."""
    raw = private_key("alice").sign(to_sign(MESSAGE, "git"))

    with pytest.raises(BadSignature, match="cannot make a signature of kind rsa-sha2-512"):
        verify(envelope(key_blob("alice"), "git", string(b"rsa-sha2-512") + string(raw)), MESSAGE, "git")


def test_bytes_behind_the_signature() -> None:
    """Room for hidden bytes would give one commit many ids."""
    raw = private_key("alice").sign(to_sign(MESSAGE, "git"))
    padded = string(b"ssh-ed25519") + string(raw) + b"more"

    with pytest.raises(BadSignature, match="4 bytes follow its end"):
        verify(envelope(key_blob("alice"), "git", padded), MESSAGE, "git")


def test_a_commit_reads_back_what_was_signed() -> None:
    """The support's own signing is what Git's payload rules say: else these attacks would prove nothing."""
    chain = Chain()
    landing = chain.land({"web.yaml": "x"}, by="alice")
    parsed = parse_commit(landing.commits[0].raw, landing.commit)

    assert verify(parsed.signature or b"", parsed.payload, "git") == (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + verify(parsed.signature or b"", parsed.payload, "git")[37:]
    )
