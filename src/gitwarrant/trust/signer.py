"""Keys that sign warrants: ECDSA on P-256, which cosign and every KMS speak."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from gitwarrant.model.errors import GitwarrantError

MAX_KEY_BYTES = 16 * 1024  # a PEM of a P-256 key has 241
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnusableKey(GitwarrantError):
    """A warrant key that cannot be read, must not be used as it lies, or is of another kind."""


class Signer(Protocol):
    """What signs warrants. The key may be in a file, in hardware or far away."""

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


class FileSigner:
    """A key in a PEM file (PKCS #8, unencrypted) that only its owner may read."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        """Use `load` or `generate`."""
        self._key = key
        self.public_pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.keyid = keyid(key.public_key())

    @classmethod
    def load(cls, path: Path) -> "FileSigner":
        """Read a key.

        Raises:
            UnusableKey: missing, unreadable, readable for others, or not a P-256 key.
        """
        try:
            with path.open("rb") as file:
                _check_permissions(path, os.fstat(file.fileno()).st_mode)
                data = file.read(MAX_KEY_BYTES + 1)
        except OSError as error:
            raise UnusableKey(
                f"the warrant key {path} cannot be read: {error.strerror}",
                remedy="correct the path or the file's owner, or make a key and start over with it",
            ) from error
        return cls(_private_key(path, data))

    @classmethod
    def generate(cls, path: Path) -> "FileSigner":
        """Make a new key and write it, readable for its owner only; never over an existing file.

        Raises:
            UnusableKey: the file exists or cannot be written.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(draft, "xb", opener=_private) as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # unlike rename, refuses to replace
            finally:
                draft.unlink()
        except OSError as error:
            raise UnusableKey(
                f"no warrant key can be written to {path}: {error.strerror}",
                remedy="choose another path, or keep using the key that is there",
            ) from error
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """Sign with ECDSA, P-256 and SHA-256; the signature in DER."""
        return self._key.sign(message, ec.ECDSA(SHA256()))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _check_permissions(path: Path, mode: int) -> None:
    if mode & OTHERS:
        raise UnusableKey(
            f"the warrant key {path} is open to others (mode {stat.S_IMODE(mode):04o})",
            remedy=f"chmod 600 {path}; if others could read it, make a new one: who holds it can deploy",
        )


def _private_key(path: Path, data: bytes) -> ec.EllipticCurvePrivateKey:
    key: object = None
    if len(data) <= MAX_KEY_BYTES:
        try:
            key = serialization.load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _no_key(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _no_key(path)
    return key


def _no_key(path: Path) -> UnusableKey:
    return UnusableKey(
        f"{path} does not hold an unencrypted P-256 private key in PEM",
        remedy="make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
    )


def keyid(public: ec.EllipticCurvePublicKey) -> str:
    """How a public key is named: SHA-256 of its DER form."""
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def read_public(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public P-256 key.

    Raises:
        UnusableKey: it is not one.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("not a public key in PEM", remedy="give the warrant key's .pub file") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UnusableKey("not a P-256 public key", remedy="give the warrant key's .pub file")
    return key


def is_signed(public: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the key's owner signed the message."""
    try:
        public.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
