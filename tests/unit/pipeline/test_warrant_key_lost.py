"""A lost warrant key stops nothing: what it signed no longer acts, and the next warrant is issued anew."""

from datetime import UTC, datetime
from pathlib import Path

from gitwarrant.demo.story import judged, open_shop
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.warranting import in_force, passed_plan, warrant_for, warrant_keys
from gitwarrant.trust.warrant import open_warrant

CLUSTER = "5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e"


def test_a_warrant_of_a_lost_key_is_not_in_force_and_the_next_one_follows_it(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "shop")
    agent = shop.agent({"uid": CLUSTER}, state="agent")
    with open_delivery(agent, lambda: datetime.now(UTC)) as work:
        judgement = judged(work, "production")
        plan = passed_plan(judgement)
        first = warrant_for(work, judgement, plan, CLUSTER)
        before = in_force(work, plan, CLUSTER)

        (tmp_path / "shop" / "warrant.key").unlink()
        after = in_force(work, plan, CLUSTER)
        second = warrant_for(work, judgement, plan, CLUSTER)

        assert (before, after, in_force(work, plan, CLUSTER)) == (first, None, second)
        assert open_warrant(second.envelope, warrant_keys(agent.warrant)).sequence == 2
