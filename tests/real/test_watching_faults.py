"""What an agent does when its API server, its credentials or its rights go away, and come back.

Whatever happens: nothing is written that has no record before it, and what
changed meanwhile is seen afterwards.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.support.audited import settled, unrecorded
from tests.support.cluster_workshop import Workshop, until
from tests.support.deployers import Deployer, config_map, open_deployer
from tests.support.front import Front, front, is_watch
from tests.support.running import Running, running

from gitwarrant.agent import loop
from gitwarrant.cluster import client, watch, wire
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.cluster.credentials import TokenFile
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox import life
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.find import Sandbox, write_credentials
from gitwarrant.sandbox.process import Process, is_alive, send
from gitwarrant.sandbox.state import read_state

pytestmark = pytest.mark.real

BACK_SECONDS = (
    40.0  # an API server that was killed is back after some five, on a machine with nothing else to do
)


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A Kubernetes whose parts these tests may kill."""
    root = tmp_path_factory.mktemp("breakable")
    try:
        binaries = Binaries.of(os.environ).find_all()
    except SandboxError as error:
        pytest.skip(str(error))
    yield life.up("breakable", root=root, binaries=binaries)
    life.down("breakable", root=root)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon. How long an agent waits, and that it waits longer each time, hangs on no server."""
    monkeypatch.setattr(loop, "FIRST_WAIT", 0.2)
    monkeypatch.setattr(loop, "LONGEST_WAIT", 1.0)
    monkeypatch.setattr(watch, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(watch, "LONGEST_WAIT", 0.5)
    monkeypatch.setattr(wire, "FIRST_WAIT_SECONDS", 0.02)


def part_of(sandbox: Sandbox, part: str) -> Process:
    """The process of a part, as its supervisor last said."""
    state = read_state(sandbox.folder)
    assert state is not None
    [process] = [item.process for item in state.parts if item.name == part]
    assert process is not None
    return process


def signalled(sandbox: Sandbox, part: str, number: signal.Signals) -> None:
    """Send a part of the sandbox a signal; its supervisor starts again what ends."""
    assert send(part_of(sandbox, part), number)


def deployer_of(tmp_path: Path, sandbox: Sandbox, **settings: Any) -> Deployer:
    return open_deployer(tmp_path, kubeconfig=sandbox.kubeconfig, environments=("staging",), **settings)


def web_map(deployer: Deployer) -> Manifest:
    key = ObjectKey("", "ConfigMap", deployer.namespace("staging"), "web")
    return Manifest(key, "v1", {}, Place(""), 0, ())


def all_recorded(sandbox: Sandbox, deployer: Deployer) -> bool:
    """Whether each write that the API server saw has its intent from before it."""
    log = deployer.records()
    done = sum(record.kind in (RecordKind.APPLIED, RecordKind.REVERTED) for record in log)
    # An edit by a test is a write, too: those carry no Audit-ID of ours and say another manager.
    written = settled(sandbox.audit_log, deployer.prefix, expected=done)
    ours = [item for item in written.values() if item.audit_id in {_id(record) for record in log}]
    return bool(ours) and unrecorded(ours, log) == []


def _id(record: Any) -> str:
    return str(record.body.get("audit_id", ""))


async def edited(deployer: Deployer, **data: str) -> float:
    """Somebody edits the ConfigMap `web`; when."""
    async with Cluster(deployer.connection("")) as cluster:
        shop = Workshop(cluster, deployer.namespace("staging"))
        began = time.monotonic()
        await shop.patch(web_map(deployer), {"data": data}, manager="mallory")
        return began


async def heals(agent: Running, deployer: Deployer, **data: str) -> None:
    """The agent sees an edit, and puts it back."""
    began = await edited(deployer, **data)
    await agent.told("is as warranted again", since=began, seconds=BACK_SECONDS)


async def is_gone(process: Process) -> bool:
    return not is_alive(process)


async def served_again(deployer: Deployer) -> None:
    """Wait until the API server answers."""
    async with asyncio.timeout(BACK_SECONDS):
        while True:
            try:
                async with Cluster(deployer.connection("")) as cluster:
                    await cluster.uid()
                    return
            except Exception:  # noqa: BLE001 - whatever a server says that is just starting
                await asyncio.sleep(0.2)


@pytest.mark.parametrize("part", ["kube-apiserver", "etcd"])
def test_a_server_that_was_killed_while_it_was_watched_is_watched_on(
    part: str, breakable: Sandbox, tmp_path: Path
) -> None:
    deployer = deployer_of(tmp_path, breakable)

    async def inside() -> None:
        async with running(deployer) as agent:
            await agent.told("everything is healthy")
            killed = part_of(breakable, part)
            signalled(breakable, part, signal.SIGKILL)
            await until(lambda: is_gone(killed))
            await served_again(deployer)

            await heals(agent, deployer, after="the crash")

    asyncio.run(inside())
    assert all_recorded(breakable, deployer)


def test_an_etcd_that_hangs_for_a_while_loses_nothing(breakable: Sandbox, tmp_path: Path) -> None:
    """The API server answers nothing meanwhile; what was edited just before is put back afterwards."""
    deployer = deployer_of(tmp_path, breakable)

    async def inside() -> None:
        async with running(deployer) as agent:
            await agent.told("everything is healthy")
            began = await edited(deployer, before="it hangs")
            signalled(breakable, "etcd", signal.SIGSTOP)
            try:
                await asyncio.sleep(2)
            finally:
                signalled(breakable, "etcd", signal.SIGCONT)

            await agent.told("is as warranted again", since=began, seconds=BACK_SECONDS)
            await heals(agent, deployer, after="it hung")

    asyncio.run(inside())
    assert all_recorded(breakable, deployer)


def test_a_server_that_is_killed_in_the_middle_of_an_apply_gets_the_rest_later(
    breakable: Sandbox, tmp_path: Path
) -> None:
    files = {"staging/all.yaml": "---\n".join(config_map(f"c{number:03}") for number in range(120))}
    deployer = deployer_of(tmp_path, breakable, files=files)

    async def in_the_middle() -> bool:
        return deployer.count() >= 60

    async def inside() -> None:
        async with running(deployer) as agent:
            await until(in_the_middle, BACK_SECONDS)
            signalled(breakable, "kube-apiserver", signal.SIGKILL)

            await agent.told("everything is healthy (122)", seconds=BACK_SECONDS)
            assert [what for what in agent.said if "trying again" in what]

    asyncio.run(inside())
    log = deployer.records()
    completed = [record.body["complete"] for record in log if record.kind is RecordKind.APPLY_COMPLETED]
    assert completed == [True]
    assert all_recorded(breakable, deployer)


def through(before: Front, deployer: Deployer) -> Any:
    """An agent that reaches its server through the front."""
    return running(deployer, connection=before.connection)


def status(code: int, reason: str) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": reason}


def test_a_server_that_is_busy_for_a_third_of_all_requests_gets_each_of_them_in_the_end(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """Each is asked again under its own Audit-ID, after as long as the server asked for."""
    files = {"staging/all.yaml": "---\n".join(config_map(f"c{number:03}") for number in range(30))}
    deployer = deployer_of(tmp_path, cluster, files=files)
    count = iter(range(10**6))

    def busy(_request: web.Request) -> web.Response | None:
        if next(count) % 3:
            return None
        return web.json_response(status(429, "TooManyRequests"), status=429, headers={"Retry-After": "0"})

    async def inside() -> None:
        async with front(tmp_path / "front", cluster.kubeconfig) as before:
            before.answer = busy
            async with through(before, deployer) as agent:
                await agent.told("everything is healthy (32)", seconds=BACK_SECONDS)
                await heals(agent, deployer, while_="busy")
            assert before.answered[429] > 20

    asyncio.run(inside())
    assert all_recorded(cluster, deployer)


def test_retry_after_is_waited_for(cluster: Sandbox, tmp_path: Path) -> None:
    times: list[float] = []

    def busy(_request: web.Request) -> web.Response | None:
        times.append(time.monotonic())
        if len(times) > 1:
            return None
        return web.json_response(status(429, "TooManyRequests"), status=429, headers={"Retry-After": "1"})

    async def inside() -> None:
        async with front(tmp_path / "front", cluster.kubeconfig) as before:
            before.answer = busy
            async with Cluster(before.connection) as behind:
                await behind.uid()

    asyncio.run(inside())
    assert 1 <= times[1] - times[0] < 4


@pytest.mark.parametrize("where", ["in the status", "in the stream"])
def test_what_happened_while_a_watch_expired_is_seen(where: str, cluster: Sandbox, tmp_path: Path) -> None:
    """An object is deleted, and the event with it lost: only a fresh list shows it."""
    deployer = deployer_of(tmp_path, cluster, drift="report")
    expired = status(410, "Expired")

    async def inside() -> None:
        async with (
            front(tmp_path / "front", cluster.kubeconfig) as before,
            through(before, deployer) as agent,
        ):
            await agent.told("everything is healthy")
            refused = asyncio.Event()

            def answer(request: web.Request) -> web.Response | None:
                if not is_watch(request):
                    return None
                if not refused.is_set():
                    return web.Response(status=503)
                if before.answered[410] < 3 and where == "in the status":
                    return web.json_response(expired, status=410)
                return None

            before.answer = answer
            error = {"type": "ERROR", "object": expired}
            before.cut_watches(json.dumps(error).encode() if where == "in the stream" else b"")
            async with Cluster(deployer.connection("")) as direct:
                shop = Workshop(direct, deployer.namespace("staging"))
                await shop.send("DELETE", web_map(deployer))
            began = time.monotonic()
            refused.set()

            await agent.told("web is missing", since=began, seconds=BACK_SECONDS)

    asyncio.run(inside())


def test_a_token_that_expires_in_a_watch_is_read_again(cluster: Sandbox, tmp_path: Path) -> None:
    """The file was rotated; the watches are cut, and 401 answers the old token."""
    deployer = deployer_of(tmp_path, cluster)
    token = tmp_path / "token"
    token.write_text("first")

    def known(request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {valid[0]}":
            return None
        return web.json_response(status(401, "Unauthorized"), status=401)

    valid = ["first"]

    async def inside() -> None:
        async with front(tmp_path / "front", cluster.kubeconfig) as before:
            before.answer, before.credentials = known, TokenFile(token)
            async with through(before, deployer) as agent:
                await agent.told("everything is healthy")
                valid[0] = "second"
                token.write_text("second")
                before.cut_watches()

                await heals(agent, deployer, after="the rotation")
                assert before.answered[401] > 0
                assert not [what for what in agent.said if "credential" in what]

    asyncio.run(inside())


def test_an_expired_token_that_nobody_renews_is_said_and_taken_up_when_it_is(
    cluster: Sandbox, tmp_path: Path
) -> None:
    deployer = deployer_of(tmp_path, cluster)
    token = tmp_path / "token"
    token.write_text("first")
    valid = ["first"]

    def known(request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {valid[0]}":
            return None
        return web.json_response(status(401, "Unauthorized"), status=401)

    async def inside() -> None:
        async with front(tmp_path / "front", cluster.kubeconfig) as before:
            before.answer, before.credentials = known, TokenFile(token)
            async with through(before, deployer) as agent:
                await agent.told("everything is healthy")
                valid[0] = "second"
                before.cut_watches()
                await agent.told("cannot be watched: ", seconds=BACK_SECONDS)
                began = await edited(deployer, meanwhile="edited")
                token.write_text("second")

                await agent.told("is watched again", seconds=BACK_SECONDS)
                await agent.told("is as warranted again", since=began, seconds=BACK_SECONDS)

    asyncio.run(inside())


def grant(user: str) -> Manifest:
    name = f"may-all-{user}"
    group = "rbac.authorization.k8s.io"
    content = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    return Manifest(ObjectKey(group, "ClusterRoleBinding", "", name), "v1", content, Place(""), 0, ())


def test_rights_that_are_taken_away_are_said_and_nothing_is_assumed(
    breakable: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watches end and are refused; the state is unknown then, and an edit is seen when they are back."""
    monkeypatch.setattr(client, "WATCH_SECONDS", (1, 2))
    deployer = deployer_of(tmp_path, breakable)
    user = f"deployer-{deployer.prefix}"
    own = write_credentials("breakable", user, (), root=breakable.folder.path.parent)

    async def inside() -> None:
        async with Cluster(deployer.connection("")) as admin:
            shop = Workshop(admin, deployer.namespace("staging"))
            await shop.send("POST", grant(user), grant(user).content, collection=True)
            connection = from_kubeconfig(own, environment={})
            async with running(deployer, connection=connection) as agent:
                await agent.told("everything is healthy")
                await shop.send("DELETE", grant(user))
                await agent.told("ConfigMap in", seconds=BACK_SECONDS)
                assert [what for what in agent.said if "cannot be watched" in what and "may not" in what]
                await shop.patch(web_map(deployer), {"data": {"meanwhile": "1"}})
                began = time.monotonic()
                await shop.send("POST", grant(user), grant(user).content, collection=True)

                await agent.told("is as warranted again", since=began, seconds=BACK_SECONDS)

    asyncio.run(inside())
    retrying = [record.body["what"] for record in deployer.records(RecordKind.RETRYING)]
    assert [what for what in retrying if "cannot be watched" in what]


@pytest.mark.parametrize("jump", [timedelta(days=3), timedelta(days=-3)], ids=["forward", "back"])
def test_a_clock_that_jumps_stops_nothing(jump: timedelta, cluster: Sandbox, tmp_path: Path) -> None:
    """Waiting goes by the monotonic clock. Only a new warrant from before the last one is refused."""
    deployer = deployer_of(tmp_path, cluster)
    shift = [timedelta()]

    async def inside() -> None:
        async with running(deployer, clock=lambda: datetime.now(UTC) + shift[0]) as agent:
            await agent.told("everything is healthy")
            shift[0] = jump

            await heals(agent, deployer, after="the jump")
            began = time.monotonic()
            deployer.land({"staging/web.yaml": config_map("web", mode="later")})
            expected = "1 configured" if jump > timedelta() else "which is later than now"
            await agent.told(expected, since=began, seconds=BACK_SECONDS)

    asyncio.run(inside())


def test_two_agents_of_one_state_folder_are_one_too_many(cluster: Sandbox, tmp_path: Path) -> None:
    deployer = deployer_of(tmp_path, cluster)
    with deployer.start("run", "--output", "json") as first:
        try:
            until = time.monotonic() + BACK_SECONDS
            while deployer.count() == 0 and time.monotonic() < until:
                time.sleep(0.05)
            second = deployer.here("run", "--rounds", "1")
        finally:
            first.terminate()
            first.communicate(timeout=30)

    assert second.status == 2
    assert "another gitwarrant deploys from" in second.err


def test_an_agent_that_knows_nothing_of_another_is_stopped_by_what_that_one_left(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """Two state folders, one environment: the parent in the cluster keeps the higher sequence."""
    deployer = deployer_of(tmp_path, cluster)
    deployer.loop()
    deployer.land({"staging/web.yaml": config_map("web", mode="second")})
    deployer.loop()
    deployer.settings["state"] = str(tmp_path / "another-state")

    events = deployer.loop(rounds=2)

    refused = [event.what for event in events if event.what.startswith("refused by apply")]
    assert refused, events
    assert not (tmp_path / "another-state" / "log.sqlite").read_bytes().count(b'"apply_intent"')


@pytest.mark.parametrize("again", [False, True], ids=["removed", "and defined again"])
def test_a_kind_that_is_removed_under_us_is_said(again: bool, breakable: Sandbox, tmp_path: Path) -> None:
    """Its objects went with it. Nothing is assumed of them until their kind is served again."""
    deployer = deployer_of(tmp_path, breakable, drift="report")
    group = f"{deployer.prefix}.example.com"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                    },
                }
            ],
        },
    }
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": 3}}
    deployer.settings["tenant"]["grants"]["staging"]["kinds"] = ["*", f"Widget.{group}"]
    deployer.settings["tenant"]["custom_kinds"] = [f"Widget.{group}"]
    key = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "", f"widgets.{group}")
    kind = Manifest(key, "v1", definition, Place(""), 0, ())

    async def inside() -> None:
        async with Cluster(deployer.connection("")) as admin:
            shop = Workshop(admin, deployer.namespace("staging"))
            await shop.send("POST", kind, definition, collection=True)
            deployer.land({"staging/widget.yaml": json.dumps(widget)})
            async with running(deployer) as agent:
                await agent.told("everything is healthy", seconds=BACK_SECONDS)
                await shop.send("DELETE", kind)
                await agent.told("cannot be watched: the cluster does not serve", seconds=BACK_SECONDS)
                if again:
                    await shop.send("POST", kind, definition, collection=True)
                    await agent.told("is watched again", seconds=BACK_SECONDS)
                    await agent.told("one is missing", seconds=BACK_SECONDS)

    asyncio.run(inside())
