"""Environments that another one waits for: what the log must say of them before it changes."""

from dataclasses import replace

import pytest
from tests.support.warrants import ENVIRONMENT

from gitwarrant.model.errors import Refused
from gitwarrant.model.live import Health, ObjectHealth
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.trust.predecessors import Predecessor, check_predecessors

WEB = ObjectKey("apps", "Deployment", "platform", "web")
WELL = Predecessor("platform", 7, True, True, ())
WAITING = replace(ENVIRONMENT, depends_on=("platform",))


def ill(count: int) -> tuple[ObjectHealth, ...]:
    return tuple(
        ObjectHealth(replace(WEB, name=f"web{number}"), Health.PROGRESSING, "0 of 1 Pods are available")
        for number in range(count)
    )


def test_an_environment_that_depends_on_none_asks_for_nothing() -> None:
    check_predecessors(ENVIRONMENT, ())


def test_a_healthy_one_lets_it_pass() -> None:
    check_predecessors(WAITING, (WELL,))


@pytest.mark.parametrize(
    ("found", "what"),
    [
        pytest.param((), "nothing was deployed there by this agent", id="unknown"),
        pytest.param(
            (replace(WELL, name="other"),), "nothing was deployed there by this agent", id="another one"
        ),
        pytest.param((replace(WELL, sequence=0),), "nothing was deployed there", id="never deployed"),
        pytest.param(
            (replace(WELL, complete=False),), "its warrant 7 is not applied to its end", id="in the middle"
        ),
        pytest.param(
            (replace(WELL, unhealthy=ill(1)),),
            "Deployment.apps platform/web0 is progressing: 0 of 1 Pods are available",
            id="not healthy",
        ),
        pytest.param((replace(WELL, unhealthy=ill(3)),), "and 2 more", id="several"),
        pytest.param(
            (replace(WELL, was_healthy=False),),
            "it was not seen healthy since warrant 7 was applied",
            id="not seen since",
        ),
    ],
)
def test_what_it_lacks_refuses_the_change(found: tuple[Predecessor, ...], what: str) -> None:
    """Every answer but a clear one refuses: also that nothing is known."""
    with pytest.raises(Refused) as refused:
        check_predecessors(WAITING, found)

    assert refused.value.stage == "authorise"
    assert refused.value.what.startswith(f"environment {WAITING.name!r} depends on 'platform': ")
    assert what in refused.value.what
    assert refused.value.place == WAITING.place


def test_all_of_several_have_to_be_well() -> None:
    both = replace(ENVIRONMENT, depends_on=("platform", "database"))

    with pytest.raises(Refused, match="depends on 'database'"):
        check_predecessors(both, (WELL, replace(WELL, name="database", complete=False)))
