"""The agent's loop on a real cluster: what it deploys, what it leaves alone, what it says, and how often."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop
from tests.support.deployers import Deployer, config_map, environments_file, open_deployer, trust_file

from gitwarrant.agent.loop import Event, Mood
from gitwarrant.cluster.client import Cluster
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: miner}
spec:
  containers: [{name: miner, image: miner, securityContext: {privileged: true}}]
"""


def with_cluster(deployer: Deployer, ask: Callable[[Cluster], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Cluster(deployer.connection("")) as cluster:
            return await ask(cluster)

    return asyncio.run(run())


def web(deployer: Deployer, environment: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", deployer.namespace(environment), "web")


def data(deployer: Deployer, environment: str) -> dict[str, str] | None:
    """What the live ConfigMap `web` holds; None: it is not there."""

    async def ask(cluster: Cluster) -> Any:
        live = await cluster.get(web(deployer, environment), "v1")
        return live["data"] if live else None

    found: dict[str, str] | None = with_cluster(deployer, ask)
    return found


def by_hand(deployer: Deployer, environment: str, method: str, content: Any = None) -> None:
    """Somebody with write access changes the ConfigMap `web` behind our back."""
    key = web(deployer, environment)
    item = Manifest(key, "v1", {}, Place(""), 0, ())

    async def ask(cluster: Cluster) -> Any:
        shop, kind = Workshop(cluster, key.namespace), "application/merge-patch+json"
        await shop.send(
            method,
            item,
            content,
            query="?fieldManager=mallory" if method != "DELETE" else "",
            content_type=kind if method == "PATCH" else "application/json",
            collection=method == "POST",
        )

    with_cluster(deployer, ask)


def add_a_field(deployer: Deployer, environment: str) -> None:
    by_hand(deployer, environment, "PATCH", {"data": {"added": "by hand"}})


def said(events: list[Event], *, about: str) -> list[str]:
    return [event.what for event in events if event.environment == about]


def test_an_environment_goes_on_while_another_is_refused(cluster: Sandbox, tmp_path: Path) -> None:
    """The refused one is judged once, recorded once and told once, in three rounds."""
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("bad", "good"))
    deployer.land({"bad/miner.yaml": POD, "good/web.yaml": config_map("web", mode="next")})

    events = deployer.loop(rounds=3)

    [refused] = said(events, about="bad")
    assert refused.startswith("refused by check: bad/miner.yaml:5:")
    assert [record.kind for record in deployer.records(environment="bad")] == [
        RecordKind.VERIFIED,
        RecordKind.CHECKED,
        RecordKind.PLANNED,
        RecordKind.REFUSED,
    ]
    assert data(deployer, "good") == {"mode": "next"}
    assert [event.mood for event in events if event.environment == "good"] == [Mood.GOOD, Mood.GOOD]


def test_without_auto_deploy_a_good_change_waits_and_is_told_once(cluster: Sandbox, tmp_path: Path) -> None:
    deployer = open_deployer(
        tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",), auto_deploy=False
    )

    events = deployer.loop(rounds=3)
    by_hand = deployer.gitwarrant("apply", "staging")

    [waits] = said(events, about="staging")
    assert waits.endswith("passed; 'auto_deploy' is off, so nothing is applied")
    assert deployer.records(RecordKind.WARRANTED)[:-1] == []
    assert by_hand.status == 0
    assert data(deployer, "staging") == {"mode": "safe"}


def test_without_auto_deploy_a_refusal_is_told_all_the_same(cluster: Sandbox, tmp_path: Path) -> None:
    deployer = open_deployer(
        tmp_path,
        kubeconfig=cluster.kubeconfig,
        environments=("staging",),
        auto_deploy=False,
        files={"staging/miner.yaml": POD},
    )

    [event] = deployer.loop(rounds=2)

    assert event.what.startswith("refused by check: ")


@pytest.mark.parametrize("trouble", ["refused_by_check", "unsigned", "git_server_gone"])
def test_drift_is_put_back_whatever_the_git_server_serves(
    trouble: str, cluster: Sandbox, tmp_path: Path
) -> None:
    """Healing needs no new judgement: a refused change, or no server at all, does not stop it."""
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",))
    deployer.loop()
    match trouble:
        case "refused_by_check":
            deployer.land({"staging/miner.yaml": POD})
        case "unsigned":
            deployer.land({"staging/web.yaml": config_map("web", mode="evil")}, signed=False)
        case _:
            deployer.settings["root"]["url"] = "https://127.0.0.1:9/shop"
    add_a_field(deployer, "staging")

    events = deployer.loop(rounds=3)

    assert data(deployer, "staging") == {"mode": "safe"}
    reverted = [what for what in said(events, about="staging") if what.startswith("reverted: ")]
    assert reverted == [f"reverted: {web(deployer, 'staging')} is as warranted again"]
    drifted = [what for what in said(events, about="staging") if what.startswith("drift: ")]
    assert drifted == [f"drift: {web(deployer, 'staging')} was changed by mallory: data.added"]
    assert len(deployer.records(RecordKind.DRIFT_FOUND)) == 1
    assert len(deployer.records(RecordKind.REFUSED)) == (0 if trouble == "git_server_gone" else 1)


def test_healing_keeps_its_pace_while_the_git_server_is_gone(
    cluster: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetching backs off; watching does not wait for it."""
    monkeypatch.setattr("gitwarrant.agent.loop.FIRST_WAIT", 600.0)
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",))
    deployer.loop()
    deployer.settings["root"]["url"] = "https://127.0.0.1:9/shop"
    editor = Timer(0.3, add_a_field, args=(deployer, "staging"))

    def some_rounds_later(event: Event) -> None:
        if "trying again" in event.what:
            editor.start()

    events = deployer.loop(rounds=10, beside=some_rounds_later)
    editor.join()

    assert data(deployer, "staging") == {"mode": "safe"}
    assert [what for what in said(events, about="staging") if what.startswith("reverted: ")]
    assert sum("trying again" in event.what for event in events) == 1


@pytest.mark.parametrize("steady", [False, True], ids=["before_the_first_deploy", "while_watching"])
def test_an_api_server_that_is_gone_is_tried_again_more_and_more_rarely(
    steady: bool, cluster: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try is told with its wait; the log learns it once; nothing new is warranted meanwhile."""
    monkeypatch.setattr("gitwarrant.agent.loop.FIRST_WAIT", 0.2)
    deployer = open_deployer(tmp_path, environments=("staging",))
    closed = deployer.kubeconfig
    if steady:
        deployer.settings["clusters"]["main"]["kubeconfig"] = str(cluster.kubeconfig)
        deployer.loop()
    deployer.settings["clusters"]["main"]["kubeconfig"] = str(closed)

    events = deployer.loop(rounds=10)

    attempts = [int(str(event.details["attempt"])) for event in events]
    assert all("does not answer" in event.what for event in events)
    assert 2 <= max(attempts) <= 5, attempts
    assert set(Counter(attempts).values()) <= {1, 2}, attempts  # deploying and watching each have their own
    assert len(deployer.records(RecordKind.RETRYING)) == (2 if steady else 1)
    assert len(deployer.records(RecordKind.WARRANTED)) == steady


def test_an_environment_that_the_rules_lose_does_not_stop_the_others(
    cluster: Sandbox, tmp_path: Path
) -> None:
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("lost", "staging"))
    deployer.land(
        {
            ".gitwarrant/environments.yaml": environments_file(deployer.prefix, ("staging",)),
            ".gitwarrant/trust.yaml": trust_file(2),
        },
        by="grace",
    )

    events = deployer.loop(rounds=2)

    [lost] = said(events, about="lost")
    assert "there is no environment 'lost' in .gitwarrant/environments.yaml" in lost
    assert data(deployer, "staging") == {"mode": "safe"}


def test_an_object_that_cannot_be_written_is_tried_again_after_a_while(
    cluster: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else made it again, so it is not ours to delete: told once, no round hammers the server."""
    monkeypatch.setattr("gitwarrant.agent.loop.FIRST_WAIT", 600.0)
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",))
    deployer.loop()
    by_hand(deployer, "staging", "DELETE")
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"whose": "mine"}}
    by_hand(deployer, "staging", "POST", made)
    deployer.land({"staging/web.yaml": None, "staging/other.yaml": config_map("other")})

    events = deployer.loop(rounds=3)

    [failed] = [event for event in events if event.mood is Mood.BAD]
    assert "1 failed" in failed.what
    assert f"{web(deployer, 'staging')}: somebody else made it again since" in failed.what
    assert data(deployer, "staging") == {"whose": "mine"}
    completed = deployer.records(RecordKind.APPLY_COMPLETED)
    assert [record.body["complete"] for record in completed] == [True, False]
