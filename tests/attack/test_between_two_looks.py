"""Attacks that change what is served, or what time it is, between two steps of one round."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.support.deployers import Deployer, config_map, open_deployer, trust_file
from tests.support.desks import CONFIG_MAP, WEB
from tests.support.glass import break_glass, pager
from tests.support.one_approval import CLUSTER, now, open_shop

from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.warranting import passed_plan, warrant_for


def once_fetched(shop: Deployer, act: Callable[[], object]) -> Callable[[], datetime]:
    """A clock; when it is first asked after a fetch, something happens on the server."""
    fetched, waiting = shop.state / "quarantine.git" / "refs" / "incoming" / "heads" / "main", [act]

    def clock() -> datetime:
        while waiting and fetched.exists():
            waiting.pop()()
        return now()

    return clock


def dismiss_ada(shop: Deployer) -> None:
    """From these rules on, only the platform team may write."""
    shop.land(
        {
            ".gitwarrant/rules.yaml": yaml.safe_dump(
                [{"path": "*", "change": ["platform-team"], "approvals": 0}]
            ),
            ".gitwarrant/trust.yaml": trust_file(2),
        },
        by="grace",
    )


def test_rules_that_land_between_two_fetches_are_not_passed_by(tmp_path: Path) -> None:
    """The trust ref moves after its rules were read: rules that forbid what lands right behind them.

    Held: ada's key and account, or the Git server. Never a candidate under the old rules; stopped by verify.
    """
    shop = open_deployer(tmp_path)

    def land() -> None:
        dismiss_ada(shop)
        shop.land({"staging/web.yaml": config_map("web", mode="evil")}, by="ada")

    with open_delivery(shop.agent(), once_fetched(shop, land)) as work:
        first = examine(work, candidate(work, "staging"))
        second = examine(work, candidate(work, "staging"))

    assert (first.question.change.head, first.refusals) == (shop.trusted_at, ())
    [refusal] = second.refusals
    assert "'ada' may not change 'staging/web.yaml'" in refusal.what


@pytest.mark.parametrize("later", [timedelta(days=2), timedelta(days=100)], ids=["approval", "trust file"])
def test_what_expired_between_judging_and_deploying_opens_nothing(later: timedelta, tmp_path: Path) -> None:
    """Judged in time, kept from the cluster by an outage or a suspension, and taken up again much later.

    Stopped by verify, asked again when the warrant is issued.
    """
    shop = open_shop(tmp_path, approval_required=True, approvers=["platform-team"])
    base = shop.trusted_at
    shop.approve(base, shop.land({WEB: CONFIG_MAP % "careful"}))
    past = [timedelta()]

    with open_delivery(shop.agent(), lambda: datetime.now(UTC) + past[0]) as work:
        judgement = examine(work, candidate(work, "production"))
        past[0] = later

        with pytest.raises(Refused) as caught:
            warrant_for(work, judgement, passed_plan(judgement), CLUSTER)

    assert caught.value.stage == "verify"


def test_broken_glass_that_expired_before_the_deploy_opens_nothing(tmp_path: Path) -> None:
    """The cluster was away for longer than the order lived. Stopped by verify: nobody approved."""
    shop = open_shop(tmp_path)
    shop.settings["alarms"] = [pager(tmp_path)]
    head = shop.land({WEB: CONFIG_MAP % "bold"})
    break_glass(shop, head)
    past = [timedelta()]

    with open_delivery(shop.agent(), lambda: datetime.now(UTC) + past[0]) as work:
        judgement = examine(work, candidate(work, "production"))
        past[0] = timedelta(hours=5)

        with pytest.raises(Refused, match="needs 1 approval of platform-team"):
            warrant_for(work, judgement, passed_plan(judgement), CLUSTER)
