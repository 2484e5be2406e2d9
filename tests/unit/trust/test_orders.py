"""Orders: who may suspend, resume and break glass, for how long, and in which order they count."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import (
    DAY,
    NOW,
    POLICY,
    REPOSITORY,
    Chain,
    environment,
    fingerprint,
    public_key,
    with_key,
)

from gitwarrant.model.canonical import digest, sha256
from gitwarrant.model.statement import Order, OrderKind, Withdrawal
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import Given, broken_glass, judge_orders, suspension

HOUR = timedelta(hours=1)
PRODUCTION = replace(environment(), operators=("platform",), break_glass=("security",))
HEAD = "a" * 40


def order(kind: OrderKind, by: str, **fields: object) -> Order:
    given = Order(
        kind=kind,
        identity=by,
        repository=REPOSITORY,
        environment="production",
        commit=HEAD if kind is OrderKind.BREAK_GLASS else "",
        reason="payments are down",
        incident="4711" if kind is OrderKind.BREAK_GLASS else "",
        made=NOW - timedelta(minutes=10),
        expires=NOW + HOUR,
        nonce="0a" * 16,
    )
    return replace(given, **fields)  # type: ignore[arg-type]  # fields of Order, by name


def judged(chain: Chain) -> tuple[Given, ...]:
    registry = Registry(chain.policy, chain.root.keys)
    return judge_orders(
        chain.statements, REPOSITORY, PRODUCTION, registry, witnessed=chain.witnessed(), now=NOW
    )


def reasons(chain: Chain) -> list[str]:
    return [given.reason for given in judged(chain)]


@pytest.mark.parametrize("by", ["bob", "carol"], ids=["an operator", "a root holder"])
def test_who_may_suspends_an_environment(by: str) -> None:
    chain = Chain()
    chain.sign(by, order(OrderKind.SUSPEND, by))

    found = suspension(judged(chain))

    assert found == order(OrderKind.SUSPEND, by)


@pytest.mark.parametrize(
    ("by", "fields", "reason"),
    [
        pytest.param("mallory", {}, "'mallory' may not suspend it; platform may", id="somebody else"),
        pytest.param("robot", {}, "it was signed by a key of 'robot'", id="a bot"),
        pytest.param("bob", {"expires": NOW}, "it expired 2026-06-01 12:00", id="expired"),
        pytest.param(
            "bob",
            {"expires": NOW + 8 * DAY},
            "it was made to live longer than 7 days, 0:00:00",
            id="for too long",
        ),
        pytest.param(
            "bob",
            {"made": NOW + HOUR, "expires": NOW + 2 * HOUR, "kind": OrderKind.RESUME},
            "it says it was made in the future, at 2026-06-01 13:00",
            id="a resume from the future",
        ),
        pytest.param("bob", {"reason": " "}, "it gives no reason", id="without a reason"),
        pytest.param("bob", {"identity": "carol"}, "it was signed by a key of 'bob'", id="in another's name"),
    ],
)
def test_an_order_that_does_not_count_says_why(by: str, fields: dict[str, object], reason: str) -> None:
    chain = Chain()
    chain.sign(by, replace(order(OrderKind.SUSPEND, by), **fields))  # type: ignore[arg-type]  # fields of Order

    assert reasons(chain) == [reason]
    assert suspension(judged(chain)) is None


def test_a_stop_counts_at_once_though_its_makers_clock_is_ahead() -> None:
    chain = Chain()
    ahead = order(OrderKind.SUSPEND, "bob", made=NOW + HOUR, expires=NOW + 2 * HOUR)
    chain.sign("bob", ahead)

    assert suspension(judged(chain)) == ahead


def test_an_order_about_another_environment_or_repository_is_not_heard() -> None:
    chain = Chain()
    chain.sign("bob", order(OrderKind.SUSPEND, "bob", environment="staging"))
    chain.sign("bob", order(OrderKind.SUSPEND, "bob", repository="other/shop"))

    assert judged(chain) == ()


def test_resume_ends_what_was_seen_before_it() -> None:
    chain = Chain()
    begin = chain.sign("bob", order(OrderKind.SUSPEND, "bob"))
    end = chain.sign("alice", order(OrderKind.RESUME, "alice", nonce="0b" * 16))
    chain.seen[sha256(begin.body)] = NOW - 2 * HOUR
    chain.seen[sha256(end.body)] = NOW - HOUR

    assert suspension(judged(chain)) is None


def test_a_resume_that_was_seen_earlier_ends_nothing() -> None:
    """A replayed one, or one that the server kept for later: the log decides, not the date in it."""
    chain = Chain()
    end = chain.sign("alice", order(OrderKind.RESUME, "alice", nonce="0b" * 16))
    begin = chain.sign("bob", order(OrderKind.SUSPEND, "bob"))
    chain.seen[sha256(end.body)] = NOW - 2 * HOUR
    chain.seen[sha256(begin.body)] = NOW - HOUR

    assert suspension(judged(chain)) is not None


def test_a_suspension_that_the_server_no_longer_shows_still_holds() -> None:
    chain = Chain()
    chain.negatives.append(chain.sign("bob", order(OrderKind.SUSPEND, "bob")))
    chain.statements.clear()

    assert suspension(judged(chain)) is not None


def test_a_withdrawn_order_does_not_count() -> None:
    chain = Chain()
    given = order(OrderKind.SUSPEND, "bob")
    chain.sign("bob", given)
    chain.sign("bob", Withdrawal("bob", REPOSITORY, digest(given), "a mistake", NOW, "ab" * 16))

    assert reasons(chain) == ["it was withdrawn"]


def test_a_revoked_key_orders_nothing() -> None:
    chain = Chain(policy=with_key(POLICY, "bob", not_after=NOW - DAY))
    chain.sign("bob", order(OrderKind.SUSPEND, "bob"))

    assert reasons(chain) == [f"its key {fingerprint('bob')} expired 2026-05-31 12:00"]


def test_a_security_key_that_the_environment_names_breaks_glass() -> None:
    chain = Chain(policy=with_key(POLICY, "carol", public=public_key("carol+")))
    chain.sign("carol", order(OrderKind.BREAK_GLASS, "carol"), key="carol+touched")

    [given] = broken_glass(judged(chain), HEAD)

    assert (given.order.identity, given.security_key) == ("carol", True)
    assert broken_glass(judged(chain), "b" * 40) == ()


def test_an_ordinary_key_breaks_no_glass() -> None:
    """A key in a file can be stolen in silence; bob is nobody's root holder either."""
    chain = Chain()
    chain.sign("bob", order(OrderKind.BREAK_GLASS, "bob"))

    assert reasons(chain) == ["its key is no security key; two root holders can give it instead"]


def test_a_security_key_of_somebody_else_breaks_no_glass() -> None:
    chain = Chain(policy=with_key(POLICY, "bob", public=public_key("bob+")))
    chain.sign("bob", order(OrderKind.BREAK_GLASS, "bob"), key="bob+touched")

    assert reasons(chain) == ["'bob' may not break glass; security may"]


def test_two_root_holders_break_glass_together_not_alone() -> None:
    chain = Chain()
    chain.sign("alice", order(OrderKind.BREAK_GLASS, "alice"))
    alone = broken_glass(judged(chain), HEAD)
    chain.sign("carol", order(OrderKind.BREAK_GLASS, "carol", nonce="0b" * 16))

    together = broken_glass(judged(chain), HEAD)

    assert alone == ()
    assert sorted(given.order.identity for given in together) == ["alice", "carol"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"incident": ""}, "it names no incident", id="no incident"),
        pytest.param(
            {"expires": NOW + 5 * HOUR},
            "it was made to live longer than 4:00:00",
            id="longer than four hours",
        ),
    ],
)
def test_broken_glass_names_its_incident_and_is_short(fields: dict[str, object], reason: str) -> None:
    chain = Chain()
    chain.sign("alice", order(OrderKind.BREAK_GLASS, "alice", **fields))

    assert reasons(chain) == [reason]
