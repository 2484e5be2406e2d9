"""The armor and the packets of OpenPGP, as far as we must look into them before a library does.

One signature can be spelled in many ways, and a reader may silently skip what
it does not know. So the frame is read here: one packet, its version, its type,
its hash, who says to have made it and when. The numbers inside are the library's.

Source: RFC 9580, sections 4.2 (packets), 5.2.3 (signatures), 6.2 (armor).
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gitwarrant.trust.sshwire import Malformed, Reader

MAX_ARMORED_BYTES = 64 * 1024  # a certificate without others' signatures takes 1 to 8 KiB
MAX_LINE = 76  # gpg and RFC 9580 write 64
MAX_HEADERS = 4
HEADER = re.compile(rb"(?:Version|Comment|Hash|Charset): [ -~]{1,200}")

SIGNATURE = 2  # the packet's tag
BINARY = 0x00  # the type of a signature over bytes as they are
HASHES = {1: "MD5", 2: "SHA-1", 3: "RIPEMD-160", 8: "SHA-256", 9: "SHA-384", 10: "SHA-512", 11: "SHA-224"}
STRONG = frozenset({8, 9, 10})

CREATED, EXPIRES, ISSUER, NOTATION, POLICY, SIGNER, FINGERPRINT = 2, 3, 16, 20, 26, 28, 33
UNDERSTOOD = frozenset({CREATED, ISSUER, POLICY, SIGNER, FINGERPRINT})
"""What may be marked critical: it changes nothing, or is looked at here."""


Subpackets = tuple[tuple[int, bytes], ...]
"""Kinds, with the bit that marks them critical, and contents."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A signature packet but for its numbers. `head` is what it signs of itself, `numbers` the rest."""

    version: int
    type: int
    algorithm: int
    hash: int
    hashed: Subpackets
    loose: Subpackets
    head: bytes
    numbers: bytes


@dataclass(frozen=True, slots=True)
class SignaturePacket:
    """The frame of a signature, and how many packets there are.

    `issuer` is a claim, in lowercase hexadecimal digits: the fingerprint of a
    key, or else its id of 16 digits; empty when it claims nothing.
    """

    data: bytes
    packets: int
    frame: Frame
    issuer: str


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 16
        for _ in range(8):
            value = (value << 1) ^ (0x864CFB if value & 0x800000 else 0)
        table.append(value & 0xFFFFFF)
    return tuple(table)


CRC = _crc_table()


def crc24(data: bytes) -> int:
    """The checksum of armor: against damage, not against people."""
    value = 0xB704CE
    for byte in data:
        value = (value << 8) & 0xFFFFFF ^ CRC[(value >> 16) ^ byte]
    return value


def unarmor(text: bytes, kind: str) -> bytes:
    """Take off the armor: one block, in lines of equal length, with nothing around it.

    Raises:
        Malformed: too large, another block, or not canonical.
    """
    if len(text) > MAX_ARMORED_BYTES:
        raise Malformed(f"{len(text)} bytes exceed the limit of {MAX_ARMORED_BYTES}")
    begin, end = b"-----BEGIN PGP %s-----\n" % kind.encode(), b"\n-----END PGP %s-----" % kind.encode()
    text = text.removesuffix(b"\n").removesuffix(b"\n")  # GitHub leaves an empty line behind
    if not (text.startswith(begin) and text.endswith(end)):
        raise Malformed(f"its armor is not that of a PGP {kind.lower()}")
    lines = text[len(begin) : -len(end)].split(b"\n")
    head = lines.index(b"") if b"" in lines else len(lines)
    if head > MAX_HEADERS or not all(HEADER.fullmatch(line) for line in lines[:head]):
        raise Malformed("its armor has headers that are not known")
    body = lines[head + 1 :]
    checksum = body.pop() if body and len(body[-1]) == 5 and body[-1].startswith(b"=") else b""
    data = _decoded(body)
    if checksum and checksum[1:] != binascii.b2a_base64(crc24(data).to_bytes(3, "big"), newline=False):
        raise Malformed("its checksum is wrong")
    return data


def _decoded(lines: list[bytes]) -> bytes:
    if not lines:
        raise Malformed("its armor is empty")
    *full, last = lines
    width = len(full[0]) if full else len(last)
    if not 0 < len(last) <= width <= MAX_LINE or any(len(line) != width for line in full):
        raise Malformed("its lines are not of equal length")
    encoded = b"".join(lines)
    data = binascii.a2b_base64(encoded, strict_mode=True)
    if binascii.b2a_base64(data, newline=False) != encoded:
        raise Malformed("its base64 is not canonical")
    return data


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The packets of a message, each with its tag; of known length only.

    Raises:
        Malformed: what is there is no packet, or is cut short.
    """
    reader = Reader(data)
    while reader.left:
        first = _number(reader, 1)
        if not first & 0x80:
            raise Malformed("it is no OpenPGP packet")
        if first & 0x40:
            yield first & 0x3F, reader.take(_new_length(reader))
        else:
            if first & 3 == 3:
                raise Malformed("a packet of it has no length")
            yield (first >> 2) & 0xF, reader.take(_number(reader, 1 << (first & 3)))


def read_signature(text: bytes) -> SignaturePacket:
    """Read an armored signature, to learn whose it claims to be; the first of them, if there are several.

    Raises:
        Malformed: it is no signature, or in no form that could be read.
    """
    data = unarmor(text, "SIGNATURE")
    found = list(packets(data))
    if not found or found[0][0] != SIGNATURE:
        raise Malformed("it does not begin with a signature")
    frame = read_frame(found[0][1])
    return SignaturePacket(data, len(found), frame, _issuer(frame.hashed) or _issuer(frame.loose))


def check_signature(signature: SignaturePacket) -> datetime:
    """Check that it is one detached signature over bytes, all of which is understood.

    Returns:
        When it says it was made.

    Raises:
        Malformed: it stands not alone, is of another type, by a weak hash,
            expires, or is restricted in a way that is not known.
    """
    frame = signature.frame
    if signature.packets != 1:
        raise Malformed(f"it has {signature.packets} packets, where one signature stands alone")
    if frame.type != BINARY:
        raise Malformed(f"it is of type 0x{frame.type:02x}, not over bytes as they are")
    check_hash(frame)
    return _created(frame.hashed)


def check_hash(frame: Frame) -> None:
    """Raises Malformed: its hash is weak, or not known."""
    if frame.hash not in STRONG:
        name = HASHES.get(frame.hash, f"number {frame.hash}")
        raise Malformed(f"its hash is {name}; SHA-256, SHA-384 and SHA-512 are accepted")


def read_frame(body: bytes) -> Frame:
    """Read any signature packet's frame.

    Raises:
        Malformed: of a version that is not known, or cut short.
    """
    reader = Reader(body)
    version, type_, algorithm, hash_ = (_number(reader, 1) for _ in range(4))
    if version not in (4, 6):
        raise Malformed(f"its version is {version}; 4 and 6 are accepted")
    wide = 4 if version == 6 else 2
    hashed = _subpackets(reader.take(_number(reader, wide)))
    head = reader.since(0)
    loose = _subpackets(reader.take(_number(reader, wide)))
    return Frame(version, type_, algorithm, hash_, hashed, loose, head, reader.take(reader.left))


def _created(hashed: Subpackets) -> datetime:
    for kind, _ in hashed:
        if kind & 0x7F == EXPIRES:
            raise Malformed("it expires; what was written stays written")
        if kind & 0x80 and kind & 0x7F not in UNDERSTOOD:
            raise Malformed(f"its critical subpacket {kind & 0x7F} is not understood")
    times = [body for kind, body in hashed if kind & 0x7F == CREATED]
    if len(times) != 1 or len(times[0]) != 4:
        raise Malformed("it does not say when it was made")
    return datetime.fromtimestamp(int.from_bytes(times[0], "big"), UTC)


def _issuer(subpackets: Subpackets) -> str:
    """A fingerprint (after its key's version) rather than an id, which somebody can make a second key for."""
    named = {kind & 0x7F: body for kind, body in subpackets}
    whole = named.get(FINGERPRINT, b"")
    if (whole[:1] == b"\x04" and len(whole) == 21) or (whole[:1] == b"\x06" and len(whole) == 33):
        return whole[1:].hex()
    return named.get(ISSUER, b"").hex()


def _subpackets(area: bytes) -> Subpackets:
    reader, found = Reader(area), []
    while reader.left:
        length = _new_length(reader, partial=False)
        body = reader.take(length)
        if not body:
            raise Malformed("a subpacket of it is empty")
        found.append((body[0], body[1:]))
    return tuple(found)


def _new_length(reader: Reader, *, partial: bool = True) -> int:
    """A length of one, two or five bytes. Packets may come in parts, which we refuse; subpackets cannot."""
    first = _number(reader, 1)
    if first < 192:
        return first
    if first == 255:
        return _number(reader, 4)
    if partial and first >= 224:
        raise Malformed("a packet of it comes in parts")
    return ((first - 192) << 8) + _number(reader, 1) + 192


def _number(reader: Reader, size: int) -> int:
    return int.from_bytes(reader.take(size), "big")
