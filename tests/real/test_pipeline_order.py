"""Hooks, objects made again, and environments that wait for each other, from a landing to the cluster."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.cluster_workshop import until
from tests.support.deployers import Deployer, config_map, open_deployer
from tests.support.running import running

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def job(name: str, *, label: str = "1", **annotations: str) -> str:
    """A Job that passes the checks and completes."""
    container = {
        "name": "migrate",
        "image": "registry.example/migrate@sha256:" + "c" * 64,
        "resources": {"limits": {"cpu": "1", "memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
        },
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    return yaml.safe_dump(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"template": {"metadata": {"labels": {"v": label}}, "spec": pod}},
        }
    )


def service(kind: str) -> str:
    """A Service; a load balancer never gets its address here."""
    spec = {"type": kind, "ports": [{"port": 80}]}
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}, "spec": spec}
    )


def uid(deployer: Deployer, environment: str, name: str) -> str:
    async def ask() -> dict[str, Any] | None:
        async with Cluster(from_kubeconfig(deployer.kubeconfig, environment={})) as cluster:
            return await cluster.get(ObjectKey("batch", "Job", deployer.namespace(environment), name), "v1")

    found = asyncio.run(ask())
    return found["metadata"]["uid"] if found else ""


def test_each_change_runs_the_hook_and_only_a_changed_job_is_made_again(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """The plan says so beforehand; an apply without a change does nothing."""
    hook = job("migrate", **{"argocd.argoproj.io/hook": "PreSync"})
    deployer = open_deployer(
        tmp_path,
        kubeconfig=cluster.kubeconfig,
        environments=["staging"],
        files={"staging/migrate.yaml": hook, "staging/once.yaml": job("once")},
        recreate=["Job.batch"],
    )

    first = deployer.here("apply", "staging")
    before = [uid(deployer, "staging", name) for name in ("migrate", "once")]
    nothing = deployer.here("apply", "staging")
    deployer.land({"staging/web.yaml": config_map("web", mode="changed")})
    second = deployer.here("apply", "staging")
    between = [uid(deployer, "staging", name) for name in ("migrate", "once")]
    deployer.land({"staging/once.yaml": job("once", label="2")})
    planned = deployer.here("plan", "staging", "--cluster")
    third = deployer.here("apply", "staging")
    after = [uid(deployer, "staging", name) for name in ("migrate", "once")]

    assert [said.status for said in (first, nothing, second, third)] == [0, 0, 0, 0], (first, second, third)
    assert "already as warranted" in nothing.out
    assert before[0] != between[0] != after[0]
    assert before[1] == between[1] != after[1]
    assert "1 to recreate, 1 to run" in planned.out
    assert "-/+ Job.batch" in planned.out
    assert "finished   Job.batch" in third.out
    assert len(deployer.records(RecordKind.WARRANTED)) == 3
    assert deployer.here("drift", "staging").status == 0


def test_an_environment_waits_until_what_it_depends_on_is_healthy(cluster: Sandbox, tmp_path: Path) -> None:
    """Refused with the reason while it is not deployed, and while it is not healthy; then it goes on."""
    deployer = open_deployer(
        tmp_path,
        kubeconfig=cluster.kubeconfig,
        files={"staging/front.yaml": service("ClusterIP")},
        each={"production": {"depends_on": ["staging"]}},
    )

    alone = deployer.here("apply", "production")
    deployer.here("apply", "staging")
    unseen = deployer.here("apply", "production")
    deployer.loop("staging")
    deployed = deployer.here("apply", "production")
    deployer.land({"staging/front.yaml": service("LoadBalancer")})
    deployer.loop("staging", rounds=2)
    deployer.land({"production/web.yaml": config_map("web", mode="changed")})
    unhealthy = deployer.here("apply", "production")
    deployer.land({"staging/front.yaml": service("ClusterIP")})
    deployer.loop("staging", rounds=2)
    healthy = deployer.here("apply", "production")

    assert [said.status for said in (alone, unseen, deployed, unhealthy, healthy)] == [1, 1, 0, 1, 0]
    assert "depends on 'staging': nothing was deployed there by this agent" in alone.err
    assert "it was not seen healthy since warrant 1 was applied" in unseen.err
    assert "depends on 'staging': Service" in unhealthy.err
    assert "is progressing" in unhealthy.err
    stages = {
        record.body["stage"] for record in deployer.records(RecordKind.REFUSED, environment="production")
    }
    assert stages == {"authorise"}


def test_a_wave_that_waits_keeps_no_other_environment_waiting(
    cluster: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One environment waits for a load balancer that never comes; the next one is deployed meanwhile."""
    monkeypatch.setattr("gitwarrant.agent.loop.SHARE_SECONDS", 0.5)
    waits = yaml.safe_load(config_map("later"))
    waits["metadata"]["annotations"] = {"gitwarrant.dev/wave": "1"}
    deployer = open_deployer(
        tmp_path,
        kubeconfig=cluster.kubeconfig,
        files={"staging/front.yaml": service("LoadBalancer"), "staging/later.yaml": yaml.safe_dump(waits)},
    )

    async def test() -> None:
        async def deployed() -> bool:
            return bool(deployer.records(RecordKind.APPLY_COMPLETED, environment="production"))

        async with running(deployer, "staging", "production"):
            await until(deployed, seconds=60)

    asyncio.run(test())

    assert deployer.records(RecordKind.APPLIED, environment="staging")
    assert deployer.records(RecordKind.APPLY_COMPLETED, environment="staging") == []
