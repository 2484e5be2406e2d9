"""What the rules let a thief do."""

from dataclasses import replace

import pytest
from tests.support.bots import shop
from tests.support.chain import POLICY, ROOT, environment
from tests.support.reviews import trusting

from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.owners import Forge, OwnersSource
from gitwarrant.trust.what_if import Reach, Stolen, what_if

OPEN = environment(required=False)


def reached(stolen: Stolen, name: str, place: Environment = OPEN) -> dict[str, tuple[Reach, str]]:
    found = what_if(stolen, name, POLICY, ROOT, [place])
    return {f"{item.environment}:{item.pattern}": (item.reach, item.why) for item in found}


def test_an_account_alone_deploys_nothing() -> None:
    assert {reach for reach, _ in reached(Stolen.ACCOUNT, "alice").values()} == {Reach.NOTHING}


def test_an_account_gives_approvals_where_reviews_count() -> None:
    """For what others signed; not where the person may not approve, nor for a bot."""

    def reach(name: str) -> list[tuple[Reach, str]]:
        found = what_if(Stolen.ACCOUNT, name, trusting(), ROOT, [OPEN])
        return [(item.reach, item.why) for item in found if item.pattern in ("*", "/notes/")]

    nothing = (Reach.NOTHING, "nobody's signature comes with an account")
    helps = "reviews on gitea count here: it can give the one approval that what others signed needs"
    assert reach("bob") == [(Reach.WITH_OTHERS, helps), nothing]
    assert reach("mallory") == [nothing, nothing]
    assert reach("robot")[0] == (
        Reach.NOTHING,
        "nobody's signature comes with an account, and a bot cannot approve",
    )


def test_account_and_key_reach_what_asks_for_no_other_person() -> None:
    assert reached(Stolen.BOTH, "alice") == {
        ":.gitwarrant/": (Reach.WITH_OTHERS, "1 more of carol must sign"),
        "production:*": (
            Reach.WITH_OTHERS,
            "it may change these paths, but needs 1 approval of platform or security",
        ),
        "production:/database/": (
            Reach.WITH_OTHERS,
            "it may change these paths, but needs 2 approvals of platform or security",
        ),
        "production:/notes/": (Reach.ALONE, "it may change these paths, and no approval is asked"),
    }


def test_an_approver_can_only_help_others() -> None:
    assert reached(Stolen.BOTH, "carol")["production:*"] == (
        Reach.WITH_OTHERS,
        "it may not change these paths; it can give the one approval that others' changes need",
    )


def test_a_key_without_the_account_needs_somebody_who_pushes() -> None:
    reach, why = reached(Stolen.KEY, "alice")["production:/notes/"]

    assert (reach, why.partition(":")[0]) == (Reach.ALONE, "once somebody pushes it")


def test_an_environment_that_asks_for_approval_is_not_reached_alone() -> None:
    place = environment("security")

    reach, why = reached(Stolen.BOTH, "mallory", place)["production:/notes/"]

    assert (reach, why) == (
        Reach.WITH_OTHERS,
        "it may change these paths, but needs the environment's approval of security",
    )


def test_rules_of_other_folders_are_left_out() -> None:
    place = environment(path="notes", required=False)

    assert list(reached(Stolen.BOTH, "alice", place)) == [
        ":.gitwarrant/",
        "production:*",
        "production:/notes/",
    ]


def test_somebody_unknown_is_an_error_that_names_who_is_known() -> None:
    with pytest.raises(GitwarrantError, match="alice, bob, carol, mallory, robot"):
        what_if(Stolen.BOTH, "nobody", POLICY, ROOT, [OPEN])


def test_bounds_of_a_bot_and_codeowners_are_told_but_take_no_reach_away() -> None:
    """CODEOWNERS may name nobody for a path: to say that less could happen would be a promise."""
    chain = shop()
    owners = OwnersSource("CODEOWNERS", Forge.GITHUB, Place(".gitwarrant/rules.yaml", 3))
    policy = replace(chain.policy, rules=(replace(chain.policy.rules[0], owners=owners),))

    [_, found] = what_if(Stolen.BOTH, "robot", policy, ROOT, [OPEN])

    assert found.reach is Reach.ALONE
    assert found.why == (
        "it may change the fields that its 'may' lists, and no approval is asked, "
        "but where CODEOWNERS names an owner"
    )
