"""A warrant key in a file."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from gitwarrant.trust.signer import MAX_KEY_BYTES, UnusableKey, keyid, write_public

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FileSigner:
    """A key in a PEM file (PKCS #8, unencrypted) that only its owner may read."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        """Use `load` or `generate`."""
        self._key = key
        self.public_pem = write_public(key.public_key())
        self.keyid = keyid(key.public_key())

    @classmethod
    def load(cls, path: Path) -> "FileSigner":
        """Read a key.

        Raises:
            UnusableKey: missing, unreadable, readable for others, or not a P-256 key.
        """
        try:
            data = read_secret(path, "the warrant key")
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


def read_secret(path: Path, noun: str) -> bytes:
    """The first bytes of a file that its owner alone may read.

    Raises:
        OSError: it cannot be read.
        UnusableKey: others may read or write it.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & OTHERS:
            raise UnusableKey(
                f"{noun} {path} is open to others (mode {stat.S_IMODE(mode):04o})",
                remedy=f"chmod 600 {path}; if others could read it, make a new one: who holds it can deploy",
            )
        return file.read(MAX_KEY_BYTES + 1)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


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
