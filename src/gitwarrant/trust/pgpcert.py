"""OpenPGP certificates as identities list them: one primary key, its names and subkeys, each bound once.

The library judges a binding at the time that is written in a signature, which
its maker chooses. So what limits a key in time is taken from here and judged at
the time a commit was first seen. To know it without doubt, each component has
exactly one binding, the one the library verified: what `gpg --export-options
export-minimal` writes. Others' signatures, photographs and private keys refuse.

Source: RFC 9580, section 10.1.1 (certificates). Bindings are not verified here:
a signature proves its key only through the one there is (openpgp).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from pysequoia import Cert
from pysequoia.packet import HashAlgorithm, Packet, PacketPile, PublicKeyAlgorithm, SignatureType, Tag

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.trust.brainpool import is_brainpool
from gitwarrant.trust.pgpwire import packets, unarmor
from gitwarrant.trust.sshwire import Malformed

Answer = TypeVar("Answer")

REMEDY = "list what this prints: gpg --armor --export-options export-minimal --export KEY"
SCHEME = "openpgp4fpr:"  # how key servers and cards write a fingerprint
MIN_RSA_BITS = 2048  # as for SSH keys
MAX_PACKETS = 100  # names, subkeys and their bindings; people have ten
SIGNING = (
    PublicKeyAlgorithm.RSAEncryptSign,
    PublicKeyAlgorithm.RSASign,
    PublicKeyAlgorithm.ECDSA,
    PublicKeyAlgorithm.EdDSA,
    PublicKeyAlgorithm.Ed25519,
    PublicKeyAlgorithm.Ed448,
)
RSA = (PublicKeyAlgorithm.RSAEncryptSign, PublicKeyAlgorithm.RSASign)
STRONG = (HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512)
CERTIFICATION = (
    SignatureType.GenericCertification,
    SignatureType.PersonaCertification,
    SignatureType.CasualCertification,
    SignatureType.PositiveCertification,
)


class BadCertificate(GitwarrantError):
    """An OpenPGP certificate that cannot be read, or says more than we can judge."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"an OpenPGP key is not accepted: {what}",
            remedy=REMEDY,
        )


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A key of a certificate: until when it is bound, by its primary key's end too, and if it was revoked."""

    fingerprint: str
    expires: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was read. `keys` begin with the primary one; fingerprints in lowercase digits."""

    keys: tuple[CertifiedKey, ...]
    data: bytes = field(repr=False)
    brainpool: bool
    """Whether its primary key is on one of the curves that the library lacks."""
    library: Cert = field(compare=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """Of the primary key."""
        return self.keys[0].fingerprint

    @property
    def line(self) -> str:
        """How trust names it, where it names an SSH key by its line."""
        return SCHEME + self.fingerprint

    @property
    def handles(self) -> Iterator[str]:
        """All that a signature may call its maker: fingerprints, and ids of 16 digits."""
        for key in self.keys:
            yield key.fingerprint
            yield key_id(key.fingerprint)


def key_id(fingerprint: str) -> str:
    """The id of a key: of version 4 (40 digits) the fingerprint's end, of version 6 its beginning."""
    return fingerprint[-16:] if len(fingerprint) == 40 else fingerprint[:16]


@lru_cache(maxsize=1024)
def read(armored: str) -> Certificate:
    """Read an armored certificate.

    Raises:
        BadCertificate: it is not one, weak, or not reduced to what binds its keys.
    """
    try:
        data = unarmor(armored.encode(), "PUBLIC KEY BLOCK")
        if sum(1 for _ in packets(data)) > MAX_PACKETS:
            raise Malformed(f"it has more than {MAX_PACKETS} packets")
        return asked(lambda: _certificate(data))
    except ValueError as error:
        raise BadCertificate(str(error)) from error


def _certificate(data: bytes) -> Certificate:
    components = _components(data)
    keys = tuple(_keys(components))
    brainpool = [is_brainpool(one.packet.body) for one in components]
    if any(brainpool) and len(keys) > 1:
        raise Malformed("on the brainpool curves only a primary key may sign, and no subkey beside it")
    certificate = Certificate(keys, data, brainpool[0], Cert.from_bytes(data))
    if certificate.library.fingerprint != certificate.fingerprint:
        raise Malformed("its parts do not belong together")
    return certificate


def asked(ask: Callable[[], Answer]) -> Answer:
    """Ask the library; what it gives up on is refused like what it refuses.

    Raises:
        Malformed: it refuses, or a panic of its own ended the call (which Python
            sees as no ordinary exception).
    """
    try:
        return ask()
    except RuntimeError as error:
        raise Malformed(str(error).split("\n", 1)[0]) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Malformed("the OpenPGP library gave up on it") from error


@dataclass(slots=True)
class _Component:
    """A key or a name, with the signatures that follow it."""

    packet: Packet
    signatures: list[Packet] = field(default_factory=list)


def _components(data: bytes) -> list[_Component]:
    components: list[_Component] = []
    for packet in PacketPile.from_bytes(data):
        if packet.tag == Tag.Signature and components:
            components[-1].signatures.append(packet)
        elif packet.tag in ((Tag.UserID, Tag.PublicSubkey) if components else (Tag.PublicKey,)):
            components.append(_Component(packet))
        elif packet.tag in (Tag.SecretKey, Tag.SecretSubkey):
            raise Malformed("it is a private key: take it out of the repository and make a new one")
        else:
            raise Malformed(f"it holds a packet of kind {str(packet.tag).removeprefix('Tag.')}")
    if not components:
        raise Malformed("it holds no key")
    return components


def _keys(components: list[_Component]) -> Iterator[CertifiedKey]:
    """The keys that may sign, primary first; each name's and each subkey's binding stands there once."""
    primary, *others = components
    direct, revocations = _split(primary, (SignatureType.DirectKey,), SignatureType.KeyRevocation)
    bound = list(direct)
    for other in others:
        if other.packet.tag == Tag.UserID:
            bindings, _ = _split(other, CERTIFICATION, SignatureType.CertificationRevocation)
            bound.append(_once(bindings, "a name"))
    own = {_fingerprint(primary.packet), key_id(_fingerprint(primary.packet))}
    if len(direct) > 1 or not bound:
        raise Malformed("its primary key is not bound exactly once")
    if any((one.issuer_fingerprint or one.issuer_key_id) not in own for one in bound):
        raise Malformed("it carries signatures of others")
    _check_strength(primary.packet)
    limits = [limit for one in bound if (limit := _limit(primary.packet, one))]
    whole = CertifiedKey(_fingerprint(primary.packet), min(limits, default=None), bool(revocations))
    yield whole
    for other in others:
        if other.packet.tag == Tag.PublicSubkey:
            yield from _subkey(other, whole)


def _subkey(component: _Component, primary: CertifiedKey) -> Iterator[CertifiedKey]:
    """A subkey if it may sign; it ends with its primary key at the latest."""
    bindings, revocations = _split(component, (SignatureType.SubkeyBinding,), SignatureType.SubkeyRevocation)
    binding = _once(bindings, "a subkey")
    if binding.key_flags and not binding.key_flags.signing:
        return  # it encrypts or authenticates; the library lets it sign nothing
    _check_strength(component.packet)
    ends = [limit for limit in (primary.expires, _limit(component.packet, binding)) if limit]
    revoked = primary.revoked or bool(revocations)
    yield CertifiedKey(_fingerprint(component.packet), min(ends, default=None), revoked)


def _split(
    component: _Component, binding: tuple[SignatureType, ...], revocation: SignatureType
) -> tuple[list[Packet], list[Packet]]:
    """A component's bindings and its revocations; nothing else may stand there."""
    bindings = [one for one in component.signatures if one.signature_type in binding]
    revocations = [one for one in component.signatures if one.signature_type == revocation]
    if len(bindings) + len(revocations) != len(component.signatures):
        raise Malformed("it carries signatures that bind nothing")
    for one in bindings:
        if one.hash_algorithm not in STRONG:
            raise Malformed(f"it is bound by {str(one.hash_algorithm).removeprefix('HashAlgorithm.')}")
        if one.signature_validity_period:
            raise Malformed("a binding of it expires")
    return bindings, revocations


def _once(bindings: list[Packet], what: str) -> Packet:
    if len(bindings) != 1:
        raise Malformed(f"{what} in it is bound {len(bindings)} times, not once")
    return bindings[0]


def _fingerprint(packet: Packet) -> str:
    if not packet.fingerprint:
        raise Malformed("a key in it is of a version that is not known")
    return packet.fingerprint


def _limit(key: Packet, binding: Packet) -> datetime | None:
    """When a key ends by a binding; None: it does not say."""
    period: timedelta | None = binding.key_validity_period
    if not period:
        return None
    if key.key_created is None:
        raise Malformed("a key in it does not say when it was made")
    try:
        return key.key_created + period
    except OverflowError as error:
        raise Malformed("a key in it ends after the year 9999") from error


def _check_strength(key: Packet) -> None:
    if key.key_algorithm not in SIGNING:
        name = str(key.key_algorithm).removeprefix("PublicKeyAlgorithm.")
        raise Malformed(f"a key in it is of kind {name}; RSA, ECDSA and EdDSA sign")
    if key.key_algorithm in RSA:
        bits = int.from_bytes(_rsa_modulus(key.body)[:2], "big")
        if bits < MIN_RSA_BITS:
            raise Malformed(f"RSA of {bits} bits; at least {MIN_RSA_BITS} are accepted")


def _rsa_modulus(body: bytes) -> bytes:
    """Where the first number of a key begins: behind version, time, algorithm, and in version 6 a length."""
    return body[10:] if body[:1] == b"\x06" else body[6:]
