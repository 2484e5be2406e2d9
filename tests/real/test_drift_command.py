"""`gitwarrant drift` as people use it, and what the agent does in each mode."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.cluster_workshop import Workshop, manifest
from tests.support.deployers import Deployer, open_deployer

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.restraint import FIGHT
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

IGNORE = {"kind": "ConfigMap", "name": "web", "pointer": "/data/counter", "reason": "the application counts"}
WEB = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  mode: safe  # reviewed
"""


def opened(folder: Path, cluster: Sandbox, **drift: Any) -> Deployer:
    """An environment `live` with the namespace to itself and one ConfigMap, deployed."""
    shop = open_deployer(folder, kubeconfig=cluster.kubeconfig, environments=["live"], drift=drift)
    shop.land({"live/web.yaml": WEB})
    applied = shop.here("apply", "live")
    assert applied.status == 0, applied
    return shop


def by_hand(shop: Deployer, content: Any, *, made: bool = False) -> None:
    """Somebody with write access changes the ConfigMap `web`, or makes another object."""

    async def write() -> None:
        async with Cluster(shop.connection("")) as cluster:
            desk = Workshop(cluster, shop.namespace("live"))
            item: Manifest = manifest({**yaml.safe_load(WEB), "metadata": desk.named("web")})
            if made:
                item = manifest({**content, "metadata": desk.named(content["metadata"]["name"])})
                await desk.send("POST", item, item.content, collection=True, query="?fieldManager=mallory")
            else:
                await desk.patch(item, content, manager="mallory")

    asyncio.run(write())


BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "backdoor"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
}


def test_everything_that_differs_is_explained(cluster: Sandbox, tmp_path: Path) -> None:
    """What is drift and what is let be, by whom it was written, by which rule; and who was not declared."""
    shop = opened(tmp_path, cluster, mode="report", ignore=[IGNORE])
    assert shop.here("drift", "live").status == 0
    by_hand(shop, {"data": {"mode": "fast", "counter": "7"}})
    by_hand(shop, BINDING, made=True)

    said = shop.here("drift", "live", "--explain")

    assert said.status == 1
    home = shop.namespace("live")
    for line in (
        f"changed by mallory: ConfigMap {home}/web",
        "    ~ data.mode: safe -> fast",
        f"nobody declared it by mallory: RoleBinding.rbac.authorization.k8s.io {home}/backdoor",
        "    let be  data.counter",
        "            the application counts  (ConfigMap /data/counter; .gitwarrant/environments.yaml:",
        "    drift   data.mode",
        "            written by mallory (Update), last at 20",
        "  ConfigMap /data/counter  (.gitwarrant/environments.yaml:",
        "mode report: the agent reports drift, and changes nothing",
        "1 objects drifted, 0 put back; 1 that nobody declared; 2 of 2 objects are healthy",
    ):
        assert line in said.out, said.out

    explained = json.loads(shop.here("drift", "live", "--explain", "--output", "json").out)

    assert [drift["kind"] for drift in explained["drifts"]] == ["changed", "nobody declared it"]
    assert explained["rules"][0]["reason"] == "the application counts"
    assert any(rule["gain"] for rule in explained["rules"])


def test_a_drift_becomes_a_patch_that_git_takes(cluster: Sandbox, tmp_path: Path) -> None:
    """Applied in a clone and landed like any change, the live state is what was declared."""
    shop = opened(tmp_path, cluster, mode="propose")
    by_hand(shop, {"data": {"mode": "fast", "level": "debug"}})
    patch = tmp_path / "wanted.patch"

    said = shop.here("drift", "live", "--propose", "--write", str(patch))

    assert said.status == 1
    assert f"the patch is in {patch}" in said.out
    subprocess.run(["git", "apply", str(patch)], cwd=shop.forge.clone, check=True, timeout=30)
    changed = (shop.forge.clone / "live" / "web.yaml").read_text()
    assert changed == WEB.replace("  mode: safe ", "  level: debug\n  mode: fast ")

    shop.land({"live/web.yaml": changed})
    assert shop.here("apply", "live").status == 0
    assert shop.here("drift", "live").status == 0


def test_the_agent_records_a_proposal_and_changes_nothing(cluster: Sandbox, tmp_path: Path) -> None:
    shop = opened(tmp_path, cluster, mode="propose")
    by_hand(shop, {"data": {"mode": "fast"}})

    shop.loop("live")

    [found] = shop.records(RecordKind.DRIFT_FOUND)
    assert "-  mode: safe  # reviewed\n+  mode: fast  # reviewed\n" in found.body["proposal"]
    assert shop.records(RecordKind.REVERT_INTENT) == []


def test_the_agent_tells_an_object_that_nobody_declared_once(cluster: Sandbox, tmp_path: Path) -> None:
    shop = opened(tmp_path, cluster, mode="revert")
    by_hand(shop, BINDING, made=True)

    events = [event.what for event in shop.loop("live", rounds=3)]

    [told] = [what for what in events if "backdoor" in what]
    assert "was declared by nobody, but written by mallory" in told
    assert [record.body["drift"] for record in shop.records(RecordKind.DRIFT_FOUND)] == ["nobody declared it"]
    assert shop.here("drift", "live").status == 1


def test_a_fight_is_alarmed_with_the_name_of_the_other(cluster: Sandbox, tmp_path: Path) -> None:
    """Five tries are in the log already; the agent gives up and says so once, until a person looks."""
    shop = opened(tmp_path, cluster, mode="revert")
    for _ in range(FIGHT):
        by_hand(shop, {"data": {"mode": "theirs"}})
        assert shop.here("drift", "live", "--revert").status == 0
    by_hand(shop, {"data": {"mode": "theirs"}})

    shop.loop("live", rounds=3)

    [alarm] = [record.body for record in shop.records(RecordKind.ALARM) if record.body["alarm"] == "fight"]
    assert "mallory writes /data/mode again as often as it is put back" in alarm["what"]
    assert len(shop.records(RecordKind.REVERTED)) == FIGHT
