"""OpenPGP signatures over commits and tags: framed here, computed by Sequoia, judged when first seen.

The library judges at the time that the signature says it was made, and refuses
times after its own now. So a stolen, expired key could sign into the past: what
limits a key is judged here a second time, at the moment the log knows of.

1. One detached signature over bytes, by SHA-2, whose frame is understood (pgpwire).
2. It is right, made by the primary key or a signing subkey of exactly the listed
   certificate, bound when the signature says it was made (the library; brainpool).
3. It does not say to be made after it was first seen.
4. The key was not revoked, and had not ended when the signature was first seen.

There is no namespace in OpenPGP: it signs commits and tags, never statements.
Source: RFC 9580.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pysequoia

from gitwarrant.trust import brainpool
from gitwarrant.trust.pgpcert import SCHEME, Certificate, CertifiedKey, asked
from gitwarrant.trust.pgpwire import SignaturePacket, check_signature, read_signature
from gitwarrant.trust.proven import BadSignature, Proven
from gitwarrant.trust.sshwire import Malformed

BEGIN = b"-----BEGIN PGP"
MAX_SKEW = timedelta(minutes=5)  # how far a person's clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class OpenPgpKey:
    """The key that signed: `line` names its certificate, `fingerprint` the key itself."""

    line: str
    fingerprint: str


def read(armored: bytes) -> SignaturePacket:
    """Read a signature's frame, to learn whose it claims to be.

    Raises:
        BadSignature: it is in no form that could be read.
    """
    try:
        return read_signature(armored)
    except ValueError as error:
        raise BadSignature(f"OpenPGP: {error}") from error


def verify(signature: SignaturePacket, message: bytes, certificate: Certificate, *, at: datetime) -> Proven:
    """Verify a signature by a listed certificate, as of the time it was first seen.

    Raises:
        BadSignature: it is not in the form we accept, or was not made over
            these bytes by a key that could then sign.
    """
    try:
        made = check_signature(signature)  # 1
    except Malformed as error:
        raise BadSignature(f"OpenPGP: {error}") from error
    key = _signing_key(signature, message, certificate, made)  # 2
    if made > at + MAX_SKEW:  # 3
        raise BadSignature(f"OpenPGP: it says it was made {made:%Y-%m-%d %H:%M}, after it was first seen")
    if key.revoked:  # 4
        raise BadSignature(f"OpenPGP: its key {key.fingerprint} was revoked")
    if key.expires and at >= key.expires:
        raise BadSignature(f"OpenPGP: its key {key.fingerprint} expired {key.expires:%Y-%m-%d %H:%M}")
    return Proven(OpenPgpKey(certificate.line, SCHEME + key.fingerprint))


def _signing_key(
    signature: SignaturePacket, message: bytes, certificate: Certificate, made: datetime
) -> CertifiedKey:
    try:
        if certificate.brainpool:
            brainpool.verify(signature.frame, message, certificate.data, made=made)
            return certificate.keys[0]
        valid = asked(lambda: _valid(signature.data, message, certificate))
        if len(valid) != 1 or valid[0].certificate != certificate.fingerprint:
            raise Malformed("it was not made by exactly this certificate")
    except (ValueError, brainpool.InvalidSignature) as error:
        raise BadSignature(
            f"OpenPGP: it was not made over these bytes by a key of {certificate.line} that could sign"
        ) from error
    known = {key.fingerprint: key for key in certificate.keys}
    if valid[0].signing_key not in known:
        raise BadSignature(f"OpenPGP: {valid[0].signing_key} is no signing key of {certificate.line}")
    return known[valid[0].signing_key]


def _valid(signature: bytes, message: bytes, certificate: Certificate) -> list[Any]:
    detached = pysequoia.Sig.from_bytes(signature)
    return pysequoia.verify(
        bytes=message, store=lambda _ids: [certificate.library], signature=detached
    ).valid_sigs
