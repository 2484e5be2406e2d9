"""How many people an order to go back takes, which orders belong together, and what ends them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import NOW, REPOSITORY, Chain, environment

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import BlobId, PathChange
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Place
from gitwarrant.model.identity import Hardware, PathRule
from gitwarrant.model.owners import Forge, OwnersSource
from gitwarrant.model.statement import Order, OrderKind
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import Given, judge_orders
from gitwarrant.trust.returning import Needed, enough, last_release, needed_for, returns

MINUTE = timedelta(minutes=1)
FIRST, SECOND = "a" * 40, "b" * 40
ANYBODY: frozenset[str] = frozenset()
PRODUCTION = environment(path="production", required=False)


def rule(pattern: str, approvals: int, **more: object) -> PathRule:
    made = PathRule(pattern, ANYBODY, approvals, ANYBODY, Place("rules.yaml", 1))
    return replace(made, **more)  # type: ignore[arg-type]  # fields of PathRule, by name


def changed(*paths: str) -> list[PathChange]:
    return [PathChange(path, 0o100644, BlobId("1" * 40), 0o100644, BlobId("2" * 40)) for path in paths]


@pytest.mark.parametrize(
    ("paths", "rules", "production", "expected"),
    [
        pytest.param(["production/web"], [rule("*", 0)], PRODUCTION, Needed(1), id="nobody approves"),
        pytest.param(["production/web"], [rule("*", 2)], PRODUCTION, Needed(3), id="the author counts, too"),
        pytest.param(
            ["production/web", "production/db/schema"],
            [rule("*", 1), rule("/production/db/", 3)],
            PRODUCTION,
            Needed(4),
            id="the strictest rule of all paths",
        ),
        pytest.param(
            ["production/web", "elsewhere/db"],
            [rule("*", 0), rule("/elsewhere/", 3)],
            PRODUCTION,
            Needed(1),
            id="what lies outside comes back nowhere",
        ),
        pytest.param(
            ["production/web"],
            [rule("*", 0)],
            replace(PRODUCTION, approval_required=True),
            Needed(2),
            id="an environment that asks for approval",
        ),
        pytest.param(
            ["production/web"],
            [rule("*", 0, owners=OwnersSource("CODEOWNERS", Forge.GITHUB, Place("rules.yaml", 1)))],
            PRODUCTION,
            Needed(2),
            id="code owners",
        ),
        pytest.param(
            ["production/web"],
            [rule("*", 0, hardware=Hardware.PIN)],
            PRODUCTION,
            Needed(1, Hardware.PIN),
            id="a device that asks for a PIN",
        ),
        pytest.param([], [rule("*", 2)], PRODUCTION, Needed(1), id="nothing differs: it is only held"),
    ],
)
def test_going_back_takes_as_many_people_as_a_landing_that_undoes_it(
    paths: list[str], rules: list[PathRule], production: Environment, expected: Needed
) -> None:
    assert needed_for(changed(*paths), rules, production) == expected


def order(kind: OrderKind, by: str, *, commit: str = FIRST, made: int = -10) -> Given:
    at = NOW + made * MINUTE
    value = Order(kind, by, REPOSITORY, "production", commit, "why", "", at, at + 60 * MINUTE, "0a" * 16)
    return Given(value, Digest(f"sha256:{by} {made}"), NOW, "", False, "")


def back(by: str, **how: object) -> Given:
    return order(OrderKind.ROLLBACK, by, **how)  # type: ignore[arg-type]  # arguments of `order`, by name


def names(groups: tuple[tuple[Given, ...], ...]) -> list[list[str]]:
    return [[item.order.identity for item in group] for group in groups]


def test_orders_of_the_same_revision_belong_together_and_the_newest_wish_comes_last() -> None:
    found = returns(
        [back("ada", made=-5), back("bob", commit=SECOND, made=-8), back("eve", made=-9)], frozenset()
    )

    assert names(found) == [["bob"], ["ada", "eve"]]


@pytest.mark.parametrize(
    "drop",
    [
        pytest.param(lambda item: replace(item, reason="it expired"), id="one that does not count"),
        pytest.param(lambda item: replace(item, digest=Digest("spent")), id="one that was spent"),
        pytest.param(lambda _: back("ada", made=-40), id="one made before the release"),
    ],
)
def test_what_does_not_count_belongs_to_nothing(drop: Callable[[Given], Given]) -> None:
    release = order(OrderKind.RELEASE, "bob", commit="", made=-30)

    assert returns([release, drop(back("ada"))], frozenset({Digest("spent")})) == ()


def test_persons_count_and_not_orders() -> None:
    twice = [back("ada"), back("ada", made=-9)]

    assert not enough(twice, Needed(2))
    assert enough([*twice, back("bob")], Needed(2))


def test_only_those_count_who_prove_the_device_that_the_rules_ask_for() -> None:
    touched = replace(back("ada"), hardware=Hardware.TOUCH)

    assert not enough([touched, back("bob")], Needed(2, Hardware.TOUCH))
    assert enough([touched, replace(back("bob"), hardware=Hardware.PIN)], Needed(2, Hardware.TOUCH))


def test_a_touched_key_of_somebody_who_may_break_glass_is_enough_alone() -> None:
    assert enough([replace(back("carol"), security_key=True)], Needed(4, Hardware.PIN))


def test_only_a_release_made_later_ends_a_hold() -> None:
    early, late = (order(OrderKind.RELEASE, "bob", commit="", made=made) for made in (-30, -5))

    assert last_release([early, late]) == late
    assert last_release([early], after=NOW - 10 * MINUTE) is None
    assert last_release([replace(late, reason="it was withdrawn")]) is None


@pytest.mark.parametrize(
    ("by", "operators", "approvers", "reason"),
    [
        pytest.param("bob", ("platform",), (), "", id="an operator"),
        pytest.param("bob", (), ("platform",), "", id="an approver, where there are no operators"),
        pytest.param("carol", (), (), "", id="a root holder, where nobody is named"),
        pytest.param(
            "carol", ("platform",), (), "'carol' may not roll it back; platform may", id="else no root holder"
        ),
        pytest.param("bob", (), (), "'bob' may not roll it back; root holders may", id="nor anybody"),
    ],
)
def test_who_may_order_a_way_back(
    by: str, operators: tuple[str, ...], approvers: tuple[str, ...], reason: str
) -> None:
    production = replace(PRODUCTION, operators=operators, approvers=approvers)
    chain = Chain()
    chain.sign(by, back(by).order)
    registry = Registry(chain.policy, chain.root.keys)

    [given] = judge_orders(
        chain.statements, REPOSITORY, production, registry, witnessed=chain.witnessed(), now=NOW
    )

    assert given.reason == reason
