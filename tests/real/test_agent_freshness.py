"""The loop on a real cluster while the Git server hides the present: nothing new, but healing goes on."""

from pathlib import Path

import pytest
from tests.real.test_agent_loop import by_hand, data
from tests.support.deployers import config_map, open_deployer

from gitwarrant.agent.loop import Mood
from gitwarrant.demo.forge import run_git
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def test_nothing_new_is_deployed_without_a_fresh_heartbeat_and_drift_is_still_put_back(
    cluster: Sandbox, tmp_path: Path
) -> None:
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=["staging"])
    heart = deployer.heart()
    assert heart.beat().status == 0
    deployer.loop()
    assert data(deployer, "staging") == {"mode": "safe"}

    run_git(deployer.forge.server, "update-ref", "-d", heart.ref)
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    by_hand(deployer, "staging", "PATCH", {"data": {"mode": "tampered"}})
    events = deployer.loop(rounds=2)

    assert data(deployer, "staging") == {"mode": "safe"}
    refused = [event.what for event in events if event.mood is Mood.BAD and "not fresh" in event.what]
    assert len(refused) == 1  # told once, not at every look
    assert refused[0].startswith("refused by fetch: not fresh: 0 of the 1 heartbeats needed")
    assert len(deployer.records(RecordKind.WARRANTED)) == 1

    assert heart.beat().status == 0
    deployer.loop()
    assert data(deployer, "staging") == {"mode": "next"}
    assert [record.body["sequence"] for record in deployer.records(RecordKind.HEARTBEAT)] == [1, 2]
