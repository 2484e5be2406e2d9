"""A symbolic link is deployed only where the environment allows its path, and as the file it leads to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.deployers import Deployer, config_map, open_deployer

from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.question import Judgement


def judged(deployer: Deployer) -> Judgement:
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC)) as work:
        return examine(work, candidate(work, "staging"))


def linked(folder: Path, allowed: list[str]) -> Deployer:
    """A deployer whose one environment holds a link to a file that is no manifest by its name."""
    deployer = open_deployer(folder, environments=["staging"], allow_links=allowed)
    (deployer.forge.clone / "staging/link.yaml").symlink_to("linked.txt")
    deployer.land({"staging/linked.txt": config_map("linked", mode="safe")})
    return deployer


def test_an_allowed_link_is_deployed_as_the_file_it_leads_to(tmp_path: Path) -> None:
    """By the link's name, which is a manifest's."""
    judgement = judged(linked(tmp_path, ["staging/link.yaml"]))

    assert judgement.refusals == ()
    assert judgement.plan is not None
    places = {item.key.name: item.place.path for item in judgement.plan.objects}
    assert places["linked"] == "staging/link.yaml"


@pytest.mark.parametrize("allowed", [["staging/other.yaml"], []], ids=["another path", "none"])
def test_a_link_that_is_not_allowed_is_refused(tmp_path: Path, allowed: list[str]) -> None:
    """Stage fetch; the reason names the path and the setting."""
    [refusal] = judged(linked(tmp_path, allowed)).refusals

    assert (refusal.stage, refusal.what) == ("fetch", "staging/link.yaml is a symbolic link")
    assert "allow_links" in refusal.remedy
