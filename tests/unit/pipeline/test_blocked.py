"""The shortest way on: who together can give all that is missing."""

import pytest

from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place
from gitwarrant.pipeline.blocked import fewest, spans
from gitwarrant.trust.explain import Account, Wanted
from gitwarrant.trust.tallies import Tally


def wanted(asker: str, needed: int, *able: str, by: tuple[str, ...] = ()) -> Wanted:
    return Wanted(Tally(asker, Place("rules.yaml", 1), ("web.yaml",), frozenset(), needed, by), able)


@pytest.mark.parametrize(
    ("asked", "people"),
    [
        pytest.param([], (), id="nothing is missing"),
        pytest.param([wanted("a", 1, "bob", "carol")], ("bob",), id="anybody of several: the first by name"),
        pytest.param(
            [wanted("a", 1, "bob", "carol"), wanted("b", 1, "carol")], ("carol",), id="one who can give both"
        ),
        pytest.param(
            [wanted("a", 2, "bob", "carol", "dan"), wanted("b", 1, "dan")],
            ("dan", "bob"),
            id="two, one of them for both",
        ),
        pytest.param([wanted("a", 2, "carol", by=("bob",))], ("carol",), id="one has approved already"),
    ],
)
def test_the_fewest_people_that_can_give_all(asked: list[Wanted], people: tuple[str, ...]) -> None:
    assert fewest(asked) == (people, ())


def test_what_nobody_can_give_is_said() -> None:
    """Two approvals, one able person: somebody must be added."""
    asked = wanted("a", 2, "bob")

    assert fewest([asked]) == ((), (asked,))


@pytest.mark.parametrize(
    ("landings", "places", "intervals"),
    [
        pytest.param("....", [], [], id="nothing is missing"),
        pytest.param("....", [1, 3], [(1, 3)], id="one interval, what is proven between them included"),
        pytest.param(
            ".a..", [0, 1, 2, 3], [(0, 0), (1, 1), (2, 3)], id="one that needs a statement of its own"
        ),
        pytest.param(".a..", [0, 3], [(0, 0), (3, 3)], id="no interval reaches over such a one"),
        pytest.param("aa", [0, 1], [(0, 0), (1, 1)], id="two such in a row"),
    ],
)
def test_intervals_that_a_statement_can_cover(
    landings: str, places: list[int], intervals: list[tuple[int, int]]
) -> None:
    """`a` changes who decides about others: what covers more than it alone does not count for it."""
    accounts = [
        Account(CommitId("c" * 40), "", (), (), (), (), None, alone=mark == "a", refusal=None)
        for mark in landings
    ]

    assert list(spans(accounts, places)) == intervals
