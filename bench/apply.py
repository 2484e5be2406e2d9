"""What deploying costs, beside raw server-side apply and beside Flux, on one API server in turns.

All bring the same applications into an empty namespace of their own, with the
same number of requests in flight where it is ours to say:

- raw: a bare loop of server-side applies, the bytes made before the clock starts;
- apply: our apply stage, with its records in SQLite, each intent on the disk before its request;
- plan: our plan's dry runs before it;
- whole: the agent's loop, from the fetch of a real Git revision to all healthy:
  verify, render, check, plan, a signed warrant, apply, observe;
- Flux: kustomize-controller, from knowing the revision to all ready, with a Kustomization for each
  application, by its own limits and with raised ones, and with one Kustomization for all.
"""

import argparse
import asyncio
import gc
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import aiohttp
from tests.support.deployers import Deployer, open_deployer

from bench import flux
from bench.applications import applications, files
from gitwarrant.agent.loop import Event, Loop, Mood
from gitwarrant.audit.log import Log
from gitwarrant.cluster.apply import apply
from gitwarrant.cluster.applyset import applyset_id, as_member, parent_key
from gitwarrant.cluster.client import CONCURRENCY, Cluster
from gitwarrant.cluster.connection import Connection, from_kubeconfig
from gitwarrant.cluster.order import rank
from gitwarrant.cluster.refine import Refined, refine
from gitwarrant.cluster.wire import body, new_audit_id
from gitwarrant.model.canonical import sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Action, Leaf, LeafList, Operation, Plan, PlannedObject
from gitwarrant.model.warrant import Warrant
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.deploy import BASELINES
from gitwarrant.sandbox import life
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.store.content import ContentStore, Shelf

APPLICATIONS = 200
COMMIT = CommitId("1" * 40)
LIMITS: Mapping[str, float] = {"apply": 1.3, "plan": 2.2, "whole": 2.5}
"""How many times the seconds of raw server-side apply each may take at most."""
NAMES: Mapping[str, str] = {"apply": "apply", "plan": "plan and apply", "whole": "fetch to healthy"}
FLUX: Mapping[str, str] = {
    "flux": "Flux, one each",
    "flux_raised": "the same, limits raised",
    "flux_in_one": "Flux, one for all",
}
FASTER_THAN_FLUX = 12.0
"""How many times at least."""
REST_SECONDS = 0.5  # what a round leaves to controllers is not the next one's burden
HEALTHY_SECONDS = 120.0


def now() -> datetime:
    """The clock of log and warrant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rounds share."""

    connection: Connection
    cluster: Cluster
    kubeconfig: Path
    log: Log
    baselines: Shelf
    count: int

    async def raw(self, namespace: str) -> float:
        """Seconds of a bare loop, in the order in which ours writes."""
        identifier = applyset_id(parent_key(namespace, namespace))
        query = "?fieldManager=gitwarrant&fieldValidation=Strict&force=false"
        requests = []
        for item in sorted(
            applications(namespace, self.count), key=lambda item: rank(item.key.group, item.key.kind)
        ):
            resource = await self.cluster.resource(item.key.group, item.version, item.key.kind)
            url = self.connection.server + resource.path(item.key.namespace, item.key.name) + query
            requests.append((url, body(as_member(item.content, identifier))))
        waiting = iter(requests)
        connector = aiohttp.TCPConnector(ssl=self.connection.tls, limit=CONCURRENCY)
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

    async def apply(self, namespace: str) -> float:
        """Seconds of our apply stage."""
        manifests = applications(namespace, self.count)
        started = time.perf_counter()
        await self._apply(manifests, namespace, None)
        return time.perf_counter() - started

    async def plan(self, namespace: str) -> float:
        """Seconds of our plan's questions and our apply stage."""
        manifests = applications(namespace, self.count)
        created = partial(PlannedObject, Action.CREATE, differences=())
        objects = [created(key=item.key, version=item.version, place=item.place) for item in manifests]
        started = time.perf_counter()
        plan = Plan(namespace, COMMIT, tuple(objects), _leaves(manifests), tuple(manifests))
        refined = await refine(plan, self.cluster, (), namespace=namespace, baselines=self.baselines)
        await self._apply(manifests, namespace, refined)
        return time.perf_counter() - started

    async def _apply(self, manifests: Sequence[Manifest], namespace: str, planned: Refined | None) -> None:
        leaves, issued = _leaves(manifests), now()
        warrant = Warrant(
            "bench",
            namespace,
            await self.cluster.uid(),
            1,
            "",
            "bench",
            "refs/heads/main",
            COMMIT,
            issued,
            issued + timedelta(hours=1),
            leaves.digest,
            sha256(b""),
            (),
        )
        applied = await apply(
            warrant,
            leaves,
            manifests,
            self.cluster,
            self.log,
            now=now,
            inventory=(),
            namespace=namespace,
            baselines=self.baselines,
            planned=planned,
        )
        assert applied.complete, applied.reasons

    async def whole(self, _namespace: str) -> float:
        """Seconds of the agent's loop, from the fetch to all healthy."""
        with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
            shop = repository(Path(folder), self.kubeconfig, self.count)
            gc.collect()
            return await agent(shop)

    async def flux(self, namespace: str) -> float:
        """Seconds of Flux with a Kustomization for each application."""
        return await self._flux(namespace, each=True)

    async def flux_raised(self, namespace: str) -> float:
        """The same, with more at once than it does by itself."""
        return await self._flux(namespace, *flux.RAISED, each=True)

    async def flux_in_one(self, namespace: str) -> float:
        """Seconds of Flux with one Kustomization for all."""
        return await self._flux(namespace, each=False)

    async def _flux(self, namespace: str, *arguments: str, each: bool) -> float:
        brought = files(namespace, self.count)
        async with flux.controller(self.cluster, self.kubeconfig, *arguments):
            return await flux.reconcile(self.connection, self.cluster, namespace, brought, each=each)


def _leaves(manifests: Sequence[Manifest]) -> LeafList:
    return LeafList(tuple(sorted(map(_leaf, manifests))))


def _leaf(item: Manifest) -> Leaf:
    key = item.key
    return Leaf(
        key.group, item.version, key.kind, key.namespace, key.name, Operation.APPLY.value, item.digest
    )


def repository(folder: Path, kubeconfig: Path, count: int) -> Deployer:
    """A Git server, a signed commit with the applications, and the agent's configuration."""
    # No controller gives the sandbox's Ingresses an address.
    health = [{"kind": "Ingress.networking.k8s.io", "healthy": "true"}]
    shop = open_deployer(folder, kubeconfig=kubeconfig, environments=("production",), health=health)
    namespace = shop.namespace("production")
    shop.land({f"production/{name}": text for name, text in files(namespace, count).items()})
    return shop


async def agent(shop: Deployer) -> float:
    """Seconds from the begin of the first round until the agent says that everything is healthy."""
    healthy = asyncio.Event()
    told: list[str] = []

    def tell(event: Event) -> None:
        told.append(event.what)
        if event.mood is Mood.GOOD and event.what.startswith("everything is healthy"):
            healthy.set()

    with open_delivery(shop.agent(), now) as work:
        loop = Loop(work, ["production"], lambda name: Cluster(shop.connection(name)), tell)
        started = time.perf_counter()
        running = asyncio.create_task(loop.run())
        try:
            await asyncio.wait_for(healthy.wait(), HEALTHY_SECONDS)
            return time.perf_counter() - started
        except TimeoutError as error:
            raise RuntimeError(f"it did not become healthy: {told[-3:]}") from error
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


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


async def measure(
    kubeconfig: Path, count: int, rounds: int, sides: Sequence[str], *, flux_rounds: int = 1
) -> dict[str, list[float]]:
    """Seconds of each round, all sides in turns; a first round of ours warms all and is left out."""
    connection = from_kubeconfig(kubeconfig, environment=os.environ)
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder:
        async with Cluster(connection) as cluster:
            with Log(Path(folder) / "log.sqlite", now) as log:
                baselines = ContentStore(Path(folder)).shelf(BASELINES)
                bench = Bench(connection, cluster, kubeconfig, log, baselines, count)
                async with namespaces(cluster, (rounds + 1) * len(sides)) as names:
                    free = iter(names)
                    for number in range(rounds + 1):
                        for side in sides:
                            if side.startswith("flux") and not 1 <= number <= flux_rounds:
                                continue
                            gc.collect()
                            taken = await getattr(bench, side)(next(free))
                            if number:
                                seconds[side].append(taken)
                            await asyncio.sleep(REST_SECONDS)
    return seconds


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


def ratios(seconds: Mapping[str, Sequence[float]], beside: str = "raw") -> dict[str, float]:
    """How many times another side's seconds each side took: the median of rounds, each beside the same."""
    return {
        side: statistics.median(mine / other for mine, other in zip(taken, seconds[beside], strict=False))
        for side, taken in seconds.items()
        if side != beside and taken
    }


def sides() -> tuple[str, ...]:
    """What can be measured here: Flux only where it is built."""
    try:
        flux.program(os.environ)
    except GitwarrantError as error:
        print(f"without Flux: {error}", file=sys.stderr)
        return ("raw", *LIMITS)
    return ("raw", *LIMITS, *FLUX)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kubeconfig", help="a cluster to use; without it a sandbox is started")
    parser.add_argument("--applications", type=int, default=APPLICATIONS, help="of four objects each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", nargs="+", help="raw, and what to measure beside it")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with api_server(arguments.kubeconfig) as kubeconfig:
        seconds = asyncio.run(
            measure(kubeconfig, arguments.applications, arguments.rounds, arguments.sides or sides())
        )
    found = ratios(seconds)
    if arguments.json:
        json.dump({"objects": 4 * arguments.applications, "seconds": seconds, "ratios": found}, sys.stdout)
        return 0
    print(f"{4 * arguments.applications} objects a round, {CONCURRENCY} in flight, in turns")
    for side, taken in seconds.items():
        rounds = ", ".join(f"{item:.2f}" for item in taken)
        beside = f"{found[side]:6.2f} x raw" if side in found else ""
        limit = f", at most {LIMITS[side]}" if side in LIMITS else ""
        print(f"{side:>12} {statistics.median(taken):7.2f} s {beside}{limit}  ({rounds})")
    slower = ratios(seconds, "whole") if "whole" in seconds else {}
    for side, name in FLUX.items():
        if side in slower:
            print(f"{name}: {slower[side]:.1f} times as long as the whole of ours")
    return 0


if __name__ == "__main__":
    sys.exit(main())
