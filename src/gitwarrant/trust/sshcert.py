"""SSH certificates: an authority's signed word that a key belongs to some names for some time.

    string kind, string nonce, the key's own fields, uint64 serial, uint32 type,
    string key id, string principals, uint64 valid after, uint64 valid before,
    string critical options, string extensions, string reserved,
    string authority, string signature

Only user certificates that name somebody, by an authority that is no
certificate itself. Options restrict, so one that is not known refuses; those
that restrict a login (`force-command`, `source-address`) cannot be honoured
here and refuse too. Extensions only ever permit something of a login and are
ignored, `no-touch-required` as well: a security key is always touched.

Source: OpenSSH, PROTOCOL.certkeys. Not checked here: whose authority it is
(identities), and whether the certificate was valid when it was used (ownership).
"""

import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature

from gitwarrant.trust.sshkey import KINDS, BadKey, PublicKey, read_blob, read_line
from gitwarrant.trust.sshwire import Malformed, Reader, string

MAX_CERTIFICATE_BYTES = 10 * 1024  # two RSA keys of 8192 bits, a signature of one, and 100 names
MAX_PRINCIPALS = 256  # as many as OpenSSH reads
USER, HOST = 1, 2
FOR_EVER = 2**64 - 1
LAST_SECOND = 253_402_300_799  # of the year 9999; what ends later ends never
LOGIN_OPTIONS = frozenset({"force-command", "source-address"})
VERIFY_REQUIRED = "verify-required"

CERTIFICATE_KINDS: Mapping[str, str] = {
    f"{kind.removesuffix('@openssh.com')}-cert-v01@openssh.com": kind for kind in KINDS
}
"""From a certificate's kind to its key's."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that its authority signed. `valid_before` is the first moment it is valid no more."""

    authority: PublicKey
    serial: int
    key_id: str
    principals: frozenset[str]
    valid_after: datetime
    valid_before: datetime | None
    verify_required: bool
    """Whether each signature must prove the device's PIN."""

    def unfit(self, at: datetime) -> str:
        """Why it was not valid at a moment, in words; empty when it was."""
        if at < self.valid_after:
            return f"is valid only from {self.valid_after:%Y-%m-%d %H:%M}"
        if self.valid_before and at >= self.valid_before:
            return f"expired {self.valid_before:%Y-%m-%d %H:%M}"
        return ""


@lru_cache(maxsize=4096)
def read_signer(blob: bytes) -> tuple[PublicKey, Certificate | None]:
    """Read what a signature names as its maker: a key, or a certificate with its key. Cached, as keys are.

    Raises:
        Malformed: it is neither, in canonical form; or the authority did not sign it.
    """
    if len(blob) > MAX_CERTIFICATE_BYTES:
        raise Malformed(f"a key of {len(blob)} bytes; at most {MAX_CERTIFICATE_BYTES} are accepted")
    kind = Reader(blob).text()
    if kind not in CERTIFICATE_KINDS:
        return read_blob(blob), None
    try:
        return _read(blob, CERTIFICATE_KINDS[kind])
    except ValueError as error:
        raise Malformed(f"its certificate is not accepted: {error}") from error


def read_signer_line(line: str) -> tuple[PublicKey, Certificate | None]:
    """Read the line of a `.pub` or `-cert.pub` file.

    Raises:
        BadKey: it is neither, or not accepted.
    """
    kind, _, rest = line.strip().partition(" ")
    if kind not in CERTIFICATE_KINDS:
        return read_line(line), None
    try:
        return read_signer(binascii.a2b_base64(rest.partition(" ")[0].encode(), strict_mode=True))
    except ValueError as error:
        raise BadKey(f"{line[:40]!r} is not an accepted certificate: {error}") from error


def _read(blob: bytes, kind: str) -> tuple[PublicKey, Certificate]:
    reader = Reader(blob)
    reader.text()
    reader.string()  # the nonce, which keeps an authority from signing bytes of others' choice
    start = reader.at
    KINDS[kind](reader)  # finds the end of the key's fields
    key = read_blob(string(kind.encode()) + reader.since(start))
    serial, type_ = reader.uint64(), reader.uint32()
    if type_ != USER:
        raise Malformed("it is for a host" if type_ == HOST else f"its type is {type_}, not a user's")
    key_id = _readable(reader.string())
    principals = _principals(reader.string())
    valid_after, valid_before = reader.uint64(), reader.uint64()
    verify_required = _requires_verification(reader.string())
    for _ in _options(reader.string(), "extensions"):
        pass
    if reader.string():
        raise Malformed("its reserved field is not empty")
    authority = read_blob(reader.string())
    signed = reader.since(0)
    _check_authority(authority, reader.string(), signed)
    reader.end()
    return key, Certificate(
        authority=authority,
        serial=serial,
        key_id=key_id,
        principals=principals,
        valid_after=_moment(valid_after),
        valid_before=_moment(valid_before) if valid_before <= LAST_SECOND else None,
        verify_required=verify_required,
    )


def _check_authority(authority: PublicKey, signature: bytes, signed: bytes) -> None:
    reader = Reader(signature)
    try:
        authority.verifier.check(reader.text(), reader, signed)
    except InvalidSignature as error:
        raise Malformed(f"its authority {authority.fingerprint} did not sign it") from error


def _readable(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("its key id is not UTF-8") from error
    if not text.isprintable():
        raise Malformed("its key id cannot be shown")
    return text


def _principals(packed: bytes) -> frozenset[str]:
    reader, names = Reader(packed), []
    while reader.at < len(packed):
        names.append(reader.text())
        if len(names) > MAX_PRINCIPALS:
            raise Malformed(f"it names more than {MAX_PRINCIPALS} principals")
    if not names or "" in names:
        raise Malformed("it names nobody, so it would be everybody's")
    return frozenset(names)


def _requires_verification(packed: bytes) -> bool:
    required = False
    for name, data in _options(packed, "options"):
        if name in LOGIN_OPTIONS:
            raise Malformed(f"its option {name!r} restricts a login, which nobody could check here")
        if name != VERIFY_REQUIRED or data:
            raise Malformed(f"its critical option {name!r} is not known")
        required = True
    return required


def _options(packed: bytes, what: str) -> Iterator[tuple[str, bytes]]:
    """Names and data, each name once and in order, as every authority writes them."""
    reader, last = Reader(packed), ""
    while reader.at < len(packed):
        name, data = reader.text(), reader.string()
        if name <= last:
            raise Malformed(f"its {what} are out of order, or one stands there twice")
        last = name
        yield name, data


def _moment(seconds: int) -> datetime:
    if seconds > LAST_SECOND:
        raise Malformed("it begins after the year 9999")
    return datetime.fromtimestamp(seconds, UTC)
