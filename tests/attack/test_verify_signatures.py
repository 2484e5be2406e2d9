"""Attacks on the signature's own bytes. All are stopped by verify, in sshsig."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from tests.support.chain import Chain, envelope, key_blob, private_key, to_sign

from gitwarrant.git.commit import parse_commit
from gitwarrant.model.errors import Refused
from gitwarrant.trust.sshsig import BadSignature, verify
from gitwarrant.trust.sshwire import UINT32, string

MESSAGE = b"tree and parents and all the rest"
SK_ED25519 = b"sk-ssh-ed25519@openssh.com"
SK_P256 = b"sk-ecdsa-sha2-nistp256@openssh.com"


def number(value: int) -> bytes:
    """A positive multiple precision integer."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def rsa_blob(key: rsa.RSAPrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return string(b"ssh-rsa") + number(numbers.e) + number(numbers.n)


def sign_rsa(key: rsa.RSAPrivateKey, algorithm: bytes, hash_: hashes.HashAlgorithm, message: bytes) -> bytes:
    raw = key.sign(to_sign(message, "git"), padding.PKCS1v15(), hash_)
    return envelope(rsa_blob(key), "git", string(algorithm) + string(raw))


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_rsa_with_sha1(rsa_key: rsa.RSAPrivateKey) -> None:
    """`ssh-rsa` means SHA-1, for which two commits with one signature can be made."""
    old = sign_rsa(rsa_key, b"ssh-rsa", hashes.SHA1(), MESSAGE)  # noqa: S303 - the attack
    new = sign_rsa(rsa_key, b"rsa-sha2-512", hashes.SHA512(), MESSAGE)

    assert verify(new, MESSAGE, "git").startswith("ssh-rsa ")
    with pytest.raises(BadSignature, match="must be rsa-sha2-256 or rsa-sha2-512, not ssh-rsa"):
        verify(old, MESSAGE, "git")


def test_rsa_with_sha1_on_a_commit(rsa_key: rsa.RSAPrivateKey) -> None:
    """The same through verify: refused, whoever approves."""
    chain = Chain()
    payload = chain.raw([chain.head], chain.after({"web.yaml": "x"}), by="alice", signed=False)
    signature = sign_rsa(rsa_key, b"ssh-rsa", hashes.SHA1(), payload)  # noqa: S303 - the attack
    chain.land({"web.yaml": "x"}, by="alice", signature=signature)
    chain.approve("bob")
    chain.approve("carol")

    with pytest.raises(Refused, match="rsa-sha2-256 or rsa-sha2-512, not ssh-rsa") as caught:
        chain.verify()
    assert caught.value.stage == "verify"


def test_rsa_too_short() -> None:
    """1024 bits can be broken by those who would care to."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the attack
    signature = sign_rsa(key, b"rsa-sha2-512", hashes.SHA512(), MESSAGE)

    with pytest.raises(BadSignature, match="RSA of 1024 bits; 2048 to 8192 are accepted"):
        verify(signature, MESSAGE, "git")


def touched(flags: int, *, application: bytes = b"ssh:", kind: bytes = SK_ED25519) -> bytes:
    """A signature as a security key makes it, with the given flags."""
    hashed = hashlib.sha256(to_sign(MESSAGE, "git")).digest()
    signed = hashlib.sha256(application).digest() + bytes([flags]) + UINT32.pack(7) + hashed
    end = bytes([flags]) + UINT32.pack(7)
    if kind == SK_ED25519:
        key = private_key("hardware")
        blob = string(kind) + string(key.public_key().public_bytes_raw()) + string(application)
        return envelope(blob, "git", string(kind) + string(key.sign(signed)) + end)
    curve_key = ec.derive_private_key(7, ec.SECP256R1())
    numbers = curve_key.public_key().public_numbers()
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    blob = string(kind) + string(b"nistp256") + string(point) + string(application)
    r, s = utils.decode_dss_signature(curve_key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return envelope(blob, "git", string(kind) + string(number(r) + number(s)) + end)


@pytest.mark.parametrize("kind", [pytest.param(SK_ED25519, id="ed25519"), pytest.param(SK_P256, id="P-256")])
def test_sk_without_touch(kind: bytes) -> None:
    """Malware asked the security key, and it signed without being touched; ssh-keygen would accept that."""
    assert verify(touched(0x01, kind=kind), MESSAGE, "git").startswith(kind.decode())
    assert verify(touched(0x05, kind=kind), MESSAGE, "git").startswith(kind.decode())
    with pytest.raises(BadSignature, match="the security key was not touched"):
        verify(touched(0x00, kind=kind), MESSAGE, "git")
    with pytest.raises(BadSignature, match="the security key was not touched"):
        verify(touched(0x04, kind=kind), MESSAGE, "git")


def test_sk_that_signs_hidden_data() -> None:
    """Flags announce extensions, which the signature then does not contain."""
    with pytest.raises(BadSignature, match="signed data that is not in the signature"):
        verify(touched(0x81), MESSAGE, "git")


def test_sk_of_a_web_site() -> None:
    """A signature that a browser obtained for a web site is none for Git."""
    with pytest.raises(BadSignature, match=r"a security key for 'https://mallory.example', not for ssh"):
        verify(touched(0x01, application=b"https://mallory.example"), MESSAGE, "git")


def test_touch_flag_set_afterwards() -> None:
    """The flag is part of what the hardware signed."""
    with pytest.raises(BadSignature, match="not made over these bytes"):
        verify(_with_end(0x00, 0x01), MESSAGE, "git")


def _with_end(signed: int, claimed: int) -> bytes:
    """A signature over one flag byte that claims another."""
    hashed = hashlib.sha256(to_sign(MESSAGE, "git")).digest()
    data = hashlib.sha256(b"ssh:").digest() + bytes([signed]) + UINT32.pack(7) + hashed
    key = private_key("hardware")
    blob = string(SK_ED25519) + string(key.public_key().public_bytes_raw()) + string(b"ssh:")
    end = bytes([claimed]) + UINT32.pack(7)
    return envelope(blob, "git", string(SK_ED25519) + string(key.sign(data)) + end)


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
