"""Sentences 4, 5, 9 and 10 of statements: first-seen times, withdrawals, revocations, spent ones."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import DAY, MAIN, NOW, POLICY, REPOSITORY, Chain, environment, fingerprint, with_key

from gitwarrant.model.canonical import encode, sha256
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.statement import Order, OrderKind
from gitwarrant.trust.covering import Intervals
from gitwarrant.trust.statements import judge_all


def landed() -> Chain:
    chain = Chain()
    chain.land({"web.yaml": "replicas: 2"}, by="alice")
    return chain


def why_not(chain: Chain, **how: object) -> str:
    """The reason that a refusal gives for the statement that does not count."""
    with pytest.raises(Refused) as caught:
        chain.verify(**how)  # type: ignore[arg-type]  # options of verify, by name
    assert caught.value.stage == "verify"
    return caught.value.what.rpartition("does not count: ")[2]


def seen_all(chain: Chain, *, at: timedelta) -> None:
    """The log saw the landing and every statement at that distance from now."""
    for landing in chain.landings:
        chain.seen[landing.commit] = NOW + at
    for signed in chain.statements:
        chain.seen[sha256(signed.body)] = NOW + at


def test_an_approval_that_held_when_both_were_seen_holds_through_a_freeze() -> None:
    """Expired a month ago, but by then the landing was there and accepted."""
    chain = landed()
    chain.approve("bob", at=NOW - 40 * DAY, expires=NOW - 30 * DAY)
    seen_all(chain, at=-35 * DAY)

    assert chain.verify().landings[0].approvals[0].identity == "bob"


@pytest.mark.parametrize("late", ["landing", "statement"])
def test_an_approval_that_expired_before_both_were_seen_opens_nothing(late: str) -> None:
    chain = landed()
    chain.approve("bob", at=NOW - 40 * DAY, expires=NOW - 30 * DAY)
    seen_all(chain, at=-35 * DAY)
    name = chain.landings[0].commit if late == "landing" else sha256(chain.statements[0].body)
    chain.seen[name] = NOW - DAY

    assert why_not(chain) == "it expired 2026-05-02 12:00"


def test_an_environment_that_asks_for_approval_asks_for_one_that_is_not_expired_now() -> None:
    """The rule's approval was for the content; the environment's is for the moment."""
    chain = landed()
    chain.approve("bob", at=NOW - 40 * DAY, expires=NOW - 30 * DAY)
    seen_all(chain, at=-35 * DAY)

    with pytest.raises(Refused, match="environment 'production' needs 1 approval"):
        chain.verify(environment("bob"))


def test_a_key_that_expired_since_speaks_for_what_it_said_before() -> None:
    chain = landed()
    chain.approve("bob")
    seen_all(chain, at=-2 * DAY)
    chain.policy = with_key(POLICY, "bob", not_after=NOW - DAY)

    assert chain.verify().landings[0].approvals[0].identity == "bob"


def test_an_approval_for_one_environment_is_none_for_another() -> None:
    chain = landed()
    chain.approve("bob", environment="staging")

    assert why_not(chain, environment=environment()) == "it is for environment 'staging', not 'production'"


def test_an_approval_for_an_environment_counts_there() -> None:
    chain = landed()
    chain.approve("bob", environment="production")

    assert chain.verify(environment()).landings[0].approvals[0].identity == "bob"


@pytest.mark.parametrize(
    ("by", "key"),
    [
        pytest.param("bob", "bob", id="by its maker"),
        pytest.param("carol", "carol", id="by a root holder"),
    ],
)
def test_a_statement_that_was_withdrawn_does_not_count(by: str, key: str) -> None:
    chain = landed()
    statement = chain.approve("bob")
    chain.withdraw(by, statement, key=key)

    assert why_not(chain) == "it was withdrawn"


def test_a_withdrawal_by_somebody_else_takes_nothing() -> None:
    chain = landed()
    statement = chain.approve("bob")
    chain.withdraw("mallory", statement)

    assert chain.verify().landings[0].approvals[0].identity == "bob"


def test_a_withdrawal_that_the_server_no_longer_shows_still_holds() -> None:
    """The log remembers it; the approval comes back alone."""
    chain = landed()
    statement = chain.approve("bob")
    withdrawal = chain.withdraw("bob", statement)
    chain.statements.remove(withdrawal)
    chain.negatives.append(withdrawal)

    assert why_not(chain) == "it was withdrawn"


def test_an_expired_key_can_still_withdraw() -> None:
    """Taking evidence away needs less proof than giving it."""
    chain = landed()
    statement = chain.approve("bob")
    seen_all(chain, at=-2 * DAY)
    chain.withdraw("bob", statement)
    chain.policy = with_key(POLICY, "bob", not_after=NOW - DAY)

    assert why_not(chain) == "it was withdrawn"


def test_a_statement_that_a_warrant_stood_on_opens_the_door_once() -> None:
    chain = landed()
    chain.approve("bob")
    chain.spent.add(sha256(chain.statements[0].body))

    assert why_not(chain).startswith("it was used")


@pytest.mark.parametrize(
    ("by", "key"),
    [
        pytest.param("bob", "bob", id="by its owner, with the key itself"),
        pytest.param("carol", "carol", id="by a root holder"),
    ],
)
def test_a_revoked_key_signs_nothing_more(by: str, key: str) -> None:
    """At once: no landing on the trust ref is needed."""
    chain = landed()
    chain.approve("bob")
    chain.revoke(by, "bob", key=key)

    assert why_not(chain) == f"its key {fingerprint('bob')} was revoked"


def test_a_revocation_of_somebody_else_s_key_is_none() -> None:
    chain = landed()
    chain.approve("bob")
    chain.revoke("mallory", "bob")

    assert chain.verify().landings[0].approvals[0].identity == "bob"


def test_what_was_seen_before_a_key_was_compromised_stands() -> None:
    chain = landed()
    chain.approve("bob")
    seen_all(chain, at=-3 * DAY)
    chain.revoke("bob", "bob", since=NOW - 2 * DAY)

    assert chain.verify().landings[0].approvals[0].identity == "bob"


def test_a_commit_by_a_revoked_key_is_a_lie() -> None:
    chain = landed()
    chain.approve("bob")
    chain.revoke("alice", "alice")

    with pytest.raises(Refused, match="a key that was revoked"):
        chain.verify()


def test_of_two_revocations_the_stricter_holds() -> None:
    chain = landed()
    chain.approve("bob")
    seen_all(chain, at=-3 * DAY)
    chain.revoke("bob", "bob", since=NOW - 2 * DAY)
    chain.revoke("bob", "bob")

    assert why_not(chain) == f"its key {fingerprint('bob')} was revoked"


def test_other_statements_among_them_are_neither_counted_nor_mentioned() -> None:
    chain = landed()
    chain.approve("bob")
    order = Order(
        OrderKind.SUSPEND, "bob", REPOSITORY, "production", "", "audit", "", NOW, NOW + DAY, "ef" * 16
    )
    chain.sign("bob", order)

    [judged] = judge_all(chain.hearing(), Intervals(chain.change()))

    assert judged.statement == chain.approve("bob", nonce=bytes.fromhex(judged.statement.nonce))  # type: ignore[union-attr]  # a statement


def test_broken_glass_owes_approvals_and_nothing_else() -> None:
    chain = landed()

    proven = chain.verify(environment(), waived=True)

    assert (proven.owed, proven.statements) == (True, frozenset())


def test_broken_glass_does_not_excuse_an_unsigned_commit() -> None:
    chain = Chain()
    chain.land({"web.yaml": "replicas: 2"}, by="alice", signed=False)

    with pytest.raises(Refused, match="nothing proves who wrote"):
        chain.verify(environment(), waived=True)


def test_an_approval_with_another_key_of_its_type_is_another_statement() -> None:
    """The type is part of the bytes: nothing is read as what it is not."""
    chain = landed()
    statement = chain.approve("bob")
    body = encode(statement).replace(b'"is":"Statement"', b'"is":"Withdrawal"')
    chain.statements[0] = replace(chain.statements[0], body=body)

    assert judge_all(chain.hearing(), Intervals(chain.change()))[0].statement is None
    assert isinstance(chain.statements[0], SignedStatement)
    assert chain.ref == MAIN
