"""Going back on a real cluster: by order, against the loop; and by itself, where objects fail."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.back import deployment, live, order
from tests.support.deployers import Deployer, config_map, open_deployer
from tests.support.desks import desk
from tests.support.running import running

from gitwarrant.agent.loop import Event
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.model.statement import OrderKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

WEB = "production/web.yaml"
PATIENCE = 60.0  # seconds for controllers to notice


def open_shop(folder: Path, cluster: Sandbox, **settings: Any) -> Deployer:
    return open_deployer(folder, kubeconfig=cluster.kubeconfig, environments=("production",), **settings)


def mode(shop: Deployer) -> str:
    """What the live ConfigMap says."""
    found = live(shop, ObjectKey("", "ConfigMap", shop.namespace("production"), "web"))
    assert found is not None
    return str(found["data"]["mode"])


def rounds_until(shop: Deployer, kind: RecordKind, count: int = 1) -> list[Event]:
    """Let the agent go round until the log has so many records of a kind."""
    events: list[Event] = []
    until = time.monotonic() + PATIENCE
    while True:
        events += shop.loop(rounds=5)
        if len(shop.records(kind)) >= count:
            return events
        assert time.monotonic() < until, [event.what for event in events]


def test_a_rollback_holds_against_the_loop_until_it_is_released(cluster: Sandbox, tmp_path: Path) -> None:
    """What lands meanwhile is judged and told, and applied only behind the release."""
    shop = open_shop(tmp_path, cluster)
    first = shop.trusted_at
    shop.loop()
    shop.land({WEB: config_map("web", mode="bold")})
    shop.loop()
    stood = mode(shop)

    order(shop, "grace", commit=first)
    shop.loop(rounds=2)
    back = mode(shop)
    newest = shop.land({WEB: config_map("web", mode="mended")})
    told = shop.loop(rounds=3)
    held = mode(shop)
    order(shop, "grace", OrderKind.RELEASE)
    shop.loop(rounds=2)

    assert (stood, back, held, mode(shop)) == ("bold", "safe", "safe", "mended")
    assert any(f"is held at {first[:12]} by grace: checkout fails" in event.what for event in told)
    warrants = shop.records(RecordKind.WARRANTED)
    assert [record.body["sequence"] for record in warrants] == [1, 2, 3, 4]
    assert [record.body["commit"] for record in warrants][2:] == [first, newest]
    digests = [record.body["digest"] for record in warrants]
    assert [record.body["warrant"]["previous"] for record in warrants][1:] == digests[:-1]


def test_drift_is_put_back_to_what_is_held(cluster: Sandbox, tmp_path: Path) -> None:
    shop = open_shop(tmp_path, cluster)
    shop.loop()
    shop.land({WEB: config_map("web", mode="bold"), "production/more.yaml": config_map("more")})
    shop.loop()
    order(shop, "grace", commit=shop.trusted_at)

    shop.loop(rounds=3)

    assert mode(shop) == "safe"
    assert live(shop, ObjectKey("", "ConfigMap", shop.namespace("production"), "more")) is None


def definition(group: str, *versions: str) -> str:
    """A kind, stored in the last of its versions."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    listed = [
        {"name": name, "served": True, "storage": name == versions[-1], "schema": schema} for name in versions
    ]
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": listed}
    kind, metadata = "CustomResourceDefinition", {"name": f"widgets.{group}"}
    return yaml.safe_dump(
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
    )


def test_a_rollback_across_a_change_of_a_kind_warns_of_what_is_stored(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """By the manifests, and by what only the cluster knows; ordered all the same, the server refuses it."""
    shop = open_shop(tmp_path, cluster)
    group, path = f"{shop.prefix}.example.com", "production/widgets.yaml"
    first = shop.land({path: definition(group, "v1")})
    shop.loop()
    shop.land({path: definition(group, "v1", "v2")})
    shop.loop()

    said = desk(shop, shop.grace).gitwarrant(
        *("rollback", "production", "--to", first, "--cluster", "--dry-run", "--reason", "why")
    )
    order(shop, "grace", commit=first)
    told = [event.what for event in shop.loop(rounds=2)]

    assert said.status == 0, said.err
    lasting = " ".join(said.out.split())
    assert "version v2 goes: objects that were written in it are not converted back" in lasting
    assert "objects are stored as v2: the server does not let that version go" in lasting
    assert any(what.startswith("refused by plan: production/widgets.yaml") for what in told), told


def test_a_deploy_that_fails_goes_back_by_itself_and_is_not_tried_again(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """Pods that fit nowhere: nobody orders the way back, the rules ask for it; the next landing ends it."""
    shop = open_shop(
        tmp_path,
        cluster,
        files={"production/api.yaml": deployment("api")},
        rollback={"when": "failed-health", "within": "10m"},
    )
    rounds_until(shop, RecordKind.HEALTHY)
    failing = shop.land({"production/api.yaml": deployment("api", fits=False)})

    rounds_until(shop, RecordKind.HELD)
    shop.loop(rounds=8)
    [held] = shop.records(RecordKind.HELD)
    commits = [record.body["commit"] for record in shop.records(RecordKind.WARRANTED)]
    mended = shop.land({"production/api.yaml": deployment("api", replicas=2)})
    shop.loop(rounds=3)

    assert commits == [shop.trusted_at, failing, shop.trusted_at]
    assert (held.body["orders"], held.body["by"], held.body["left"]) == ([], [], failing)
    assert held.body["reason"].startswith(f"Deployment.apps {shop.namespace('production')}/api failed: ")
    [alarm] = [item for item in shop.records(RecordKind.ALARM) if item.body["alarm"] == "rolled-back"]
    assert "by the agent itself" in alarm.body["what"]
    [released] = shop.records(RecordKind.RELEASED)
    assert released.body["reason"] == f"{mended[:12]} landed since"
    assert shop.records(RecordKind.WARRANTED)[-1].body["commit"] == mended


def test_while_it_runs_it_goes_back_and_forth_once(cluster: Sandbox, tmp_path: Path) -> None:
    """Without rounds to wait for: no warrant passes for healthy by what was seen of the one before."""
    shop = open_shop(
        tmp_path,
        cluster,
        files={"production/api.yaml": deployment("api")},
        rollback={"when": "failed-health", "within": "10m"},
    )

    async def story() -> None:
        async with running(shop):
            await logged(shop, RecordKind.HEALTHY)
            shop.land({"production/api.yaml": deployment("api", fits=False)})
            await logged(shop, RecordKind.HELD)
            await logged(shop, RecordKind.HEALTHY, 2)
            shop.land({"production/api.yaml": deployment("api", replicas=2)})
            await logged(shop, RecordKind.HEALTHY, 3)

    asyncio.run(story())

    healthy = [record.body["sequence"] for record in shop.records(RecordKind.HEALTHY)]
    assert healthy == [1, 3, 4]
    assert [record.body["leaving"] for record in shop.records(RecordKind.HELD)] == [2]


async def logged(shop: Deployer, kind: RecordKind, count: int = 1) -> None:
    """Wait until the log has so many records of a kind."""
    async with asyncio.timeout(PATIENCE):
        while shop.count() == 0 or len(shop.records(kind)) < count:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.1)


def test_without_the_setting_a_deploy_that_fails_stays(cluster: Sandbox, tmp_path: Path) -> None:
    shop = open_shop(tmp_path, cluster, files={"production/api.yaml": deployment("api")})
    rounds_until(shop, RecordKind.HEALTHY)
    failing = shop.land({"production/api.yaml": deployment("api", fits=False)})
    until = time.monotonic() + PATIENCE

    while not any(record.body["health"] == "failed" for record in shop.records(RecordKind.HEALTH)):
        assert time.monotonic() < until
        shop.loop(rounds=3)

    assert shop.records(RecordKind.HELD) == []
    assert shop.records(RecordKind.WARRANTED)[-1].body["commit"] == failing
