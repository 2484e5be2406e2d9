"""Objects applied per second by gitwarrant, beside raw concurrent server-side apply of the same objects.

Both send the same bytes with the same number of requests in flight to the
same API server, in turns, each round into a namespace of its own. Ours reads
and writes the ApplySet's parent, logs an intent before and a result after each
write into SQLite with full synchronisation; raw does nothing but send.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from gitwarrant.audit.log import Log
from gitwarrant.cluster.apply import apply
from gitwarrant.cluster.applyset import applyset_id, as_member, parent_key
from gitwarrant.cluster.baseline import BaselineStore
from gitwarrant.cluster.client import CONCURRENCY, Cluster
from gitwarrant.cluster.connection import Connection, from_kubeconfig
from gitwarrant.cluster.order import rank
from gitwarrant.cluster.wire import body, new_audit_id
from gitwarrant.model.canonical import sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf, LeafList, Operation
from gitwarrant.model.warrant import Warrant
from gitwarrant.sandbox import life
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.store.content import ContentStore

ENVIRONMENT = "bench"


def now() -> datetime:
    """The clock of log and warrant."""
    return datetime.now(UTC)


def application(namespace: str, name: str) -> Iterator[Manifest]:
    """Four objects, as an application has them; no Pod is started."""
    labels = {"app": name}
    container = {"name": "web", "image": "registry.example/web@sha256:" + "a" * 64}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    listed: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("v1", "ServiceAccount", {}),
        ("v1", "ConfigMap", {"data": {"level": "info"}}),
        ("v1", "Service", {"spec": {"selector": labels, "ports": [{"port": 80}]}}),
        ("apps/v1", "Deployment", {"spec": deployment}),
    )
    for api, kind, fields in listed:
        group, _, version = api.rpartition("/")
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        content = {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
        key = ObjectKey(group, kind, namespace, name)
        yield Manifest(key, version, content, Place("bench.yaml"), 0, ())


async def ours(
    cluster: Cluster, log: Log, manifests: Sequence[Manifest], namespace: str, baselines: BaselineStore
) -> float:
    """Seconds that our apply takes for all of them."""
    leaves = LeafList(tuple(sorted(_leaf(item) for item in manifests)))
    issued = now()
    warrant = Warrant(
        "bench",
        f"{ENVIRONMENT}-{namespace}",
        await cluster.uid(),
        1,
        "",
        "bench",
        "refs/heads/main",
        CommitId("1" * 40),
        issued,
        issued + timedelta(hours=1),
        leaves.digest,
        sha256(b""),
        (),
    )
    started = time.perf_counter()
    applied = await apply(
        warrant,
        leaves,
        manifests,
        cluster,
        log,
        now=now,
        inventory=(),
        namespace=namespace,
        baselines=baselines,
    )
    taken = time.perf_counter() - started
    assert applied.complete, applied
    return taken


class _Baselines:
    """Baselines as an agent keeps them."""

    def __init__(self, folder: Path) -> None:
        self._store = ContentStore(folder)

    def get(self, key: str) -> bytes | None:
        return self._store.get("baseline", key)

    def put(self, key: str, value: bytes) -> None:
        self._store.put("baseline", key, value)


def _leaf(item: Manifest) -> Leaf:
    key = item.key
    return Leaf(
        key.group, item.version, key.kind, key.namespace, key.name, Operation.APPLY.value, item.digest
    )


async def raw(
    connection: Connection, cluster: Cluster, manifests: Sequence[Manifest], namespace: str
) -> float:
    """Seconds that a bare loop takes for the same objects, same order, bytes made before the clock starts."""
    identifier = applyset_id(parent_key(ENVIRONMENT, namespace))
    query = "?fieldManager=gitwarrant&fieldValidation=Strict&force=false"
    requests = []
    # In the same order as ours: controllers start to work when the first Deployment arrives.
    for item in sorted(manifests, key=lambda item: rank(item.key.group, item.key.kind)):
        resource = await cluster.resource(item.key.group, item.version, item.key.kind)
        url = connection.server + resource.path(item.key.namespace, item.key.name) + query
        requests.append((url, body(as_member(item.content, identifier))))
    waiting = iter(requests)
    connector = aiohttp.TCPConnector(ssl=connection.tls, limit=CONCURRENCY)
    headers = {"Content-Type": "application/apply-patch+yaml"}

    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def work() -> None:
            for url, data in waiting:
                async with session.patch(url, data=data) as response:
                    await response.read()
                    assert response.status == 201, response.status

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        return time.perf_counter() - started


@contextmanager
def api_server(kubeconfig: str | None) -> Iterator[Path]:
    """The cluster given, or a sandbox of our own."""
    if kubeconfig:
        yield Path(kubeconfig)
        return
    with tempfile.TemporaryDirectory() as folder:
        sandbox = life.up("bench", root=Path(folder), binaries=Binaries.of(os.environ).find_all())
        try:
            yield sandbox.kubeconfig
        finally:
            life.down("bench", root=Path(folder))


async def measure(kubeconfig: Path, applications: int, rounds: int) -> dict[str, list[float]]:
    """Objects per second of each round, ours and raw in turns; the first round warms both and is left out."""
    connection = from_kubeconfig(kubeconfig, environment=os.environ)
    rates: dict[str, list[float]] = {"gitwarrant": [], "raw": []}
    with tempfile.TemporaryDirectory() as folder:
        async with Cluster(connection) as cluster:
            with Log(Path(folder) / "log.sqlite", now) as log:
                async with namespaces(cluster, 2 * (rounds + 1)) as names:
                    for number, name in enumerate(names):
                        manifests = [
                            item
                            for count in range(applications)
                            for item in application(name, f"app-{count}")
                        ]
                        who = ("gitwarrant", "raw")[number % 2]
                        taken = await (
                            raw(connection, cluster, manifests, name)
                            if who == "raw"
                            else ours(cluster, log, manifests, name, _Baselines(Path(folder)))
                        )
                        if number >= 2:
                            rates[who].append(len(manifests) / taken)
                        await asyncio.sleep(
                            0.5
                        )  # what a round leaves to controllers is not the next one's burden
    return rates


@asynccontextmanager
async def namespaces(cluster: Cluster, count: int) -> AsyncIterator[list[str]]:
    """Namespaces for all rounds, removed only after the last: emptying one would burden the next round."""
    made: list[tuple[ObjectKey, str]] = []
    try:
        for _ in range(count):
            key = ObjectKey("", "Namespace", "", f"bench-{secrets.token_hex(4)}")
            content = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": key.name}}
            written = await cluster.apply(key, "v1", content, force=False, audit_id=new_audit_id())
            made.append((key, written.uid))
        await asyncio.sleep(1)  # controllers fill new namespaces
        yield [key.name for key, _ in made]
    finally:
        for key, uid in made:
            await cluster.delete(key, "v1", uid=uid, audit_id=new_audit_id())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", help="a cluster to use; without it a sandbox is started")
    parser.add_argument("--applications", type=int, default=75, help="of four objects each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with api_server(arguments.kubeconfig) as kubeconfig:
        rates = asyncio.run(measure(kubeconfig, arguments.applications, arguments.rounds))
    median = {who: statistics.median(measured) for who, measured in rates.items()}
    ratio = median["raw"] / median["gitwarrant"]
    objects = 4 * arguments.applications
    if arguments.json:
        json.dump({"objects": objects, "rates": rates, "median": median, "ratio": ratio}, sys.stdout)
        return 0
    print(f"{objects} objects a round, {CONCURRENCY} in flight, {arguments.rounds} rounds each, in turns")
    for who, measured in rates.items():
        rounds = ", ".join(f"{rate:.0f}" for rate in measured)
        print(f"{who:>12}  {median[who]:6.0f} objects/s  ({rounds})")
    print(f"       ratio  {ratio:6.2f}  (raw beside gitwarrant; 1.00 is the limit)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
