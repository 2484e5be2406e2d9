"""`status` and `wait` on a real cluster: controllers make the Pods, the scheduler finds no place for some."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.deployers import Deployer, config_map, environments_file, open_deployer, trust_file
from tests.support.manifests import container

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
