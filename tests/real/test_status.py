"""`status` and `wait` on a real cluster: controllers make the Pods, the scheduler finds no place for some."""

import asyncio
import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.cluster_workshop import Workshop, manifest
from tests.support.deployers import (
    NOWHERE,
    Deployer,
    config_map,
    environments_file,
    open_deployer,
    trust_file,
)
from tests.support.manifests import container

from gitwarrant.cluster.client import Cluster
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def deployment(name: str, *, replicas: int = 2, node: str = "") -> str:
    labels = {"app": name}
    spec: dict[str, Any] = {"containers": [container(name)]}
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    return yaml.safe_dump(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        }
    )


def neutral(text: str, deployer: Deployer) -> str:
    """A tree without what differs from run to run: the namespace, the commit, generated names."""
    text = text.replace(deployer.namespace("live"), "NAMESPACE")
    text = re.sub(r"revision [0-9a-f]{12}", "revision COMMIT", text)
    text = re.sub(r"(ReplicaSet \w+)-[a-z0-9]+", r"\1-HASH", text)
    text = text.replace(deployer.prefix, "PREFIX")
    return re.sub(r"(Pod \w+)-[a-z0-9]+-[a-z0-9]{5}", r"\1-HASH-POD", text)


def open_live(cluster: Sandbox, folder: Path, **settings: Any) -> Deployer:
    deployer = open_deployer(folder, kubeconfig=cluster.kubeconfig, environments=("live",))
    if settings:
        files = environments_file(deployer.prefix, ["live"], **settings)
        deployer.land(
            {".gitwarrant/environments.yaml": files, ".gitwarrant/trust.yaml": trust_file(2)}, by="grace"
        )
    return deployer


def test_a_healthy_environment_is_shown_with_all_that_the_cluster_made_of_it(
    cluster: Sandbox, tmp_path: Path
) -> None:
    deployer = open_live(cluster, tmp_path)
    commit = deployer.land({"live/web.yaml": deployment("web"), "live/flags.yaml": config_map("flags")})
    assert deployer.here("apply", "live").status == 0

    waited = deployer.here("wait", "live", "--timeout", "60s", "--revision", commit)
    shown = deployer.here("status", "live")

    assert (waited.status, waited.out) == (0, "live is healthy\n")
    assert shown.status == 0
    assert (
        neutral(shown.out, deployer)
        == """\
live  revision COMMIT, warrant 1, just now: 3 of 3 objects are healthy
├─ ConfigMap NAMESPACE/flags  healthy
├─ Namespace NAMESPACE  healthy
└─ Deployment.apps NAMESPACE/web  healthy
   └─ ReplicaSet web-HASH  healthy
      ├─ Pod web-HASH-POD  healthy
      └─ Pod web-HASH-POD  healthy
"""
    )


def test_what_has_no_place_to_run_says_so_and_fails_after_the_deadline(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """Nothing is there to mend it; the person reads why, and the exit status tells a pipeline."""
    deployer = open_live(cluster, tmp_path, health_deadline="10s")
    deployer.land({"live/web.yaml": deployment("web", replicas=1, node="nowhere")})
    assert deployer.here("apply", "live").status == 0

    early = deployer.here("wait", "live", "--timeout", "3s")
    late = deployer.here("wait", "live", "--timeout", "14s")
    told = deployer.here("status", "live", "--output", "json")

    assert (early.status, late.status, told.status) == (1, 1, 1)
    assert "is progressing: 0 of 1 Pods are available; 1 of 1 Pods: it fits on no node: " in early.out
    assert "is failed: not healthy within 10 s: 0 of 1 Pods are available; " in late.out
    found = json.loads(told.out)
    assert [item["health"]["health"] for item in found["objects"]] == ["healthy", "failed"]
    assert (found["healthy"], found["applied"]) == (False, True)


def break_a_pod(deployer: Deployer) -> None:
    """The kubelet of one Pod says what a real one says of an image that is not there."""
    waiting = {"reason": "ImagePullBackOff", "message": "registry says: not found"}
    broken = {"name": "web", "image": "x", "imageID": "", "ready": False, "restartCount": 0}
    status = {
        "containerStatuses": [{**broken, "state": {"waiting": waiting}}],
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
    }

    async def ask() -> None:
        place = deployer.namespace("live")
        async with Cluster(deployer.connection("")) as cluster:
            pods = [pod async for pod in cluster.list("", "v1", "Pod", place)]
            item = manifest(pods[0])
            kind = "strategic-merge-patch"
            await Workshop(cluster, place).patch(item, {"status": status}, kind=kind, subresource="/status")

    asyncio.run(ask())


def test_a_pod_whose_image_is_not_there_fails_its_workload_in_one_sentence(
    cluster: Sandbox, tmp_path: Path
) -> None:
    deployer = open_live(cluster, tmp_path)
    deployer.land({"live/web.yaml": deployment("web", replicas=3)})
    assert deployer.here("apply", "live").status == 0
    assert deployer.here("wait", "live", "--timeout", "60s").status == 0

    break_a_pod(deployer)
    said = deployer.here("wait", "live", "--timeout", "4s")

    assert said.status == 1
    assert (
        "is failed: 2 of 3 Pods are available; 1 of 3 Pods: container 'web': its image cannot be pulled "
        "(registry says: not found)"
    ) in said.out


def test_a_rule_of_the_environment_judges_a_kind(cluster: Sandbox, tmp_path: Path) -> None:
    rule = {
        "kind": "ConfigMap",
        "failed": "self.data.mode == 'broken'",
        "reason": "'its mode is ' + self.data.mode",
    }
    deployer = open_live(cluster, tmp_path, health=[rule])
    deployer.land({"live/flags.yaml": config_map("flags", mode="broken")})
    assert deployer.here("apply", "live").status == 0

    shown = deployer.here("status", "live")

    assert shown.status == 1
    assert "ConfigMap NAMESPACE/flags  failed: its mode is broken\n" in neutral(shown.out, deployer)


def test_waiting_tells_what_it_waits_for_only_when_that_changes(cluster: Sandbox, tmp_path: Path) -> None:
    deployer = open_live(cluster, tmp_path)
    missing = "f" * 40
    deployer.land({"live/flags.yaml": config_map("flags")})

    before = deployer.here("wait", "live", "--for", "applied", "--timeout", "5s")
    assert deployer.here("apply", "live").status == 0
    after = deployer.here("wait", "live", "--for", "applied", "--timeout", "1s")
    other = deployer.here("wait", "live", "--timeout", "1s", "--revision", missing)

    assert (before.status, before.err) == (1, "waiting: nothing was deployed to it yet\n")
    assert (after.status, after.out) == (0, "live is applied\n")
    assert other.status == 1
    assert "ffffffffffff was not warranted yet" in other.out


def test_status_of_what_was_never_deployed_says_how_to_deploy(cluster: Sandbox, tmp_path: Path) -> None:
    said = open_live(cluster, tmp_path).here("status", "live")

    assert said.status == 2
    assert said.err == (
        "error: nothing was deployed to 'live' yet\n  remedy: deploy it first: gitwarrant apply live\n"
    )


def test_watching_shows_the_tree_again_when_it_changed(cluster: Sandbox, tmp_path: Path) -> None:
    """In a file, one tree after the other; a terminal is cleared before each."""
    deployer = open_live(cluster, tmp_path)
    deployer.land({"live/flags.yaml": config_map("flags", mode="old")})
    assert deployer.here("apply", "live").status == 0

    with deployer.start("status", "live", "--watch") as watching:
        assert watching.stdout is not None
        first = [watching.stdout.readline() for _ in range(4)]
        change_by_hand(deployer)
        second = watching.stdout.readline()
        rest = [watching.stdout.readline() for _ in range(3)]
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=30)

    assert first[0].startswith("live  revision ")
    assert "drifted" not in "".join(first)
    assert second.startswith("live  revision ")
    assert "flags  healthy  drifted: data.mode\n" in "".join(rest)
    assert watching.returncode == 130


def change_by_hand(deployer: Deployer) -> None:
    async def ask() -> None:
        place = deployer.namespace("live")
        async with Cluster(deployer.connection("")) as cluster:
            [item] = [
                item async for item in cluster.list("", "v1", "ConfigMap", place) if named(item) == "flags"
            ]
            await Workshop(cluster, place).patch(manifest(item), {"data": {"mode": "new"}})

    asyncio.run(ask())


def named(live: Any) -> str:
    return str(live["metadata"]["name"])


def test_a_server_that_does_not_answer_is_not_called_unhealthy(cluster: Sandbox, tmp_path: Path) -> None:
    deployer = open_live(cluster, tmp_path)
    deployer.land({"live/flags.yaml": config_map("flags")})
    assert deployer.here("apply", "live").status == 0
    away = tmp_path / "away.kubeconfig"
    away.write_text(re.sub(r"https://[^\s\"]+", NOWHERE, cluster.kubeconfig.read_text()))
    deployer.settings["clusters"]["main"]["kubeconfig"] = str(away)

    shown = deployer.here("status", "live")
    waited = deployer.here("wait", "live", "--timeout", "1s")

    assert (shown.status, shown.out) == (3, "")
    assert waited.status == 3
