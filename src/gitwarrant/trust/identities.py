"""Whose key it is, whether it may sign at a moment, and which e-mail addresses are whose."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Identity, IdentityKind, Key, RootKey, TrustPolicy
from gitwarrant.trust.sshkey import BadKey, PublicKey, read_line

STAGE = "verify"


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
        self._owners: dict[str, Owner] = {}
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
            public = _readable(key)
            other = self._owners.get(public.line)
            if other:
                raise Refused(
                    f"{public.fingerprint} is a key of {other.identity.name!r} and of {identity.name!r}: "
                    "nobody could tell who signed",
                    stage=STAGE,
                    remedy=f"remove one; the other is at {other.key.place}",
                    place=key.place,
                )
            self._owners[public.line] = self._by_fingerprint[public.fingerprint] = Owner(identity, key)

    def revoking(self, revoked: Mapping[str, datetime | None]) -> "Registry":
        """The same registry in which these fingerprints are revoked, each with since when (None: always)."""
        other = copy(self)
        other._revoked = revoked  # noqa: SLF001 - the same class
        return other

    def unfit(self, owner: Owner, fingerprint: str, at: datetime) -> str:
        """Why a key of an owner may not sign at a moment, in words; empty when it may."""
        if fingerprint in self._revoked:
            since = self._revoked[fingerprint]
            if since is None or at >= since:
                return "was revoked" + (f", compromised since {since:%Y-%m-%d %H:%M}" if since else "")
        return unfit(owner.key, at)

    def by_fingerprint(self, fingerprint: str) -> Owner | None:
        """Who a key belongs to, by its fingerprint as `ssh-keygen -l` shows it."""
        return self._by_fingerprint.get(fingerprint)

    def owner(self, public: str) -> Owner | None:
        """Who a key's canonical line belongs to, whether or not it may sign now."""
        return self._owners.get(public)

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


def _readable(key: Key) -> PublicKey:
    try:
        return read_line(key.public)
    except BadKey as error:
        raise Refused(error.what, stage=STAGE, remedy=error.remedy, place=key.place) from error


def _stranger(holder: str) -> Identity:
    return Identity(holder, IdentityKind.PERSON, frozenset(), (), frozenset(), place=Key("").place)


def unfit(key: Key, at: datetime) -> str:
    """Why a key may not sign at a moment, in words; empty when it may."""
    if key.revoked:
        return "was revoked"
    if key.not_before and at < key.not_before:
        return f"is valid only from {key.not_before:%Y-%m-%d %H:%M}"
    if key.not_after and at >= key.not_after:
        return f"expired {key.not_after:%Y-%m-%d %H:%M}"
    return ""


def belongs(identity: Identity, groups: frozenset[str]) -> bool:
    """Whether an identity is named by any of these team or identity names; nothing named: everybody is."""
    return not groups or identity.name in groups or not groups.isdisjoint(identity.teams)


def writes_as(identity: Identity, email: str) -> bool:
    """Whether an e-mail address is one of the identity's; ASCII letter case matters before the @ only."""
    return _folded(email) in {_folded(own) for own in identity.emails}


def _folded(email: str) -> str:
    local, _, domain = email.rpartition("@")
    # Beyond ASCII, letters that look alike are equal without case: long s and s, the Kelvin sign and k.
    return f"{local}@{domain.lower() if domain.isascii() else domain}"
