"""Who signs warrants: ECDSA on P-256, which cosign, tokens and every key service speak.

A provider is one module beside this one and one line in `trust.signers`.
"""

import hashlib
import re
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from gitwarrant.model.errors import GitwarrantError

PUBLIC_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----")
MAX_KEY_BYTES = 16 * 1024  # a PEM of a P-256 key has 241


class UnusableKey(GitwarrantError):
    """A warrant key that cannot be read, must not be used as it lies, or is of another kind."""


class Signer(Protocol):
    """What signs warrants. The key may be in a file, in hardware or far away.

    A provider promises: the key stays the same as long as the signer is used;
    what `sign` returns was verified by `public_pem`; no call takes longer than
    a minute; and whatever goes wrong is an `UnusableKey` that says what to do.
    Secrets (a PIN, a cloud's credential) never stand in an argument of a process.
    """

    @property
    def keyid(self) -> str:
        """SHA-256 of the public key's DER form, in hexadecimal digits."""
        ...

    @property
    def public_pem(self) -> bytes:
        """The public key as PEM (SubjectPublicKeyInfo)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign with ECDSA, P-256 and SHA-256; the signature in DER.

        Raises:
            UnusableKey: the key is gone or refuses.
        """
        ...


def keyid(public: ec.EllipticCurvePublicKey) -> str:
    """How a public key is named: SHA-256 of its DER form."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def write_public(public: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as PEM (SubjectPublicKeyInfo)."""
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def read_public(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public P-256 key.

    Raises:
        UnusableKey: it is not one.
    """
    try:
        key = serialization.load_pem_public_key(pem[:MAX_KEY_BYTES])
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("not a public key in PEM", remedy="give the warrant key's .pub file") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UnusableKey("not a P-256 public key", remedy="give the warrant key's .pub file")
    return key


def public_blocks(pem: bytes) -> tuple[bytes, ...]:
    """The PEM blocks of a text that may hold several public keys, in their order."""
    return tuple(block + b"\n" for block in PUBLIC_BLOCK.findall(pem))


def is_signed(public: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the key's owner signed the message."""
    try:
        public.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
