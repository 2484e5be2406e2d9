"""Public keys of SSH: read strictly once, then asked to check signatures many times.

Accepted: ed25519, ECDSA on the NIST curves, RSA from 2048 bits with SHA-2, and
both kinds that live on a security key (`sk-...`), where the touch is required:
ssh-keygen verifies such a signature without looking at that flag, so malware
with a stolen agent could sign unseen. DSA is refused by name; certificates are
read by sshcert, and are no keys.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.identity import Hardware
from gitwarrant.trust.sshwire import UINT32, Malformed, Reader

MAX_KEY_BYTES = 4096  # RSA with 16384 bits takes 2100
MAX_RSA_BITS = 8192  # each doubling costs four times the work, and no one uses more
MIN_RSA_BITS = 2048  # NIST SP 800-131A: less is disallowed

TOUCHED = 0x01  # FIDO user presence
VERIFIED = 0x04  # FIDO user verification: PIN or biometry
UNREAD_DATA = 0xC0  # attested data or extensions would follow, which an SSH signature cannot hold


class BadKey(GitwarrantError):
    """A public key that cannot be read, or of a kind that is not accepted."""

    def __init__(self, what: str, *, place: Place | None = None) -> None:
        remedy = (
            "give an OpenSSH public key: ssh-ed25519, ecdsa-sha2-..., ssh-rsa of 2048 bits or more, sk-..."
        )
        super().__init__(what, remedy=remedy, place=place)


class Verifier(Protocol):
    """What a kind of key does."""

    def check(self, algorithm: str, signature: Reader, message: bytes) -> Hardware:
        """Return when the signature is right, with what it proves about the device.

        Raises:
            Malformed: it is not a signature of this kind of key.
            InvalidSignature: it is, and it is wrong.
        """
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that was read: its canonical line without comment, its fingerprint, its verifier."""

    line: str
    fingerprint: str
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Ed25519:
    """RFC 8709, by libsodium: twice as fast as OpenSSL here, and most commits are signed with it."""

    key: VerifyKey

    def check(self, algorithm: str, signature: Reader, message: bytes) -> Hardware:
        _require(algorithm, "ssh-ed25519")
        raw = signature.string()
        signature.end()
        self.check_raw(raw, message)
        return Hardware.NONE

    def check_raw(self, raw: bytes, message: bytes) -> None:
        try:
            self.key.verify(message, raw)
        except CryptoError as error:  # also a signature of another length
            raise InvalidSignature from error


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """RFC 5656: one hash per curve."""

    name: str
    key: ec.EllipticCurvePublicKey
    hash: HashAlgorithm

    def check(self, algorithm: str, signature: Reader, message: bytes) -> Hardware:
        _require(algorithm, self.name)
        self.check_pair(signature.string(), message)
        signature.end()
        return Hardware.NONE

    def check_pair(self, pair: bytes, message: bytes) -> None:
        """Check the two numbers that make an ECDSA signature."""
        reader = Reader(pair)
        r, s = reader.positive(), reader.positive()
        reader.end()
        self.key.verify(encode_dss_signature(r, s), message, ec.ECDSA(self.hash))


@dataclass(frozen=True, slots=True)
class Rsa:
    """RFC 8332; `ssh-rsa` as a signature algorithm means SHA-1 and is refused."""

    key: rsa.RSAPublicKey

    def check(self, algorithm: str, signature: Reader, message: bytes) -> Hardware:
        hashes: dict[str, HashAlgorithm] = {"rsa-sha2-256": SHA256(), "rsa-sha2-512": SHA512()}
        if algorithm not in hashes:
            raise Malformed(f"an RSA signature must be rsa-sha2-256 or rsa-sha2-512, not {algorithm}")
        raw = signature.string()
        signature.end()
        if len(raw) != (self.key.key_size + 7) // 8:
            raise Malformed("an RSA signature must be as long as its key")
        self.key.verify(raw, message, padding.PKCS1v15(), hashes[algorithm])
        return Hardware.NONE


@dataclass(frozen=True, slots=True)
class SecurityKey:
    """A key on FIDO hardware: it signs the application, its flags and counter, and the message's hash.

    Source: OpenSSH, PROTOCOL.u2f.
    """

    name: str
    inner: Ed25519 | Ecdsa
    application: bytes

    def check(self, algorithm: str, signature: Reader, message: bytes) -> Hardware:
        _require(algorithm, self.name)
        raw = signature.string()
        flags, counter = signature.take(1)[0], signature.uint32()
        signature.end()
        if flags & UNREAD_DATA:
            raise Malformed("a security key signed data that is not in the signature")
        if not flags & TOUCHED:
            raise Malformed("the security key was not touched")
        signed = hashlib.sha256(self.application).digest() + bytes([flags]) + UINT32.pack(counter)
        signed += hashlib.sha256(message).digest()
        if isinstance(self.inner, Ed25519):
            self.inner.check_raw(raw, signed)
        else:
            self.inner.check_pair(raw, signed)
        return Hardware.PIN if flags & VERIFIED else Hardware.TOUCH


def _require(algorithm: str, name: str) -> None:
    if algorithm != name:
        raise Malformed(f"a key of kind {name} cannot make a signature of kind {algorithm}")


def _read_ed25519(reader: Reader) -> Ed25519:
    return Ed25519(VerifyKey(reader.string()))


def _read_ecdsa(reader: Reader, *, curve: ec.EllipticCurve, hash_: HashAlgorithm, name: str) -> Ecdsa:
    if reader.text() != name.rpartition("-")[2].removesuffix("@openssh.com"):
        raise Malformed("its curve is not the one its kind names")
    point = reader.string()
    if len(point) != 1 + 2 * ((curve.key_size + 7) // 8) or point[0] != 4:
        raise Malformed("its point is not in uncompressed form")
    return Ecdsa(name, ec.EllipticCurvePublicKey.from_encoded_point(curve, point), hash_)


def _read_rsa(reader: Reader) -> Rsa:
    exponent, modulus = reader.positive(), reader.positive()
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise Malformed(f"RSA of {modulus.bit_length()} bits; {MIN_RSA_BITS} to {MAX_RSA_BITS} are accepted")
    if not 3 <= exponent < 2**32 or not exponent & 1:
        raise Malformed("its RSA exponent is not an odd number below 2^32")
    return Rsa(rsa.RSAPublicNumbers(exponent, modulus).public_key())


def _read_security_key(
    reader: Reader, *, name: str, inner: Callable[[Reader], Ed25519 | Ecdsa]
) -> SecurityKey:
    key = inner(reader)
    application = reader.text()
    if not application.startswith("ssh:"):
        raise Malformed(f"a security key for {application!r}, not for ssh")
    return SecurityKey(name, key, application.encode())


_P256 = partial(_read_ecdsa, curve=ec.SECP256R1(), hash_=SHA256())
SK_ED25519, SK_P256 = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"

KINDS: Mapping[str, Callable[[Reader], Verifier]] = {
    "ssh-ed25519": _read_ed25519,
    "ecdsa-sha2-nistp256": partial(_P256, name="ecdsa-sha2-nistp256"),
    "ecdsa-sha2-nistp384": partial(
        _read_ecdsa, curve=ec.SECP384R1(), hash_=SHA384(), name="ecdsa-sha2-nistp384"
    ),
    "ecdsa-sha2-nistp521": partial(
        _read_ecdsa, curve=ec.SECP521R1(), hash_=SHA512(), name="ecdsa-sha2-nistp521"
    ),
    "ssh-rsa": _read_rsa,
    SK_ED25519: partial(_read_security_key, name=SK_ED25519, inner=_read_ed25519),
    SK_P256: partial(_read_security_key, name=SK_P256, inner=partial(_P256, name=SK_P256)),
}


@lru_cache(maxsize=4096)
def read_blob(blob: bytes) -> PublicKey:
    """Read a key from its wire form. Cached: a repository has few keys and many signatures.

    Raises:
        Malformed: too large, damaged, weak, or of a kind that is not accepted.
    """
    if len(blob) > MAX_KEY_BYTES:
        raise Malformed(f"a key of {len(blob)} bytes; at most {MAX_KEY_BYTES} are accepted")
    reader = Reader(blob)
    kind = reader.text()
    if kind not in KINDS:
        noun = "certificates are" if "-cert-v" in kind else f"keys of kind {kind} are"
        raise Malformed(f"{noun} not accepted")
    try:
        verifier = KINDS[kind](reader)
    except UnsupportedAlgorithm as error:
        raise Malformed(f"a key of kind {kind} that this machine's OpenSSL cannot use") from error
    except ValueError as error:
        raise error if isinstance(error, Malformed) else Malformed(f"not a valid key: {error}") from error
    reader.end()
    digest = base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()
    return PublicKey(f"{kind} {base64.b64encode(blob).decode()}", f"SHA256:{digest}", verifier)


def read_line(line: str, *, place: Place | None = None) -> PublicKey:
    """Read a key as it stands in a `.pub` file: kind, base64, and perhaps a comment.

    Raises:
        BadKey: it is not such a line, or the key is not accepted.
    """
    kind, _, rest = line.strip().partition(" ")
    encoded = rest.partition(" ")[0]
    try:
        key = read_blob(binascii.a2b_base64(encoded.encode(), strict_mode=True))
    except ValueError as error:
        raise BadKey(f"{line[:40]!r} is not an accepted public key: {error}", place=place) from error
    if key.line != f"{kind} {encoded}":
        raise BadKey(f"the public key {line[:40]!r} is not in canonical form", place=place)
    return key


__all__ = ["BadKey", "InvalidSignature", "PublicKey", "read_blob", "read_line"]
