"""Whose key it is, whether it may sign at a moment, and which e-mail addresses are whose."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, Key, Purpose, RootKey, TrustPolicy
from gitwarrant.trust import pgpcert
from gitwarrant.trust.sshcert import Certificate
from gitwarrant.trust.sshkey import BadKey, PublicKey, read_line

STAGE = "verify"
ASKED = {Hardware.TOUCH: "a security key that is touched", Hardware.PIN: "a security key with its PIN"}


@dataclass(frozen=True, slots=True)
class Owner:
    """An identity together with the one of its keys that signed."""

    identity: Identity
    key: Key


class Registry:
    """All keys of a policy and of the root of trust, each belonging to exactly one identity.

    A root key that no identity lists belongs to its holder: to the identity of
    that name, or else to a person without teams and e-mail addresses, who can
    sign statements only. So a policy cannot lock out the root.
    """

    def __init__(self, policy: TrustPolicy, roots: Iterable[RootKey]) -> None:
        """Raises Refused: an identity or a key stands there twice, or a key cannot be read."""
        roots = tuple(roots)
        self._made_of = (policy.identities, roots)
        self._owners: dict[str, Owner] = {}
        self._authorities: dict[str, list[Owner]] = {}
        self._certificates: dict[str, pgpcert.Certificate] = {}
        self._by_fingerprint: dict[str, Owner] = {}
        self._revoked: Mapping[str, datetime | None] = {}
        self._identities: dict[str, Identity] = {}
        held = [(read_line(root.public), root.holder) for root in roots]
        self._holders = {public.line: holder for public, holder in held}
        for identity in policy.identities:
            self._add(identity)
        for public, holder in held:
            person = self._identities.get(holder) or _stranger(holder)
            owner = self._owners.setdefault(public.line, Owner(person, Key(public.line)))
            self._by_fingerprint[public.fingerprint] = owner

    def _add(self, identity: Identity) -> None:
        if identity.name in self._identities:
            raise Refused(
                f"identity {identity.name!r} is defined twice",
                stage=STAGE,
                remedy=f"keep one; the other is at {self._identities[identity.name].place}",
                place=identity.place,
            )
        self._identities[identity.name] = identity
        for key in identity.keys:
            self._add_key(Owner(identity, key))

    def _add_key(self, owner: Owner) -> None:
        identity, key = owner.identity, owner.key
        public = readable(key)
        if isinstance(public, pgpcert.Certificate):
            self._add_certificate(public, owner)
        vouching = self._authorities.get(public.line, [])
        clashing = (one for one in vouching if not key.authority or one.identity is identity)
        other = self._owners.get(public.line) or next(clashing, None)
        if other:
            raise Refused(
                f"{public.fingerprint} is a key of {other.identity.name!r} and of {identity.name!r}: "
                "nobody could tell who signed",
                stage=STAGE,
                remedy=f"remove one; the other is at {other.key.place}",
                place=key.place,
            )
        if key.authority:
            self._authorities[public.line] = [*vouching, owner]
        else:
            self._owners[public.line] = owner
        self._by_fingerprint[public.fingerprint] = owner

    def _add_certificate(self, certificate: pgpcert.Certificate, owner: Owner) -> None:
        """By everything that a signature may call its maker: none of it may be ambiguous."""
        for handle in certificate.handles:
            other = self._certificates.setdefault(handle, certificate)
            if other is not certificate:
                raise Refused(
                    f"the OpenPGP key {handle} stands in two certificates: nobody could tell who signed",
                    stage=STAGE,
                    remedy=f"remove one; the other is {other.fingerprint}",
                    place=owner.key.place,
                )
            self._by_fingerprint[f"{pgpcert.SCHEME}{handle}"] = owner

    def certificate(self, handle: str) -> pgpcert.Certificate | None:
        """The OpenPGP certificate with a key of this fingerprint or id."""
        return self._certificates.get(handle)

    def revoking(self, revoked: Mapping[str, datetime | None]) -> "Registry":
        """The same registry in which these fingerprints are revoked, each with since when (None: always)."""
        other = copy(self)
        other.__dict__.pop("digest", None)
        other._revoked = revoked  # noqa: SLF001 - the same class
        return other

    @cached_property
    def digest(self) -> Digest:
        """Digest of all that decides whose a signature is; another one where anything of it changed."""
        return digest((*self._made_of, tuple(sorted(self._revoked.items()))))

    def unfit(self, owner: Owner, fingerprint: str, at: datetime, purpose: Purpose) -> str:
        """Why a key of an owner may not sign something at a moment, in words; empty when it may."""
        return self.revoked(fingerprint, at) or unfit(owner.key, at, purpose)

    def revoked(self, fingerprint: str, at: datetime) -> str:
        """That a statement revoked a key by then, in words; empty when none did."""
        if fingerprint in self._revoked:
            since = self._revoked[fingerprint]
            if since is None or at >= since:
                return "was revoked" + (f", compromised since {since:%Y-%m-%d %H:%M}" if since else "")
        return ""

    def by_fingerprint(self, fingerprint: str) -> Owner | None:
        """Who a key belongs to, by its fingerprint as `ssh-keygen -l` shows it."""
        return self._by_fingerprint.get(fingerprint)

    def owner(self, public: str) -> Owner | None:
        """Who a key's canonical line belongs to, whether or not it may sign now."""
        return self._owners.get(public)

    def vouched(self, certificate: Certificate) -> tuple[Owner, ...]:
        """The identities that list a certificate's authority and that its principals name."""
        owners = self._authorities.get(certificate.authority.line, [])
        return tuple(owner for owner in owners if _names(certificate.principals, owner.identity))

    def holder(self, public: str) -> str | None:
        """The root holder a key belongs to; None: it is not a root key."""
        return self._holders.get(public)

    @property
    def holders(self) -> frozenset[str]:
        """The names of all who hold a root key."""
        return frozenset(self._holders.values())

    def identity(self, name: str) -> Identity | None:
        """The identity of this name in the policy."""
        return self._identities.get(name)

    def __iter__(self) -> Iterator[Identity]:
        """All identities of the policy."""
        return iter(self._identities.values())

    def members(self, groups: Iterable[str]) -> Iterator[Identity]:
        """All persons of these teams or names, for messages that say who could act."""
        wanted = frozenset(groups)
        return (identity for identity in self._identities.values() if belongs(identity, wanted))


def readable(key: Key) -> PublicKey | pgpcert.Certificate:
    try:
        if key.public.startswith("-----BEGIN"):
            return pgpcert.read(key.public)
        return read_line(key.public)
    except (BadKey, pgpcert.BadCertificate) as error:
        raise Refused(error.what, stage=STAGE, remedy=error.remedy, place=key.place) from error


def _names(principals: frozenset[str], identity: Identity) -> bool:
    return identity.name in principals or any(writes_as(identity, name) for name in principals)


def _stranger(holder: str) -> Identity:
    return Identity(holder, IdentityKind.PERSON, frozenset(), (), frozenset(), place=Key("").place)


def unfit(key: Key, at: datetime, purpose: Purpose) -> str:
    """Why a key may not sign something at a moment, in words; empty when it may.

    Args:
        at: when what it signed was first seen; never a time that the signer wrote.
    """
    if purpose not in key.purposes:
        return f"may not sign {purpose.value}"
    if key.revoked and (key.compromised_since is None or at >= key.compromised_since):
        return _revoked(key)
    if key.not_before and at < key.not_before:
        return f"is valid only from {key.not_before:%Y-%m-%d %H:%M}"
    if key.not_after and at >= key.not_after:
        return f"expired {key.not_after:%Y-%m-%d %H:%M}"
    return ""


def _revoked(key: Key) -> str:
    since = f" as compromised since {key.compromised_since:%Y-%m-%d %H:%M}" if key.compromised_since else ""
    return f"was revoked{since}" + (f" ({key.reason})" if key.reason else "")


def unproven_hardware(proved: Hardware, needed: Hardware) -> str:
    """What a signature lacks of what is asked of its device, in words; empty when it lacks nothing."""
    if proved.proves(needed):
        return ""
    lacking = {Hardware.NONE: "made by no security key", Hardware.TOUCH: "made without its PIN"}
    return f"was {lacking[proved]}, where {ASKED[needed]} is asked for"


def belongs(identity: Identity, groups: frozenset[str]) -> bool:
    """Whether an identity is named by any of these team or identity names; nothing named: everybody is."""
    return not groups or identity.name in groups or not groups.isdisjoint(identity.teams)


def writes_as(identity: Identity, email: str) -> bool:
    """Whether an e-mail address is one of the identity's; ASCII letter case matters before the @ only."""
    return _folded(email) in {_folded(own) for own in identity.emails}


@lru_cache(maxsize=4096)
def _folded(email: str) -> str:
    """Cached: a repository has few people and many commits."""
    local, _, domain = email.rpartition("@")
    # Beyond ASCII, letters that look alike are equal without case: long s and s, the Kelvin sign and k.
    return f"{local}@{domain.lower() if domain.isascii() else domain}"
