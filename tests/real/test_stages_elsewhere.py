"""apply and observe run in another process, given canonical bytes and the cluster's credential."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.deployers import open_deployer
from tests.support.stages import ApplyCall, Elsewhere, ObserveCall

from gitwarrant.audit.queries import inventory, last_warrant
from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.live import Applied, Observation, Result
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.warranting import warrant_for, warrant_keys
from gitwarrant.sandbox.find import Sandbox
from gitwarrant.trust.warrant import open_warrant

pytestmark = pytest.mark.real


def test_apply_and_observe_in_another_process(cluster: Sandbox, tmp_path: Path) -> None:
    """The child applies what was warranted here; what both then observe is the same, byte for byte."""
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",))
    namespace, place = deployer.namespace("staging"), str(cluster.kubeconfig)
    agent = deployer.agent()
    with Elsewhere() as child, open_delivery(agent, lambda: datetime.now(UTC)) as work:
        judgement = examine(work, candidate(work, "staging"))
        assert judgement.plan is not None
        manifests = judgement.plan.manifests
        warrant_for(work, judgement, judgement.plan, cluster.uid)
        last = last_warrant(work.recorder, "staging")
        assert last is not None
        warrant = open_warrant(last.bundle.envelope, warrant_keys(work.agent.warrant))
        asked = ApplyCall(warrant, last.leaves, manifests, place, str(agent.log), (), namespace)

        applied = decode(Applied, child.answer(asked))

        owned = inventory(work.recorder, "staging")
        watched = ObserveCall("staging", manifests, owned, place, str(agent.log), DriftMode.REPORT, namespace)
        there, here = child.answer(watched), watched.answer()

    assert [item.result for item in applied.objects] == [Result.CREATED, Result.CREATED]
    assert [(item.key, item.uid) for item in applied.objects] == [(entry.key, entry.uid) for entry in owned]
    assert there == encode(here)
    assert decode(Observation, there) == here
    assert here.drifts == ()
