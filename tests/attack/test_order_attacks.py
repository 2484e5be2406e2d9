"""Attacks on suspension and broken glass: by who serves orders late, and by one root holder alone."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.support.chain import NOW, REPOSITORY, ROOT, Chain, environment, person, public_key

from gitwarrant.model.canonical import sha256
from gitwarrant.model.identity import RootKey
from gitwarrant.model.statement import Order, OrderKind
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import Given, broken_glass, judge_orders, suspension

HOUR = timedelta(hours=1)
HEAD = "a" * 40
PRODUCTION = replace(environment(), operators=("platform",), break_glass=("security",))


def order(kind: OrderKind, by: str, **fields: object) -> Order:
    glass = kind is OrderKind.BREAK_GLASS
    given = Order(
        kind=kind,
        identity=by,
        repository=REPOSITORY,
        environment="production",
        commit=HEAD if glass else "",
        reason="payments are down",
        incident="4711" if glass else "",
        made=NOW - HOUR,
        expires=NOW + HOUR,
        nonce="0a" * 16,
    )
    return replace(given, **fields)  # type: ignore[arg-type]  # fields of Order, by name


def give(chain: Chain, said: Order, *, seen: datetime, key: str = "") -> None:
    """Sign an order; the log saw it first at that time."""
    chain.seen[sha256(chain.sign(said.identity, said, key=key).body)] = seen


def judged(chain: Chain) -> tuple[Given, ...]:
    registry = Registry(chain.policy, chain.root.keys)
    return judge_orders(
        chain.statements, REPOSITORY, PRODUCTION, registry, witnessed=chain.witnessed(), now=NOW
    )


def test_a_resume_that_the_server_kept_back_ends_no_later_suspension() -> None:
    """Alice ended the first suspension; the server shows that only now, when bob has suspended again.

    Held: the Git server. Stopped by authorise: a resume ends what was ordered before it.
    """
    chain = Chain()
    give(chain, order(OrderKind.SUSPEND, "bob", made=NOW - 5 * HOUR), seen=NOW - 5 * HOUR)
    again = order(OrderKind.SUSPEND, "bob", made=NOW - 2 * HOUR)
    give(chain, again, seen=NOW - 2 * HOUR)
    give(chain, order(OrderKind.RESUME, "alice", made=NOW - 4 * HOUR), seen=NOW - HOUR)

    assert suspension(judged(chain)) == again


def test_a_resume_ends_all_suspensions_before_it() -> None:
    chain = Chain()
    give(chain, order(OrderKind.SUSPEND, "bob", made=NOW - 5 * HOUR), seen=NOW - 5 * HOUR)
    give(chain, order(OrderKind.SUSPEND, "alice", made=NOW - 3 * HOUR), seen=NOW - 3 * HOUR)
    give(chain, order(OrderKind.RESUME, "alice", made=NOW - 2 * HOUR), seen=NOW - HOUR)

    assert suspension(judged(chain)) is None


def test_a_root_holder_with_a_security_key_breaks_no_glass_alone() -> None:
    """Alice holds a root key on a security key; the environment names the security team, not her.

    Held: one root key of two. Stopped by authorise: it takes whom the environment names, or two holders.
    """
    root = replace(ROOT, keys=(RootKey("alice", public_key("alice+")), *ROOT.keys[1:]))
    chain = Chain(root=root)
    give(chain, order(OrderKind.BREAK_GLASS, "alice"), seen=NOW, key="alice+touched")

    assert [given.reason for given in judged(chain)] == [""]
    assert broken_glass(judged(chain), HEAD) == ()


def test_one_root_holder_under_two_names_is_one() -> None:
    """The rules list alice's second root key under somebody else's name."""
    two = replace(
        person("dave", "developers"), keys=(replace(person("alice").keys[0], public=public_key("a-2")),)
    )
    root = replace(ROOT, keys=(*ROOT.keys, RootKey("alice", public_key("a-2"))))
    chain = Chain(root=root)
    chain.policy = replace(chain.policy, identities=(*chain.policy.identities, two))
    give(chain, order(OrderKind.BREAK_GLASS, "alice"), seen=NOW)
    give(chain, order(OrderKind.BREAK_GLASS, "dave"), seen=NOW, key="a-2")

    assert broken_glass(judged(chain), HEAD) == ()


@pytest.mark.parametrize("field", ["reason", "incident"])
def test_two_root_holders_who_say_different_things_break_no_glass(field: str) -> None:
    """One who broke glass for an old incident did not mean this one."""
    chain = Chain()
    give(chain, order(OrderKind.BREAK_GLASS, "alice"), seen=NOW)
    give(chain, order(OrderKind.BREAK_GLASS, "carol", **{field: "another"}), seen=NOW)

    assert broken_glass(judged(chain), HEAD) == ()
