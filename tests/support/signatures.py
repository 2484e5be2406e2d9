"""SSH signatures made in process: as ssh-keygen makes them, and as it would not: of any hash, any flag."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from gitwarrant.trust.sshwire import UINT32, string
from tests.support.chain import envelope, private_key, to_sign

SK_ED25519 = b"sk-ssh-ed25519@openssh.com"
SK_P256 = b"sk-ecdsa-sha2-nistp256@openssh.com"


def sign_by_file(key: Path, message: bytes, namespace: str = "git") -> bytes:
    """Sign with an ed25519 key of ssh-keygen, as `ssh-keygen -Y sign` does, without starting it."""
    loaded = _loaded(key)
    blob = string(b"ssh-ed25519") + string(loaded.public_key().public_bytes_raw())
    raw = loaded.sign(to_sign(message, namespace))
    return envelope(blob, namespace, string(b"ssh-ed25519") + string(raw))


@cache
def _loaded(key: Path) -> Ed25519PrivateKey:
    loaded = load_ssh_private_key(key.read_bytes(), password=None)
    if not isinstance(loaded, Ed25519PrivateKey):
        raise TypeError(f"{key} is not an ed25519 key")
    return loaded


def number(value: int) -> bytes:
    """A positive multiple precision integer."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def line(blob: bytes) -> str:
    """A public key as a line of authorized_keys, without comment."""
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode()
    return f"{kind} {base64.b64encode(blob).decode()}"


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One RSA key of this size, the same for all tests of a session."""
    return rsa.generate_private_key(65537, bits)


def rsa_blob(key: rsa.RSAPrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return string(b"ssh-rsa") + number(numbers.e) + number(numbers.n)


def sign_rsa(key: rsa.RSAPrivateKey, algorithm: bytes, hash_: hashes.HashAlgorithm, message: bytes) -> bytes:
    """Sign for namespace `git`, under the name of any algorithm, with any hash."""
    raw = key.sign(to_sign(message, "git"), padding.PKCS1v15(), hash_)
    return envelope(rsa_blob(key), "git", string(algorithm) + string(raw))


def sk_blob(kind: bytes = SK_ED25519, application: bytes = b"ssh:") -> bytes:
    """The public half of a security key that is not one."""
    if kind == SK_ED25519:
        public = private_key("hardware").public_key().public_bytes_raw()
        return string(kind) + string(public) + string(application)
    numbers = _curve_key().public_key().public_numbers()
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return string(kind) + string(b"nistp256") + string(point) + string(application)


def sign_sk(
    message: bytes,
    flags: int,
    *,
    claimed: int | None = None,
    application: bytes = b"ssh:",
    kind: bytes = SK_ED25519,
) -> bytes:
    """A signature as a security key makes it, with the given flags; `claimed` stands in it instead."""
    hashed = hashlib.sha256(to_sign(message, "git")).digest()
    signed = hashlib.sha256(application).digest() + bytes([flags]) + UINT32.pack(7) + hashed
    end = bytes([flags if claimed is None else claimed]) + UINT32.pack(7)
    if kind == SK_ED25519:
        raw = private_key("hardware").sign(signed)
    else:
        r, s = utils.decode_dss_signature(_curve_key().sign(signed, ec.ECDSA(hashes.SHA256())))
        raw = number(r) + number(s)
    return envelope(sk_blob(kind, application), "git", string(kind) + string(raw) + end)


@cache
def _curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(7, ec.SECP256R1())
