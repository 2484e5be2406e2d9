"""Who of the root holders consents to what: counted by holder, never by key.

A holder speaks with one of the keys that a quorum names, in his own name. He
may take his own consent back, and revoke his own keys; below the threshold
nobody can silence another holder. Source: docs/trust-protocol.md, sections 3 and 8.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from gitwarrant.model.canonical import Digest, NotCanonical
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.identity import RootKey
from gitwarrant.model.statement import Checkpoint, KeyRevocation, RootChange, Withdrawal
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.opened import Opened, open_statement
from gitwarrant.trust.sshkey import read_line
from gitwarrant.trust.statements import MAX_SKEW

S = TypeVar("S", RootChange, Checkpoint)


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many distinct holders of some keys must consent; `name` says which keys these are."""

    name: str
    keys: tuple[RootKey, ...]
    threshold: int

    @property
    def holders(self) -> frozenset[str]:
        """Everybody who could consent."""
        return frozenset(key.holder for key in self.keys)

    def holder(self, line: str) -> str | None:
        """Whose key this is; None: not one of these."""
        return next((key.holder for key in self.keys if key.public == line), None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quorum that is not complete: how many more, and who could."""

    quorum: str
    number: int
    of: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(self.of) or "nobody is left"
        return f"{self.number} more of the {self.quorum} root holders ({names})"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What consents are heard in: everything that was signed, what the log knows of it, and the time."""

    opened: tuple[Opened, ...]
    witnessed: Witnessed
    now: datetime


@dataclass(frozen=True, slots=True)
class Consent(Generic[S]):
    """A holder's signed consent, and when it was first seen."""

    value: S
    digest: Digest
    line: str
    seen: datetime


def hear(
    statements: Iterable[SignedStatement], repository: str, *, witnessed: Witnessed, now: datetime
) -> Hearing:
    """Open all statements about a repository that are in form and rightly signed, by whomever."""
    opened = []
    for signed in (*statements, *witnessed.negatives):
        try:
            item = open_statement(signed)
        except NotCanonical:
            continue
        if item.value.repository == repository:
            opened.append(item)
    return Hearing(tuple(opened), witnessed, now)


def gather(
    kind: type[S], hearing: Hearing, quorums: Sequence[Quorum], *, longest: timedelta
) -> tuple[Consent[S], ...]:
    """The consents of one type that holders of these quorums gave to anything, in no order.

    Left out: those made in the future or to live longer than `longest`, in
    somebody else's name, taken back by their maker, or signed with a key that
    its holder revoked. Expiry is for `completed` and `alive`.
    """
    own = [item for item in hearing.opened if _speaks_for_himself(item, quorums)]
    withdrawn = {
        (item.value.statement, item.value.identity) for item in own if isinstance(item.value, Withdrawal)
    }
    revoked = _revoked(own, quorums)
    found: dict[Digest, Consent[S]] = {}
    for item in own:
        value, fingerprint = item.value, item.key.fingerprint
        if not isinstance(value, kind) or (item.digest, value.identity) in withdrawn:
            continue
        seen = hearing.witnessed.time_of([item.mark], now=hearing.now)
        if value.made > hearing.now + MAX_SKEW or value.expires - value.made > longest:
            continue
        if fingerprint in revoked and _falls(seen, revoked[fingerprint]):
            continue
        found[item.digest] = Consent(value, item.digest, item.key.line, seen)
    return tuple(found.values())


def completed(consents: Sequence[Consent[S]], quorums: Sequence[Quorum]) -> datetime | None:
    """The first moment at which every quorum had enough consents that were not expired then; None: never.

    Only moments at which a consent was first seen can be it.
    """
    for moment in sorted({consent.seen for consent in consents}):
        standing = [consent for consent in consents if consent.seen <= moment < consent.value.expires]
        if not wanted(standing, quorums):
            return moment
    return None


def wanted(consents: Sequence[Consent[S]], quorums: Sequence[Quorum]) -> tuple[Wanted, ...]:
    """What is missing of each quorum; nothing: it is complete."""
    missing = []
    for quorum in quorums:
        given = {
            consent.value.identity
            for consent in consents
            if quorum.holder(consent.line) == consent.value.identity
        }
        if len(given) < quorum.threshold:
            left = tuple(sorted(quorum.holders - given))
            missing.append(Wanted(quorum.name, quorum.threshold - len(given), left))
    return tuple(missing)


def alive(consents: Iterable[Consent[S]], now: datetime) -> tuple[Consent[S], ...]:
    """Those that are not expired now."""
    return tuple(consent for consent in consents if consent.value.expires > now)


def _speaks_for_himself(item: Opened, quorums: Sequence[Quorum]) -> bool:
    return any(quorum.holder(item.key.line) == item.value.identity for quorum in quorums)


def _revoked(own: Iterable[Opened], quorums: Sequence[Quorum]) -> Mapping[str, datetime | None]:
    """Keys by fingerprint, each revoked with a key of its own holder, and since when (None: always)."""
    holders = {read_line(key.public).fingerprint: key.holder for quorum in quorums for key in quorum.keys}
    revoked: dict[str, datetime | None] = {}
    for item in own:
        value = item.value
        if not isinstance(value, KeyRevocation) or holders.get(value.fingerprint) != value.identity:
            continue
        since = value.compromised_since
        before = revoked.get(value.fingerprint, since)
        revoked[value.fingerprint] = None if before is None or since is None else min(before, since)
    return revoked


def _falls(seen: datetime, since: datetime | None) -> bool:
    return since is None or seen >= since
