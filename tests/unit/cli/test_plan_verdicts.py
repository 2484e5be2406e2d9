"""`gitwarrant plan` shows every refusal, whichever stage it comes from."""

import io
from datetime import UTC, datetime
from pathlib import Path

from gitwarrant.cli.plan import show
from gitwarrant.cli.terminal import Terminal
from gitwarrant.config.agent import Agent
from gitwarrant.demo.story import judged, open_shop
from gitwarrant.pipeline.delivery import open_delivery


def test_a_refusal_by_fetch_is_shown_with_its_remedy(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "shop")
    agent: Agent = shop.agent({"uid": "a-cluster"}, state="agent")
    (shop.forge.clone / "staging").rename(shop.forge.clone / "elsewhere")
    shop.forge.commit(shop.grace, "Move staging away")
    shop.forge.push()
    out = io.StringIO()

    with open_delivery(agent, lambda: datetime.now(UTC)) as work:
        judgement = judged(work, "staging")
    show(judgement, None, Terminal(out, io.StringIO(), colour=False, as_json=False))

    assert out.getvalue().splitlines()[:3] == [
        "fetch    refused",
        "           the revision has no folder 'staging'",
        "           remedy: put it back, or correct the path",
    ]
