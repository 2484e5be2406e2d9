"""SSH signatures over bytes (SSHSIG), read strictly and verified in process.

Source: OpenSSH, PROTOCOL.sshsig. Not checked here: whose key it is and whether
it may sign (identities), and when (verify).
"""

import binascii
import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.trust.proven import BadSignature, NamedKey, Proven
from gitwarrant.trust.sshcert import Certificate, read_signer, read_signer_line
from gitwarrant.trust.sshkey import PublicKey, read_line
from gitwarrant.trust.sshwire import Malformed, Reader, string

__all__ = [
    "BadSignature",
    "CannotSign",
    "examine",
    "fingerprint",
    "parse",
    "public_line",
    "sign",
    "verify",
    "verify_key",
]

BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
END = b"\n-----END SSH SIGNATURE-----"
MAGIC = b"SSHSIG"
VERSION = 1
MAX_SIGNATURE_BYTES = 16 * 1024  # RSA with 8192 bits takes 3 KiB
MAX_LINE = 76  # RFC 7468 writes 64, ssh-keygen 70, MIME 76
HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
SIGN_SECONDS = 120  # a person looks for the security key and touches it


class CannotSign(GitwarrantError):
    """ssh-keygen did not give a signature."""


@dataclass(frozen=True, slots=True)
class Signature:
    """An SSHSIG in parts; nothing in it is verified yet."""

    key: PublicKey
    certificate: Certificate | None
    namespace: str
    hash: str
    signature: bytes


def verify(signature: bytes, message: bytes, namespace: str) -> str:
    """Verify an armored signature over a message and return who made it.

    Returns:
        The line of the public key, without comment: `ssh-ed25519 AAAA...`.
        That it signed is proven; whose it is must be looked up.

    Raises:
        BadSignature: anything is wrong with it, or it was made for another
            namespace (a statement's signature never passes as a commit's).
    """
    return verify_key(signature, message, namespace).line


def verify_key(signature: bytes, message: bytes, namespace: str) -> NamedKey:
    """As `verify`, but return the key with its fingerprint."""
    return examine(signature, message, namespace).key


def examine(signature: bytes, message: bytes, namespace: str) -> Proven:
    """As `verify`, but return all that is proven."""
    parsed = parse(signature)
    if parsed.namespace != namespace:
        raise BadSignature(f"it was made for namespace {parsed.namespace!r}, not {namespace!r}")
    signed = _preamble(namespace, parsed.hash) + string(HASHES[parsed.hash](message).digest())
    try:
        reader = Reader(parsed.signature)
        hardware = parsed.key.verifier.check(reader.text(), reader, signed)
    except InvalidSignature as error:
        raise BadSignature(f"it was not made over these bytes by {parsed.key.fingerprint}") from error
    except ValueError as error:
        raise BadSignature(str(error)) from error
    return Proven(parsed.key, hardware, parsed.certificate)


@lru_cache(maxsize=64)
def _preamble(namespace: str, hash_: str) -> bytes:
    """What is signed before the message's hash: the same for all signatures of one purpose."""
    return b"".join((MAGIC, string(namespace.encode()), string(b""), string(hash_.encode())))


def parse(armored: bytes) -> Signature:
    """Read an armored signature; one spelling only.

    Raises:
        BadSignature: too large, another armor, or not canonical inside.
    """
    try:
        reader = Reader(_unarmor(armored))
        if reader.take(len(MAGIC)) != MAGIC:
            raise Malformed("it does not begin with SSHSIG")
        version = reader.uint32()
        if version != VERSION:
            raise Malformed(f"version {version}; only {VERSION} is known")
        key, certificate = read_signer(reader.string())
        namespace, reserved, hash_ = reader.text(), reader.string(), reader.text()
        if reserved:
            raise Malformed("its reserved field is not empty")
        if hash_ not in HASHES:
            raise Malformed(f"hash {hash_!r}; only sha256 and sha512 are accepted")
        signature = reader.string()
        reader.end()
    except ValueError as error:
        raise BadSignature(str(error)) from error
    return Signature(key, certificate, namespace, hash_, signature)


def _unarmor(armored: bytes) -> bytes:
    if len(armored) > MAX_SIGNATURE_BYTES:
        raise Malformed(f"{len(armored)} bytes exceed the limit of {MAX_SIGNATURE_BYTES}")
    armored = armored.removesuffix(b"\n")  # Git drops the last line feed in a header
    if not (armored.startswith(BEGIN) and armored.endswith(END)):
        raise Malformed("its armor is not that of an SSH signature")
    *full, last = armored[len(BEGIN) : -len(END)].split(b"\n")
    width = len(full[0]) if full else len(last)
    if not 0 < len(last) <= width <= MAX_LINE or any(len(line) != width for line in full):
        raise Malformed("its lines are not of equal length")
    encoded = b"".join((*full, last))
    data = binascii.a2b_base64(encoded, strict_mode=True)
    if binascii.b2a_base64(data, newline=False) != encoded:
        raise Malformed("its base64 is not canonical")
    return data


def fingerprint(public: str) -> str:
    """Name a public key as ssh-keygen does: `SHA256:` and unpadded base64.

    Raises:
        BadKey: the line is not an accepted public key.
    """
    return read_line(public).fingerprint


def sign(key: str, message: bytes, namespace: str) -> bytes:
    """Sign with a person's own key, by ssh-keygen; it asks for passphrase or touch on the terminal itself.

    Args:
        key: as Git's `user.signingkey`: the path of a private key, the path of
            a public key whose other half is in the agent, or the key itself
            (`key::ssh-ed25519 AAAA...` or `ssh-ed25519 AAAA...`).

    Returns:
        The armored signature, already verified.

    Raises:
        CannotSign: ssh-keygen is missing, failed or was left waiting.
    """
    literal = key.removeprefix("key::")
    if literal == key and not key.startswith(("ssh-", "sk-", "ecdsa-")):
        armored = _ssh_keygen(Path(key).expanduser(), message, namespace)
    else:
        with tempfile.NamedTemporaryFile("w", prefix="gitwarrant-", suffix=".pub") as public:
            public.write(literal + "\n")
            public.flush()
            armored = _ssh_keygen(Path(public.name), message, namespace)
    verify(armored, message, namespace)
    return armored


def public_line(key: str) -> str:
    """The public half of a signing key, named as for `sign`, as a line without comment; or its certificate.

    Raises:
        CannotSign: it cannot be found.
    """
    literal = key.removeprefix("key::")
    if literal != key or key.startswith(("ssh-", "sk-", "ecdsa-")):
        return _line(literal)
    path = Path(key).expanduser()
    public = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    try:
        return _line(public.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise CannotSign(
            f"the public half of {key} is not at {public}",
            remedy=f"write it: ssh-keygen -y -f {path} > {public}",
        ) from error


def _line(text: str) -> str:
    read_signer_line(text)
    return " ".join(text.split(" ")[:2]).strip()


def _ssh_keygen(key: Path, message: bytes, namespace: str) -> bytes:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(key)]
    try:
        done = subprocess.run(command, input=message, capture_output=True, check=False, timeout=SIGN_SECONDS)
    except FileNotFoundError as error:
        raise CannotSign("ssh-keygen is not installed", remedy="install the OpenSSH client") from error
    except subprocess.TimeoutExpired as error:
        raise CannotSign(
            f"ssh-keygen did not answer within {SIGN_SECONDS} s",
            remedy="touch the security key or give the passphrase when asked",
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise CannotSign(
            f"ssh-keygen could not sign with {key}: {said[-1]}",
            remedy="check the file, or load the key: ssh-add; git config user.signingkey names it",
        )
    return done.stdout
