"""What a warrant says of a reviewed change, beside what lies in Git."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from gitwarrant.demo.story import approve, judged, open_shop, three_replicas
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.warranting import passed_plan, warrant_for

CLUSTER = "5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e"


def test_a_reviewed_change_is_claimed_with_the_statement_that_reviewed_it(tmp_path: Path) -> None:
    """The summary's last attestation is fetched from the Git server, and has the digest that it names."""
    shop = open_shop(tmp_path / "shop")
    approve(shop, shop.trusted_at, three_replicas(shop))
    agent = shop.agent({"uid": CLUSTER}, state="agent")

    with open_delivery(agent, lambda: datetime.now(UTC)) as work:
        judgement = judged(work, "production")
        bundle = warrant_for(work, judgement, passed_plan(judgement), CLUSTER)

    summary = json.loads(bundle.envelope.payload)["predicate"]
    assert summary["verifiedLevels"][3:] == ["GITWARRANT_REVIEWED_BY_1"]
    statement = summary["inputAttestations"][-1]
    address, _, ref = statement["uri"].removeprefix("git+").rpartition("@")
    subprocess.run(["git", "init", "--quiet", "there"], cwd=tmp_path, check=True)
    subprocess.run(["git", "fetch", "--quiet", address, ref], cwd=tmp_path / "there", check=True)
    body = subprocess.check_output(
        ["git", "cat-file", "blob", "FETCH_HEAD:statement"], cwd=tmp_path / "there"
    )
    digest = subprocess.check_output(["sha256sum"], input=body).split()[0].decode()
    assert statement["digest"] == {"sha256": digest}
    assert json.loads(body)["identity"] == "grace"
