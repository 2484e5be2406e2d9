"""Which root keys are in force, and why a change of them is not (protocol, 8.3 and 8.4)."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.chain import DAY, NOW, REPOSITORY, fingerprint
from tests.support.consents import change, changes, nonce, roots, signed

from gitwarrant.model.canonical import sha256
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import RootKey
from gitwarrant.model.statement import KeyRevocation, Roots, Withdrawal
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.opened import mark_of
from gitwarrant.trust.roots import MAX_SHOWN, Succession, succession

FIRST = roots("alice", "carol")
SECOND = roots("alice", "dora", after=FIRST)
THIRD = roots("dora", "erik", "frida", after=SECOND)
ALL = changes(SECOND, "alice", "carol", "dora")


def follow(
    *statements: SignedStatement,
    given: Roots = FIRST,
    remembered: Roots | None = None,
    seen: dict[str, datetime] | None = None,
    now: datetime = NOW,
) -> Succession:
    witnessed = Witnessed(seen or {})
    return succession(given, remembered, statements, repository=REPOSITORY, witnessed=witnessed, now=now)


def reasons(found: Succession) -> list[str]:
    return [str(proposal).partition(" are not in force: ")[2] for proposal in found.pending]


def test_a_change_that_old_and_new_holders_sign_is_in_force() -> None:
    assert follow(*ALL) == Succession(SECOND, (SECOND,), ())


def test_changes_follow_one_another() -> None:
    statements = [*ALL, *changes(THIRD, "alice", "dora", "erik")]

    assert follow(*statements) == Succession(THIRD, (SECOND, THIRD), ())


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        pytest.param(
            changes(SECOND, "alice", "carol"),
            "1 more of the new root holders (dora)",
            id="by old holders only",
        ),
        pytest.param(
            changes(SECOND, "alice", "dora"),
            "1 more of the old root holders (carol)",
            id="by new holders only",
        ),
        pytest.param(
            changes(SECOND, "alice"),
            "1 more of the old root holders (carol) and 1 more of the new root holders (dora)",
            id="below both thresholds",
        ),
        pytest.param(
            [*changes(SECOND, "alice", "dora"), change(SECOND, "carol", key="mallory")],
            "1 more of the old root holders (carol)",
            id="in a holder's name with another key",
        ),
        pytest.param(
            [*changes(SECOND, "alice", "dora"), change(SECOND, "carol", key="alice")],
            "1 more of the old root holders (carol)",
            id="one holder in two names",
        ),
        pytest.param(
            [*changes(SECOND, "alice", "dora"), change(SECOND, "carol", made=NOW - 40 * DAY)],
            "1 more of the old root holders (carol)",
            id="one consent expired before the others came",
        ),
        pytest.param(
            [*changes(SECOND, "alice", "dora"), change(SECOND, "carol", lives=91 * DAY)],
            "1 more of the old root holders (carol)",
            id="one consent made for longer than 90 days",
        ),
        pytest.param(
            [*changes(SECOND, "alice", "dora"), change(SECOND, "carol", made=NOW + DAY)],
            "1 more of the old root holders (carol)",
            id="one consent from the future",
        ),
        pytest.param(
            [*changes(SECOND, "alice", "dora"), change(SECOND, "carol", repository="example/other")],
            "1 more of the old root holders (carol)",
            id="one consent for another repository",
        ),
        pytest.param(
            changes(THIRD, "alice", "carol", "dora", "erik"),
            "version 3 does not follow 1",
            id="a version left out",
        ),
        pytest.param(
            changes(replace(SECOND, previous=sha256(b"others")), "alice", "carol", "dora"),
            "they follow other roots than those of version 1",
            id="after other roots",
        ),
        pytest.param(
            changes(replace(SECOND, threshold=3), "alice", "carol", "dora"),
            "a threshold of 3 does not fit 2 holders",
            id="a threshold nobody can reach",
        ),
        pytest.param(
            changes(replace(SECOND, threshold=0), "alice", "carol", "dora"),
            "a threshold of 0 does not fit 2 holders",
            id="no threshold",
        ),
        pytest.param(
            changes(replace(SECOND, keys=SECOND.keys[::-1]), "alice", "carol", "dora"),
            "their keys are not 1 to 100, each once, sorted by holder and key",
            id="keys in another order",
        ),
        pytest.param(
            changes(roots("alice", "dora", "zoe=dora", after=FIRST), "alice", "carol", "dora"),
            "two holders have the same key",
            id="one key for two holders",
        ),
        pytest.param(
            changes(
                replace(SECOND, keys=(*SECOND.keys, RootKey("erik", "ssh-dss AAAA"))),
                "alice",
                "carol",
                "dora",
            ),
            "'ssh-dss AAAA' is not an accepted public key: it ends too early",
            id="a key that is not accepted",
        ),
    ],
)
def test_a_change_is_not_in_force(statements: Sequence[SignedStatement], missing: str) -> None:
    found = follow(*statements)

    assert (found.roots, found.steps) == (FIRST, ())
    assert reasons(found) == [missing]


def test_who_is_no_holder_proposes_nothing() -> None:
    assert follow(*changes(SECOND, "dora", "mallory")) == Succession(FIRST, (), ())


def test_two_complete_changes_contradict_each_other_and_neither_counts() -> None:
    other = roots("carol", "dora", after=FIRST)

    found = follow(*ALL, *changes(other, "alice", "carol", "dora"))

    assert (found.roots, found.steps) == (FIRST, ())
    assert reasons(found) == ["the holders signed another change of the same version too"] * 2


def test_a_holder_takes_back_his_own_consent() -> None:
    taken = Withdrawal("carol", REPOSITORY, sha256(ALL[1].body), "a mistake", NOW, nonce("taken"))

    assert reasons(follow(*ALL, signed(taken, "carol"))) == ["1 more of the old root holders (carol)"]


def test_a_holder_takes_back_nobody_elses_consent() -> None:
    taken = Withdrawal("alice", REPOSITORY, sha256(ALL[1].body), "I do not like it", NOW, nonce("taken"))

    assert follow(*ALL, signed(taken, "alice")).roots == SECOND


def test_a_key_that_its_holder_revoked_consents_to_nothing() -> None:
    old = roots("alice", "carol", "carol=carol-2")
    new = roots("alice", "dora", after=old)
    revoked = KeyRevocation("carol", REPOSITORY, fingerprint("carol"), None, "stolen", NOW, nonce("revoked"))
    consents = changes(new, "alice", "carol", "dora")

    assert follow(*consents, given=old).roots == new
    assert follow(*consents, signed(revoked, "carol-2"), given=old).roots == old


def test_a_holder_who_changes_his_key_signs_with_the_old_one_and_the_new_one() -> None:
    new = roots("alice", "carol=carol-2", after=FIRST)

    assert follow(*changes(new, "alice", "carol")).roots == FIRST
    assert follow(*changes(new, "alice", "carol", "carol=carol-2")).roots == new


def test_consents_count_that_were_complete_before_they_expired() -> None:
    """The log saw them all in time; a reader without a log sees them only now."""
    old = [change(SECOND, by, made=NOW - 60 * DAY) for by in ("alice", "carol", "dora")]
    seen: dict[str, datetime] = {str(mark_of(item)): NOW - 40 * DAY for item in old}

    assert follow(*old, seen=seen).roots == SECOND
    assert follow(*old).roots == FIRST


def test_what_the_log_took_up_stays_whatever_the_server_shows() -> None:
    assert follow(given=FIRST, remembered=SECOND) == Succession(SECOND, (), ())


def test_a_lowered_version_of_the_configuration_changes_nothing() -> None:
    assert follow(*ALL, given=FIRST, remembered=THIRD) == Succession(THIRD, (), ())


def test_a_higher_version_of_the_configuration_outranks_the_chain() -> None:
    emergency = roots("zoe", threshold=1, version=5)

    assert follow(*ALL, given=emergency, remembered=SECOND) == Succession(emergency, (emergency,), ())


def test_a_configuration_of_the_same_version_with_other_keys_is_refused() -> None:
    other = roots("mallory", threshold=1, version=2)

    with pytest.raises(Refused) as refused:
        follow(given=other, remembered=SECOND)

    assert (refused.value.what, refused.value.remedy) == (
        "the root keys of the configuration and those that the log took up are both of version 2, but differ",
        "to replace the roots from outside, write them with 'root.version: 3'",
    )


def test_the_same_roots_from_the_chain_and_from_a_configuration_are_followed_alike() -> None:
    written = replace(SECOND, previous="")
    consents = changes(THIRD, "alice", "dora", "erik")

    assert follow(*consents, given=written).roots == follow(*consents, given=FIRST, remembered=SECOND).roots


def test_three_hundred_proposals_of_one_holder_hide_nothing_and_cost_little() -> None:
    """One holder alone, or who stole his key, floods the repository."""
    flood = [change(roots("alice", f"friend-{number}", after=FIRST), "alice") for number in range(300)]

    started = time.process_time()
    found = follow(*flood, *ALL)

    assert found.roots == SECOND
    assert len(follow(*flood).pending) == MAX_SHOWN
    assert time.process_time() - started < 5


@settings(max_examples=50, deadline=None)
@given(order=st.permutations([*ALL, *changes(THIRD, "alice", "dora", "erik"), *changes(SECOND, "mallory")]))
def test_any_order_of_statements_gives_the_same_roots(order: list[SignedStatement]) -> None:
    assert follow(*order) == Succession(THIRD, (SECOND, THIRD), ())


@settings(max_examples=60, deadline=None)
@given(chosen=st.sets(st.sampled_from(range(3))))
def test_no_part_of_the_consents_is_enough(chosen: set[int]) -> None:
    found = follow(*(ALL[index] for index in chosen))

    assert (found.roots == SECOND) is (len(chosen) == 3)
