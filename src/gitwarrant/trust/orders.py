"""What operators order: an environment suspended, resumed, brought back or released; glass broken.

An order counts when

1. it is in form and rightly signed (`opened`), and about this repository;
2. its key belongs to the person it names, and was fit when the order was first seen;
3. it was not made in the future, is not expired, not withdrawn, and not made
   to live longer than its kind may; a `resume` or `release` was not expired when
   it was first seen: what it ended stays ended;
4. that person may give it: an operator of the environment, or a root holder.

`break-glass` asks for more: a security key, whose touch was verified, of
somebody whom the environment names for it; or two root holders who say the
same. How many it takes for a `rollback` is said in `returning`. Not checked
here: that an alarm was acknowledged (pipeline). Source: docs/trust-protocol.md,
section 7.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.model.canonical import Digest, NotCanonical
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.environment import Environment
from gitwarrant.model.identity import Hardware, IdentityKind, Purpose
from gitwarrant.model.statement import Order, OrderKind
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.identities import Owner, Registry, belongs
from gitwarrant.trust.negatives import negatives
from gitwarrant.trust.opened import Opened, open_statement
from gitwarrant.trust.ownership import doubt, owner_of
from gitwarrant.trust.statements import MAX_SKEW

LONGEST: Mapping[OrderKind, timedelta] = {
    OrderKind.SUSPEND: timedelta(days=7),
    OrderKind.RESUME: timedelta(days=7),
    OrderKind.BREAK_GLASS: timedelta(hours=4),
    OrderKind.ROLLBACK: timedelta(hours=24),
    OrderKind.RELEASE: timedelta(days=7),
}
ENDING = frozenset({OrderKind.RESUME, OrderKind.RELEASE})
"""Orders that do their work when they are first seen, and do not end."""
ROOT_HOLDERS = 2  # who together may break glass without a security key


@dataclass(frozen=True, slots=True)
class Given:
    """An order that counts, or the reason why it does not (empty: it counts)."""

    order: Order
    digest: Digest
    seen: datetime
    holder: str
    """The root holder whose root key it was given with; empty: with no root key."""
    security_key: bool
    """Given with a security key, touched, by somebody whom the environment names to break glass."""
    reason: str
    hardware: Hardware = Hardware.NONE
    """What its signature proves about the device."""


def judge_orders(
    statements: Iterable[SignedStatement],
    repository: str,
    environment: Environment,
    registry: Registry,
    *,
    witnessed: Witnessed,
    now: datetime,
) -> tuple[Given, ...]:
    """Judge all orders about an environment, oldest first as the log saw them."""
    everything = tuple(dict.fromkeys((*statements, *witnessed.negatives)))
    taken = negatives(everything, repository, registry, witnessed.stood)
    heard = registry.revoking(taken.revoked)
    found: list[Given] = []
    for opened in _orders(everything, repository, environment):
        order: Order = opened.value  # type: ignore[assignment]  # _orders gives nothing else
        seen = witnessed.time_of([opened.mark], now=now)
        reason = "it was withdrawn" if taken.withdrew(opened.digest, order.identity) else ""
        reason = reason or _problem(order, opened, environment, heard, seen=seen, now=now)
        holder = heard.holder(opened.key.line) or ""
        security_key = _breaks_alone(opened.key.line, environment, heard)
        found.append(Given(order, opened.digest, seen, holder, security_key, reason, opened.proven.hardware))
    return tuple(sorted(found, key=lambda given: (given.seen, given.order.made, given.digest)))


def suspension(given: Iterable[Given]) -> Order | None:
    """The order that suspends the environment now: the last `suspend` that no later `resume` ended.

    Later both as the log saw them and by their dates: a resume that the server
    kept back was not about what was suspended meanwhile.
    """
    standing: list[Order] = []
    for item in given:
        if item.reason:
            continue
        if item.order.kind is OrderKind.SUSPEND:
            standing.append(item.order)
        elif item.order.kind is OrderKind.RESUME:
            standing = [order for order in standing if order.made > item.order.made]
    return standing[-1] if standing else None


def broken_glass(given: Iterable[Given], commit: str) -> tuple[Given, ...]:
    """The orders that together let a revision through in an emergency; none: nothing does."""
    for_this = [
        item
        for item in given
        if not item.reason and item.order.kind is OrderKind.BREAK_GLASS and item.order.commit == commit
    ]
    by_key = [item for item in for_this if item.security_key]
    if by_key:
        return tuple(by_key[:1])
    agreed: dict[tuple[str, str], dict[str, Given]] = {}
    for item in for_this:
        if item.holder:
            agreed.setdefault((item.order.reason, item.order.incident), {})[item.holder] = item
    return next((tuple(by.values()) for by in agreed.values() if len(by) >= ROOT_HOLDERS), ())


def _breaks_alone(key: str, environment: Environment, registry: Registry) -> bool:
    """Whether a key (its line) is a security key of somebody whom the environment names for it."""
    owner, named = registry.owner(key), frozenset(environment.break_glass)
    return key.startswith("sk-") and owner is not None and bool(named) and belongs(owner.identity, named)


def _orders(
    statements: Iterable[SignedStatement], repository: str, environment: Environment
) -> Iterator[Opened]:  # 1
    for signed in statements:
        try:
            opened = open_statement(signed)
        except NotCanonical:
            continue
        value = opened.value
        if isinstance(value, Order) and (value.repository, value.environment) == (
            repository,
            environment.name,
        ):
            yield opened


def _problem(
    order: Order,
    opened: Opened,
    environment: Environment,
    registry: Registry,
    *,
    seen: datetime,
    now: datetime,
) -> str:
    """Why an order does not count, in words; empty when it does."""
    owner = owner_of(opened.proven, registry)
    if owner is None:  # 2
        return f"nobody here owns the key {opened.key.fingerprint} that signed it"
    if owner.identity.name != order.identity or owner.identity.kind is not IdentityKind.PERSON:
        return f"it was signed by a key of {owner.identity.name!r}"
    what, unfit = doubt(opened.proven, owner, registry, at=seen, purpose=Purpose.STATEMENTS)
    if what:
        return f"its {what} {opened.key.fingerprint} {unfit}"
    problem = _malformed(order, seen, now)  # 3
    return problem or not_entitled(order, opened.key.line, owner, environment, registry)  # 4


def _malformed(order: Order, seen: datetime, now: datetime) -> str:
    """What is wrong with an order itself. A stop counts at once, however far ahead its maker's clock is.

    What ends something did its work when it was first seen, and does not end itself.
    """
    if order.made > now + MAX_SKEW and order.kind is not OrderKind.SUSPEND:
        return f"it says it was made in the future, at {order.made:%Y-%m-%d %H:%M}"
    if order.expires <= (seen if order.kind in ENDING else now):
        return f"it expired {order.expires:%Y-%m-%d %H:%M}"
    if order.expires - min(order.made, seen + MAX_SKEW) > LONGEST[order.kind]:
        return f"it was made to live longer than {LONGEST[order.kind]}"
    if not order.reason.strip():
        return "it gives no reason"
    if order.kind is OrderKind.BREAK_GLASS and not order.incident.strip():
        return "it names no incident"
    return ""


def not_entitled(
    order: Order, key: str, owner: Owner | None, environment: Environment, registry: Registry
) -> str:
    """Why the owner of a key (its line) may not give an order (4), in words; empty when he may."""
    if order.kind is OrderKind.ROLLBACK:
        return _not_entitled_back(order, key, owner, environment, registry)
    if registry.holder(key):
        return ""
    if order.kind is OrderKind.BREAK_GLASS:
        named, what = environment.break_glass, "break glass"
        if not key.startswith("sk-"):
            return "its key is no security key; two root holders can give it instead"
    else:
        named, what = environment.operators or environment.approvers, f"{order.kind.value} it"
    return _outside(order, what, named, owner)


def _not_entitled_back(
    order: Order, key: str, owner: Owner | None, environment: Environment, registry: Registry
) -> str:
    """The same for a `rollback`: root holders speak only where the environment names nobody.

    Below their threshold they may stop things, and an older version is not a stop.
    """
    named = environment.operators or environment.approvers
    if _breaks_alone(key, environment, registry) or (not named and registry.holder(key)):
        return ""
    return _outside(order, "roll it back", named, owner)


def _outside(order: Order, what: str, named: Sequence[str], owner: Owner | None) -> str:
    """That somebody is not among those who are named for it; empty when he is."""
    if owner is None or not named or not belongs(owner.identity, frozenset(named)):
        return f"{order.identity!r} may not {what}; {' or '.join(named) or 'root holders'} may"
    return ""
