"""What takes evidence away: withdrawals of statements and revocations of keys.

Taking away needs less proof than giving: any key that was ever an identity's
speaks for it here, expired or revoked. A root holder may withdraw anybody's
statement and revoke anybody's key but another holder's root key: below the
threshold, holders must not be able to silence each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gitwarrant.model.canonical import Digest, NotCanonical
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.statement import KeyRevocation, Order, OrderKind, Withdrawal
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.opened import Opened, open_statement
from gitwarrant.trust.ownership import owner_of


@dataclass(frozen=True, slots=True)
class Negatives:
    """Withdrawn statements, each with who withdrew it; revoked keys by fingerprint, with since when."""

    withdrawn: Mapping[Digest, frozenset[str]] = field(default_factory=dict)
    """From a statement's digest to the names of those who withdrew it; `""` stands for a root holder."""
    revoked: Mapping[str, datetime | None] = field(default_factory=dict)

    def withdrew(self, statement: Digest, maker: str) -> bool:
        """Whether a statement was withdrawn by its maker or by a root holder."""
        return not self.withdrawn.get(statement, frozenset()).isdisjoint({maker, ROOT})


ROOT = ""
STOPPING = frozenset({OrderKind.SUSPEND, OrderKind.ROLLBACK})
"""The orders that a server must not hide."""


def is_negative(signed: SignedStatement) -> bool:
    """Whether a signed statement takes away or stops something: what a log keeps and a heart lists."""
    try:
        value = open_statement(signed).value
    except NotCanonical:
        return False
    if isinstance(value, Order):
        return value.kind in STOPPING
    return isinstance(value, Withdrawal | KeyRevocation)


def counts(signed: SignedStatement, repository: str, registry: Registry) -> str | None:
    """Who withdraws or revokes by a signed statement (`""`: a root holder); None: it does not count."""
    said = _said(signed, repository, registry)
    return said[1] if said else None


def negatives(
    signed: Iterable[SignedStatement],
    repository: str,
    registry: Registry,
    stood: Iterable[tuple[SignedStatement, str]] = (),
) -> Negatives:
    """Gather all withdrawals and revocations that count, whatever else is among the statements.

    Args:
        stood: those that counted once, each with who said it; they count for ever.
    """
    withdrawn: dict[Digest, frozenset[str]] = {}
    revoked: dict[str, datetime | None] = {}
    remembered = ((open_statement(item).value, by) for item, by in stood)
    for said in (*(_said(item, repository, registry) for item in signed), *remembered):
        match said:
            case (Withdrawal() as withdrawal, by):
                withdrawn[withdrawal.statement] = withdrawn.get(withdrawal.statement, frozenset()) | {by}
            case (KeyRevocation() as revocation, _):
                since = revocation.compromised_since
                if revocation.fingerprint in revoked:
                    since = _earliest(revoked[revocation.fingerprint], since)
                revoked[revocation.fingerprint] = since
            case _:
                pass
    return Negatives(withdrawn, revoked)


def _said(
    signed: SignedStatement, repository: str, registry: Registry
) -> tuple[Withdrawal | KeyRevocation, str] | None:
    """A negative and who says it; None: it is none, or he may not say it."""
    try:
        opened = open_statement(signed)
    except NotCanonical:
        return None
    value = opened.value
    if not isinstance(value, Withdrawal | KeyRevocation) or value.repository != repository:
        return None
    owner = owner_of(opened.proven, registry)
    if owner is None or owner.identity.name != value.identity:
        return None
    if isinstance(value, KeyRevocation) and not _may_revoke(value, opened, registry):
        return None
    return value, ROOT if registry.holder(opened.key.line) else owner.identity.name


def _may_revoke(revocation: KeyRevocation, opened: Opened, registry: Registry) -> bool:
    target = registry.by_fingerprint(revocation.fingerprint)
    if target is None:
        return False
    if target.identity.name == revocation.identity and not target.key.authority:
        return True  # an authority may be others' too: the root revokes it
    return bool(registry.holder(opened.key.line)) and not registry.holder(target.key.public)


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Of two moments the stricter; none given: everything falls."""
    return None if one is None or other is None else min(one, other)
