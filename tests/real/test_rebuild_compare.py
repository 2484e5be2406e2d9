"""An empty cluster from the repository, and the proof that it is the same."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.back import deployment
from tests.support.deployers import Deployer, config_map, environments_file, open_deployer, trust_file

from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{port: 80, name: http}]}
"""


def open_shop(folder: Path, cluster: Sandbox) -> Deployer:
    """A Deployment that was rolled out twice, a Service with an address, a ConfigMap."""
    shop = open_deployer(
        folder,
        kubeconfig=cluster.kubeconfig,
        environments=("production",),
        files={"production/api.yaml": deployment("api"), "production/service.yaml": SERVICE},
        drift="report",
    )
    assert shop.here("apply", "production").status == 0
    shop.land({"production/api.yaml": deployment("api", replicas=2)})
    assert shop.here("apply", "production").status == 0
    return shop


def move(shop: Deployer, cluster: Sandbox) -> None:
    """Let the agent's configuration say that the cluster is this one."""
    shop.settings["clusters"]["main"]["kubeconfig"] = str(cluster.kubeconfig)


def kubectl(cluster: Sandbox, shop: Deployer, *arguments: str) -> None:
    """Somebody at a keyboard, in the environment's namespace."""
    program = str(Binaries.of(os.environ).find("kubectl"))
    where = [f"--kubeconfig={cluster.kubeconfig}", f"--namespace={shop.namespace('production')}"]
    subprocess.run([program, *where, *arguments], check=True, capture_output=True, timeout=60)


def compare(shop: Deployer, cluster: Sandbox) -> tuple[int, dict[str, Any]]:
    said = shop.here("compare", "production", "--with", str(cluster.kubeconfig), "--output", "json")
    return said.status, json.loads(said.out)


def test_a_cluster_is_rebuilt_as_it_was_last_warranted_and_is_the_same(
    cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path
) -> None:
    """Not what landed since: that passes its gates afterwards. The number and the chain go on."""
    shop = open_shop(tmp_path, cluster)
    stood = shop.records(RecordKind.WARRANTED)[-1].body
    shop.land({"production/web.yaml": config_map("web", mode="later")})
    move(shop, other_cluster)

    refused = shop.here("apply", "production")
    healed = shop.here("drift", "production", "--revert")
    said = shop.here("rebuild", "--yes")
    status, found = compare(shop, cluster)
    again = shop.here("rebuild", "--yes")
    later = shop.here("apply", "production")

    assert (refused.status, "was warranted for cluster" in refused.err) == (1, True)
    assert (healed.status, "was warranted for cluster" in healed.err) == (1, True)
    assert said.status == 0, said.err
    assert (status, found["identical"], len(found["objects"])) == (0, True, 4)
    assert (again.status, "is in this cluster already" in again.out) == (0, True)
    assert later.status == 0, later.err
    warrants = [record.body for record in shop.records(RecordKind.WARRANTED)]
    assert [body["sequence"] for body in warrants] == [1, 2, 3, 4]
    assert (warrants[2]["commit"], warrants[2]["warrant"]["previous"]) == (stood["commit"], stood["digest"])
    [moved] = shop.records(RecordKind.REBUILT)
    assert moved.body["from"] == stood["warrant"]["cluster"]
    assert moved.body["cluster"] == warrants[3]["warrant"]["cluster"]


def test_the_old_cluster_is_refused_from_then_on(
    cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path
) -> None:
    shop = open_shop(tmp_path, cluster)
    move(shop, other_cluster)
    assert shop.here("rebuild", "--yes").status == 0
    move(shop, cluster)

    back = shop.here("rebuild", "--yes")
    applied = shop.here("apply", "production")

    assert (back.status, "somebody deploys 'production' to this cluster already" in back.err) == (1, True)
    assert applied.status == 1


def test_a_second_agent_rebuilds_from_the_log_of_the_first(
    cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path
) -> None:
    """Beside the first cluster, which stays; its own log begins at one."""
    shop = open_shop(tmp_path, cluster)
    first = shop.state / "log.sqlite"
    shop.land({"production/web.yaml": config_map("web", mode="later")})
    shop.settings.update(state=str(tmp_path / "second"), trusted_log=str(first))
    move(shop, other_cluster)

    said = shop.gitwarrant("rebuild", "production", "--yes")
    status, found = compare(shop, cluster)

    assert said.status == 0, said.err
    assert (status, found["identical"]) == (0, True)


@pytest.mark.parametrize(
    ("patched", "pointer"),
    [
        pytest.param(("configmap/web", {"data": {"mode": "other"}}), ["data", "mode"], id="changed"),
        pytest.param(("configmap/web", {"data": {"smuggled": "in"}}), ["data", "smuggled"], id="added"),
        pytest.param(("deployment/api", {"spec": {"replicas": 3}}), ["spec", "replicas"], id="scaled"),
    ],
)
def test_what_differs_in_one_cluster_is_named(
    cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path, patched: tuple[str, Any], pointer: list[str]
) -> None:
    shop = open_shop(tmp_path, cluster)
    move(shop, other_cluster)
    assert shop.here("rebuild", "--yes").status == 0
    kubectl(cluster, shop, "patch", patched[0], "--type=merge", f"--patch={json.dumps(patched[1])}")

    status, found = compare(shop, cluster)

    [item] = [one for one in found["objects"] if one["likeness"] != "same"]
    assert (status, found["identical"], item["likeness"]) == (1, False, "different")
    assert [difference["pointer"] for difference in item["differences"]] == [pointer]
    assert (item["first"], [one["pointer"] for one in item["other"]]) == ([], [pointer])


def test_an_object_that_is_missing_in_one_cluster_is_not_the_same(
    cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path
) -> None:
    shop = open_shop(tmp_path, cluster)
    move(shop, other_cluster)
    assert shop.here("rebuild", "--yes").status == 0
    kubectl(cluster, shop, "delete", "configmap", "web")

    said = shop.here("compare", "production", "--with", str(cluster.kubeconfig))

    assert said.status == 1
    assert (
        f"missing in one: ConfigMap {shop.namespace('production')}/web  (it is missing in the other)"
        in said.out
    )


def test_two_clusters_can_both_differ_from_the_repository_and_be_the_same(
    cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path
) -> None:
    shop = open_shop(tmp_path, cluster)
    move(shop, other_cluster)
    assert shop.here("rebuild", "--yes").status == 0
    for one in (cluster, other_cluster):
        kubectl(one, shop, "patch", "configmap/web", "--type=merge", '--patch={"data":{"both":"so"}}')

    said = shop.here("compare", "production", "--with", str(cluster.kubeconfig))

    assert said.status == 0
    assert "not as the repository has it, in one or both: ConfigMap" in said.out


def test_environments_come_back_in_the_order_in_which_they_wait_for_each_other(
    cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path
) -> None:
    """The later one by name is first; the other one waits until all of it is healthy."""
    names = ("api", "base")
    shop = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=names, drift="report")
    for name in names:
        assert shop.here("apply", name).status == 0
    stages = yaml.safe_load(environments_file(shop.prefix, names, drift="report"))
    stages["stages"]["api"]["depends_on"] = ["base"]
    rules = {".gitwarrant/environments.yaml": yaml.safe_dump(stages), ".gitwarrant/trust.yaml": trust_file(2)}
    shop.land({**rules, "base/web.yaml": None, "base/db.yaml": deployment("db")}, by="grace")
    assert shop.here("apply", "base").status == 0
    move(shop, other_cluster)

    said = shop.here("rebuild", "--yes")

    assert said.status == 0, said.err + said.out
    moved = [record.environment for record in shop.records(RecordKind.REBUILT)]
    assert moved == ["base", "api"]
    numbers = [record.number for record in shop.records(RecordKind.HEALTHY, environment="base")]
    assert numbers[-1] < shop.records(RecordKind.REBUILT, environment="api")[0].number


def test_nothing_is_moved_without_a_word(cluster: Sandbox, other_cluster: Sandbox, tmp_path: Path) -> None:
    """Nobody there to answer: nothing is written, in the log or in the cluster."""
    shop = open_shop(tmp_path, cluster)
    move(shop, other_cluster)

    said = shop.gitwarrant("rebuild", stdin=subprocess.DEVNULL)

    assert (said.status, "nothing was rebuilt" in said.err) == (2, True)
    assert shop.records(RecordKind.REBUILT) == []
