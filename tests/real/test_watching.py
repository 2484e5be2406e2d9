"""The agent on shared watches of a real API server: what it sees, how soon, and what it costs."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.cluster_workshop import Workshop, run, until
from tests.support.deployers import Deployer, config_map, open_deployer
from tests.support.running import Requests, Running, running

from gitwarrant.cluster import strangers
from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Impersonation, from_kubeconfig, from_service_account
from gitwarrant.cluster.discovery import MemoryDiscovery
from gitwarrant.cluster.live import Live
from gitwarrant.cluster.refusal import Denied
from gitwarrant.cluster.watch import Change, Event, Source
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

SOON = 20.0
"""Seconds from an edit to its drift told, on a machine that has much else to do: long before the next round,
which is ten minutes away. bench/steady.py holds it to one second."""
LOOKS_APART = 0.5
"""Seconds between two looks at undeclared objects here, so that it soon comes to rest."""


def named(deployer: Deployer, name: str, environment: str = "staging") -> Manifest:
    key = ObjectKey("", "ConfigMap", deployer.namespace(environment), name)
    return Manifest(key, "v1", {}, Place(""), 0, ())


def beside_an_agent(
    deployer: Deployer, test: Callable[[Running, Workshop], Awaitable[None]], **how: Any
) -> None:
    """Run a test while an agent watches, everything healthy."""

    async def inside() -> None:
        async with running(deployer, **how) as agent, Cluster(deployer.connection("")) as cluster:
            await agent.told("everything is healthy")
            await test(agent, Workshop(cluster, deployer.namespace("staging")))

    asyncio.run(inside())


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at undeclared objects more often than an agent would."""
    monkeypatch.setattr(strangers, "PACE", LOOKS_APART)


async def at_rest(agent: Running) -> None:
    """Wait until nothing but watches was begun for longer than looks at undeclared objects are apart."""
    async with asyncio.timeout(60):
        while True:
            before = Counter(agent.requests.begun)
            await asyncio.sleep(2 * LOOKS_APART)
            if set(agent.requests.begun - before) <= {"watch"}:
                return


def watched(tmp_path: Path, cluster: Sandbox, **settings: Any) -> Deployer:
    return open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",), **settings)


def test_two_who_want_to_know_share_one_watch(cluster: Sandbox) -> None:
    """Both hear what is there and what happens; the server is watched once."""

    async def test(shop: Workshop) -> None:
        await shop.apply(shop.config(a="1"))
        heard: dict[str, list[tuple[Change, str]]] = {"first": [], "second": []}

        def subscriber(who: str) -> Callable[[Event], None]:
            return lambda event: heard[who].append(
                (event.change, event.object.get("metadata", {}).get("name", ""))
            )

        async def all_heard(change: Change) -> bool:
            return all(change in {told for told, _ in events} for events in heard.values())

        source = Source("", "v1", "ConfigMap", shop.namespace)
        async with Live(shop.cluster) as live:
            for who in heard:
                live.subscribe(source, subscriber(who))
            await until(lambda: all_heard(Change.SYNCED))
            await shop.patch(shop.config(), {"data": {"a": "2"}})
            await until(lambda: all_heard(Change.MODIFIED))
            assert len(live._tasks) == 1

        assert heard["first"][-1] == heard["second"][-1] == (Change.MODIFIED, "settings")
        assert (Change.ADDED, "settings") in heard["first"]
        assert (Change.ADDED, "settings") in heard["second"]

    run(cluster.kubeconfig, test)


def test_an_edit_is_told_at_once_though_the_next_round_is_far(cluster: Sandbox, tmp_path: Path) -> None:
    deployer = watched(tmp_path, cluster, drift="report")

    async def test(agent: Running, shop: Workshop) -> None:
        began = time.monotonic()
        await shop.patch(named(deployer, "web"), {"data": {"added": "by hand"}}, manager="mallory")

        took = await agent.told("was changed by mallory: data.added", since=began)

        assert took < SOON

    beside_an_agent(deployer, test, interval=600)


@pytest.mark.parametrize("how", ["edited", "deleted", "label stripped"])
def test_drift_is_put_back_when_it_happens(how: str, cluster: Sandbox, tmp_path: Path) -> None:
    """No label selects what is watched: an object that loses ours is seen like any other."""
    deployer = watched(tmp_path, cluster)

    async def test(agent: Running, shop: Workshop) -> None:
        item, began = named(deployer, "web"), time.monotonic()
        if how == "deleted":
            await shop.send("DELETE", item)
        else:
            change = (
                {"metadata": {"labels": {PART_OF: None}}} if how == "label stripped" else {"data": {"x": "y"}}
            )
            await shop.patch(item, change)

        took = await agent.told("is as warranted again", since=began)

        assert took < SOON
        live = await shop.live(item)
        assert live["data"] == {"mode": "safe"}
        assert PART_OF in live["metadata"]["labels"]

    beside_an_agent(deployer, test, interval=600)


@pytest.mark.usefixtures("looks_often")
def test_a_steady_environment_costs_no_calls(cluster: Sandbox, tmp_path: Path) -> None:
    """Many rounds, and every request that begins is one of a watch."""
    files = {f"staging/c{number}.yaml": config_map(f"c{number}") for number in range(20)}
    deployer = watched(tmp_path, cluster, files=files)

    async def test(agent: Running, shop: Workshop) -> None:
        await at_rest(agent)
        before = Counter(agent.requests.begun)

        await asyncio.sleep(2)  # ten rounds

        assert set(agent.requests.begun - before) <= {"watch"}

    beside_an_agent(deployer, test, interval=0.2)


def test_a_new_process_asks_for_no_object_that_another_one_deployed(cluster: Sandbox, tmp_path: Path) -> None:
    """The baselines are those answers to our own creates that were kept; the rest comes with the lists."""
    plain = ("ConfigMap", "Secret", "ServiceAccount", "Service")
    files = {f"staging/{kind.lower()}.yaml": yaml.safe_dump_all(_two_of(kind)) for kind in plain}
    deployer = watched(tmp_path, cluster, files=files)
    deployer.loop()

    async def test(agent: Running, shop: Workshop) -> None:
        asked = agent.requests.begun
        assert set(asked) <= {"discover", "get", "create", "list", "watch"}
        assert asked["get"] == len(("the cluster's uid", "the server's version"))
        assert asked["create"] <= 2 * len(
            ("list", "watch")
        )  # whether we may, of the kinds that are watched by name

    beside_an_agent(deployer, test, interval=600)


def _two_of(kind: str) -> list[dict[str, Any]]:
    spec = {"spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}} if kind == "Service" else {}
    return [
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": f"{kind.lower()}-{name}"}, **spec}
        for name in ("a", "b")
    ]


@pytest.mark.usefixtures("looks_often")
def test_what_nobody_declared_is_seen_when_it_comes(cluster: Sandbox, tmp_path: Path) -> None:
    """In a namespace that the environment declares, of a kind that it has nothing of."""
    deployer = watched(tmp_path, cluster)

    async def test(agent: Running, shop: Workshop) -> None:
        await at_rest(agent)
        began = time.monotonic()
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "backdoor"},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
        }
        key = ObjectKey("rbac.authorization.k8s.io", "Role", shop.namespace, "backdoor")
        await shop.send("POST", Manifest(key, "v1", {}, Place(""), 0, ()), role, collection=True)

        took = await agent.told("backdoor was declared by nobody", since=began)

        assert took < SOON

    beside_an_agent(deployer, test, interval=600)


def test_an_edit_between_our_apply_and_our_first_read_never_becomes_the_truth(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """The moment the write is answered, somebody changes what was written."""
    deployer = watched(tmp_path, cluster, drift="report")
    deployer.loop()
    deployer.land({"staging/web.yaml": config_map("web", mode="new")})

    async def inside() -> None:
        async with running(deployer) as agent, Cluster(deployer.connection("")) as cluster_:
            shop = Workshop(cluster_, deployer.namespace("staging"))
            while (await shop.live(named(deployer, "web")))["data"] != {"mode": "new"}:  # noqa: ASYNC110 - as fast as it can be
                await asyncio.sleep(0)
            await shop.patch(named(deployer, "web"), {"data": {"late": "1"}}, manager="mallory")
            await agent.told("was changed by mallory: data.late")

    asyncio.run(inside())


def test_a_deploy_is_no_drift(cluster: Sandbox, tmp_path: Path) -> None:
    """What our own apply writes is not judged by what stood before."""
    deployer = watched(tmp_path, cluster)

    async def test(agent: Running, shop: Workshop) -> None:
        for mode in ("a", "b", "c"):
            began = time.monotonic()
            deployer.land({"staging/web.yaml": config_map("web", mode=mode)})
            await agent.told("1 configured", since=began)
        # Events come in their order: once a later edit was put back, all that the deploys did was looked at.
        began = time.monotonic()
        await shop.patch(named(deployer, "web"), {"data": {"late": "1"}}, manager="mallory")
        await agent.told("is as warranted again", since=began)

        drifts = deployer.records(RecordKind.DRIFT_FOUND)
        assert [record.body["managers"] for record in drifts] == [["mallory"]]
        assert len([what for what in agent.said if "as warranted again" in what]) == 1

    beside_an_agent(deployer, test)


def test_a_pods_service_account_reaches_its_cluster_and_its_token_may_be_rotated(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """As the kubelet mounts it: an authority, and a token that is another one some time later."""

    async def test(shop: Workshop) -> None:
        rbac = "rbac.authorization.k8s.io"
        binding = {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "view"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": shop.namespace}],
        }
        key = ObjectKey(rbac, "RoleBinding", shop.namespace, "view")
        await shop.send("POST", Manifest(key, "v1", {}, Place(""), 0, ()), binding, collection=True)
        account = Manifest(
            ObjectKey("", "ServiceAccount", shop.namespace, "default"), "v1", {}, Place(""), 0, ()
        )
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        given = await shop.send("POST", account, asked, subresource="/token")
        (tmp_path / "ca.crt").write_bytes((cluster.folder.pki / "ca.crt").read_bytes())
        (tmp_path / "token").write_text("expired")

        async with Cluster(from_service_account("127.0.0.1", str(cluster.port), tmp_path)) as inside:
            with pytest.raises(Denied, match="does not accept our credential"):
                await inside.get(shop.config().key, "v1")
            (tmp_path / "token").write_text(given["status"]["token"])

            assert await inside.get(shop.config().key, "v1") is None

    run(cluster.kubeconfig, test)


def test_whom_a_kubeconfig_acts_as_is_whom_the_server_sees(cluster: Sandbox) -> None:
    """Rights are those of the one acted as, groups and all, not of the one who acts."""

    async def test(shop: Workshop) -> None:
        own = from_kubeconfig(cluster.kubeconfig, environment={})
        nobody = replace(own, impersonation=Impersonation("nobody", groups=("system:authenticated",)))
        admin = replace(own, impersonation=Impersonation("anna", groups=("system:masters",)))

        async with Cluster(nobody) as as_nobody, Cluster(admin) as as_anna:
            with pytest.raises(Denied, match="nobody may not get configmaps"):
                await as_nobody.get(shop.config().key, "v1")
            assert await as_anna.get(shop.config().key, "v1") is None

    run(cluster.kubeconfig, test)


def test_the_discovery_is_asked_for_by_its_hash(cluster: Sandbox) -> None:
    """A new connection with the same store: the real server says that nothing changed."""
    store, requests = MemoryDiscovery(), Requests()

    async def look() -> None:
        connection = from_kubeconfig(cluster.kubeconfig, environment={})
        async with Cluster(connection, discovery=store, meter=requests) as fresh:
            assert (await fresh.resource("apps", "v1", "Deployment")).plural == "deployments"

    asyncio.run(look())
    asyncio.run(look())

    assert requests.ended_with["discover", 200] == 2
    assert requests.ended_with["discover", 304] == 2
