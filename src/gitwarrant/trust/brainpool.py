"""OpenPGP signatures by primary keys on the brainpool curves, which the library's own arithmetic lacks.

Only what `gpg` makes by default on these curves: a version 4 primary key that
signs itself, bound to its names. What is hashed is put together here, the
primitives are `cryptography`'s. Who it belongs to, and until when, is judged
where all other OpenPGP signatures are.

Source: RFC 9580, sections 5.2.4 (what is hashed), 9.2 (curves), 11.2 (points).
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from gitwarrant.trust.pgpwire import CREATED, SIGNATURE, Frame, check_hash, packets, read_frame
from gitwarrant.trust.sshwire import Malformed, Reader

ECDSA = 19
KEY_FLAGS, MAY_SIGN = 27, 0x02
IN_BINDINGS = frozenset({CREATED, 9, 11, 16, 21, 22, 23, 25, KEY_FLAGS, 30, 33, 34})
"""What a binding may mark critical: its time, its end (pgpcert), preferences, flags, features, issuer."""
PRIMARY, NAME = 6, 13  # the packets' tags
DIRECT, CERTIFICATIONS = 0x1F, frozenset(range(0x10, 0x14))  # the signatures' types
CURVES: Mapping[bytes, ec.EllipticCurve] = {
    bytes.fromhex("2b2403030208010107"): ec.BrainpoolP256R1(),
    bytes.fromhex("2b240303020801010b"): ec.BrainpoolP384R1(),
    bytes.fromhex("2b240303020801010d"): ec.BrainpoolP512R1(),
}
HASHES: Mapping[int, HashAlgorithm] = {8: SHA256(), 9: SHA384(), 10: SHA512()}


def is_brainpool(key: bytes) -> bool:
    """Whether the body of a key packet is an ECDSA key on one of these curves."""
    named = len(key) > 6 and key[0] == 4 and key[5] == ECDSA
    return named and key[7 : 7 + key[6]] in CURVES


def verify(frame: Frame, message: bytes, certificate: bytes, *, made: datetime) -> None:
    """Verify a signature by the primary key of a certificate, and what binds that key to its names.

    Args:
        certificate: its packets, without armor.
        made: when the signature says it was made; the bindings were older.

    Raises:
        Malformed: it is not a signature of such a key, or the key may not sign.
        InvalidSignature: the signature or a binding is wrong.
    """
    parts = list(packets(certificate))
    if not parts or parts[0][0] != PRIMARY or not is_brainpool(parts[0][1]):
        raise Malformed("its primary key is on no brainpool curve")
    body = parts[0][1]
    key = _key(body)
    framed = b"\x99" + len(body).to_bytes(2, "big") + body
    bound = False
    signed = framed
    for tag, part in parts[1:]:
        if tag == NAME:
            signed = framed + b"\xb4" + len(part).to_bytes(4, "big") + part
        elif tag != SIGNATURE:
            break  # subkeys, which sign nothing here
        elif part[1:2] and part[1] in CERTIFICATIONS | {DIRECT}:
            binding = read_frame(part)
            _check(key, binding, framed if binding.type == DIRECT else signed)
            bound = bound or _lets_sign(binding, made)
    if not bound:
        raise Malformed("no binding of its key, older than the signature, lets it sign")
    _check(key, frame, message)


def _key(body: bytes) -> ec.EllipticCurvePublicKey:
    """The key in a packet: version, time, algorithm, curve, and the point as one number."""
    reader = Reader(body)
    reader.take(6)
    curve = CURVES[reader.take(reader.take(1)[0])]
    point = _number(reader)
    reader.end()
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except UnsupportedAlgorithm as error:
        raise Malformed(f"this machine's OpenSSL cannot use {curve.name}") from error


def _lets_sign(binding: Frame, made: datetime) -> bool:
    """Whether a binding is older than the signature and does not withhold signing."""
    for kind, body in binding.hashed:
        if kind & 0x80 and kind & 0x7F not in IN_BINDINGS:
            raise Malformed(f"critical subpacket {kind & 0x7F} of a binding is not understood")
        if kind & 0x7F == CREATED and datetime.fromtimestamp(int.from_bytes(body[:4], "big"), UTC) > made:
            return False
        if kind & 0x7F == KEY_FLAGS and not (body and body[0] & MAY_SIGN):
            return False
    return True


def _check(key: ec.EllipticCurvePublicKey, frame: Frame, signed: bytes) -> None:
    """Check one signature over bytes, followed by what it says of itself."""
    if frame.version != 4 or frame.algorithm != ECDSA:
        raise Malformed("a signature of it is not ECDSA of version 4")
    check_hash(frame)
    trailer = frame.head + b"\x04\xff" + len(frame.head).to_bytes(4, "big")
    reader = Reader(frame.numbers)
    reader.take(2)  # the beginning of the hash, for readers in a hurry
    r, s = (int.from_bytes(_number(reader), "big") for _ in range(2))
    reader.end()
    key.verify(encode_dss_signature(r, s), signed + trailer, ec.ECDSA(HASHES[frame.hash]))


def _number(reader: Reader) -> bytes:
    """A number of OpenPGP: its bits, then its bytes, none of them needless."""
    bits = int.from_bytes(reader.take(2), "big")
    data = reader.take((bits + 7) // 8)
    if int.from_bytes(data, "big").bit_length() != bits:
        raise Malformed("a number in it is not written in its shortest form")
    return data


__all__ = ["InvalidSignature", "is_brainpool", "verify"]
