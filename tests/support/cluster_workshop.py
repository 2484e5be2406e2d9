"""What the tests of the cluster engine share: an environment of their own on the real API server."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.queries import inventory
from gitwarrant.cluster.apply import apply
from gitwarrant.cluster.applyset import applyset_id, parent_key
from gitwarrant.cluster.baseline import MemoryBaselines
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.cluster.ledger import Attempts
from gitwarrant.cluster.observe import Viewer, observe, told
from gitwarrant.cluster.refine import Refined, refine
from gitwarrant.cluster.undeclared import Estate, Makers
from gitwarrant.cluster.wire import new_audit_id
from gitwarrant.model.canonical import sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Adoptable, DriftMode, IgnoreRule
from gitwarrant.model.errors import Place
from gitwarrant.model.live import Applied, InventoryEntry, Observation
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Action, Leaf, LeafList, Operation, Plan, PlannedObject
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.warrant import Warrant

T = TypeVar("T")
COMMIT = CommitId("1" * 40)


def now() -> datetime:
    return datetime.now(UTC)


def manifest(content: Mapping[str, Any]) -> Manifest:
    """A manifest of this content, as if read from `web.yaml`."""
    group, _, version = content["apiVersion"].rpartition("/")
    metadata = content["metadata"]
    key = ObjectKey(group, content["kind"], metadata.get("namespace", ""), metadata["name"])
    return Manifest(key, version, content, Place("web.yaml", 1, 1), 0, ())


def leaf(item: Manifest, operation: Operation = Operation.APPLY) -> Leaf:
    key = item.key
    return Leaf(key.group, item.version, key.kind, key.namespace, key.name, operation.value, item.digest)


@dataclass
class Workshop:
    """One environment with a namespace, a log and a cluster connection of its own."""

    cluster: Cluster
    namespace: str
    name: str = "test"
    log: MemoryLog = field(default_factory=lambda: MemoryLog(now))
    baselines: MemoryBaselines = field(default_factory=MemoryBaselines)
    sequence: int = 0
    adopt: tuple[Adoptable, ...] = ()
    clock: Callable[[], datetime] = now
    """The time by which drift is put back."""

    def config(self, name: str = "settings", **data: str) -> Manifest:
        content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": self.named(name), "data": data}
        return manifest(content)

    def deployment(self, name: str = "web", **spec: Any) -> Manifest:
        labels = {"app": name}
        pod = {
            "containers": [
                {
                    "name": "web",
                    "image": "registry.example/web@sha256:" + "a" * 64,
                    "args": ["--port", "80"],
                    "env": [{"name": "MODE", "value": "safe"}, {"name": "LEVEL", "value": "1"}],
                    "ports": [{"containerPort": 80}],
                }
            ]
        }
        content = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {**self.named(name), "annotations": {"team": "web"}},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
                **spec,
            },
        }
        return manifest(content)

    def job(self, name: str = "migrate", *, held: bool = False, **annotations: str) -> Manifest:
        """A Job whose Pod KWOK plays: it completes at once, or, `held`, never."""
        hold = {"sandbox.gitwarrant.dev/hold": "true"} if held else {}
        image = "registry.example/migrate@sha256:" + "b" * 64
        pod = {"restartPolicy": "Never", "containers": [{"name": "m", "image": image}]}
        spec = {"template": {"metadata": {"annotations": hold}, "spec": pod}}
        content = {"apiVersion": "batch/v1", "kind": "Job", "metadata": self.named(name), "spec": spec}
        return annotated(manifest(content), **annotations)

    def held_deployment(self, name: str = "held") -> Manifest:
        """A Deployment whose Pods never become ready."""
        item = self.deployment(name)
        template = dict(item.content["spec"]["template"])
        template["metadata"] = {
            **template["metadata"],
            "annotations": {"sandbox.gitwarrant.dev/hold": "true"},
        }
        return edited(item, spec={**item.content["spec"], "template": template})

    def named(self, name: str) -> dict[str, Any]:
        return {"name": name, "namespace": self.namespace}

    async def warrant(self, leaves: LeafList) -> Warrant:
        self.sequence += 1
        root = sha256(b"root")
        issued = now()
        return Warrant(
            "tenant",
            self.name,
            await self.cluster.uid(),
            self.sequence,
            "",
            "repository",
            "refs/heads/main",
            COMMIT,
            issued,
            issued + timedelta(hours=1),
            leaves.digest,
            root,
            (),
        )

    def owned(self) -> tuple[InventoryEntry, ...]:
        return inventory(self.log, self.name)

    async def apply(
        self,
        *manifests: Manifest,
        recreates: Sequence[Manifest] = (),
        deletes: Sequence[Manifest] = (),
        changed: frozenset[ObjectKey] | None = None,
        planned: Refined | None = None,
        patience: float = 20.0,
    ) -> Applied:
        """Warrant exactly these, and apply them; `recreates` may be made again, or are hooks that run."""
        listed = self.leaves(*manifests, recreates=recreates, deletes=deletes)
        written = (*manifests, *recreates)
        return await self.apply_as(
            await self.warrant(listed), listed, written, changed=changed, planned=planned, patience=patience
        )

    def leaves(
        self, *manifests: Manifest, recreates: Sequence[Manifest] = (), deletes: Sequence[Manifest] = ()
    ) -> LeafList:
        found = [leaf(item) for item in manifests]
        found += [leaf(item, Operation.RECREATE) for item in recreates]
        found += [leaf(item, Operation.DELETE) for item in deletes]
        return LeafList(tuple(sorted(found)))

    async def apply_as(
        self,
        warrant: Warrant,
        leaves: LeafList,
        manifests: Sequence[Manifest],
        *,
        changed: frozenset[ObjectKey] | None = None,
        planned: Refined | None = None,
        patience: float = 20.0,
    ) -> Applied:
        return await apply(
            warrant,
            leaves,
            manifests,
            self.cluster,
            self.log,
            now=now,
            inventory=self.owned(),
            namespace=self.namespace,
            baselines=self.baselines,
            changed=changed,
            planned=planned,
            patience=patience,
            adopt=self.adopt,
        )

    async def observe(
        self,
        *manifests: Manifest,
        mode: DriftMode = DriftMode.REPORT,
        ignore: Sequence[IgnoreRule] = (),
        alone: bool = False,
        estate: Estate | None = None,
        previous: Observation | None = None,
    ) -> Observation:
        viewer = Viewer.of(
            self.name,
            self.owned(),
            self.cluster,
            self.log,
            mode=mode,
            baselines=self.baselines,
            namespace=self.namespace,
            now=self.clock,
            ignoring=Ignoring.of(ignore, now()),
            known=told(self.log, self.name, previous),
        )
        sought = self.estate(manifests, ignore) if alone else estate
        return await observe(viewer, manifests, self.owned(), explain=True, estate=sought)

    def estate(self, manifests: Sequence[Manifest], ignore: Sequence[IgnoreRule] = ()) -> Estate:
        """The namespace as one that holds nothing but what was declared."""
        owned, parent = self.owned(), parent_key(self.name, self.namespace)
        return Estate(
            whole=frozenset({self.namespace}),
            shared=frozenset(),
            identifier=applyset_id(parent),
            declared=frozenset({parent, *(entry.key for entry in owned)}),
            uids={entry.uid: entry.key.typed for entry in owned},
            makers=Makers.of(manifests),
            ignoring=Ignoring.of(ignore, now()),
        )

    async def refine(self, *planned: tuple[Manifest, Action]) -> tuple[tuple[Action, str], ...]:
        """What the server says about these, as (action, note)."""
        return tuple((item.action, item.note) for item in (await self.refined(*planned)).plan.objects)

    async def refined(self, *planned: tuple[Manifest, Action]) -> Refined:
        objects = tuple(
            PlannedObject(action, item.key, item.version, item.place, ()) for item, action in planned
        )
        manifests = tuple(item for item, action in planned if action is not Action.DELETE)
        leaves = LeafList(tuple(sorted(leaf(item) for item in manifests)))
        plan = Plan(self.name, COMMIT, objects, leaves, manifests)
        return await refine(
            plan,
            self.cluster,
            self.owned(),
            namespace=self.namespace,
            baselines=self.baselines,
            adopt=self.adopt,
            attempted=Attempts(self.log, self.name, any_=True),
        )

    async def live(self, item: Manifest) -> dict[str, Any]:
        found = await self.cluster.get(item.key, item.version)
        assert found is not None
        return found

    async def patch(
        self,
        item: Manifest,
        content: Any,
        *,
        manager: str = "kubectl-edit",
        kind: str = "merge-patch",
        subresource: str = "",
    ) -> None:
        """Change a live object as somebody with write access does, not through our client's methods."""
        await self.send(
            "PATCH",
            item,
            content,
            query=f"?fieldManager={manager}",
            content_type=f"application/{kind}+json",
            subresource=subresource,
        )

    async def send(
        self,
        method: str,
        item: Manifest,
        content: Any = None,
        *,
        query: str = "",
        content_type: str = "application/json",
        subresource: str = "",
        collection: bool = False,
    ) -> Any:
        resource = await self.cluster.resource(item.key.group, item.version, item.key.kind)
        path = resource.path(item.key.namespace, "" if collection else item.key.name)
        session = self.cluster._transport._session
        assert session is not None
        url = self.cluster._transport.connection.server + path + subresource + query
        headers = {"Content-Type": content_type}
        status, answer, tries = 503, None, 50
        while status == 503 and tries:  # a kind whose definition changes is away for a moment
            await asyncio.sleep(0 if answer is None else 0.1)
            async with session.request(method, url, json=content, headers=headers) as response:
                status, answer = response.status, await response.json()
            tries -= 1
        assert status < 300, answer
        return answer

    def records(self, *kinds: RecordKind) -> list[Record]:
        return [record for record in self.log.read() if record.kind in kinds]


@asynccontextmanager
async def workshop(kubeconfig: Path) -> AsyncIterator[Workshop]:
    async with Cluster(from_kubeconfig(kubeconfig, environment={})) as cluster:
        namespace = f"cluster-{secrets.token_hex(4)}"
        key = ObjectKey("", "Namespace", "", namespace)
        content = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        made = await cluster.apply(key, "v1", content, force=False, audit_id=new_audit_id())
        try:
            yield Workshop(cluster, namespace)
        finally:
            await cluster.delete(key, "v1", uid=made.uid, audit_id=new_audit_id())


def run(kubeconfig: Path, test: Callable[[Workshop], Awaitable[T]]) -> T:
    """Run one test in a namespace of its own."""

    async def inside() -> T:
        async with workshop(kubeconfig) as shop:
            return await test(shop)

    return asyncio.run(inside())


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    """Wait until something holds in the cluster."""
    ends = asyncio.get_running_loop().time() + seconds
    while not await condition():
        assert asyncio.get_running_loop().time() < ends, "it did not become so in time"
        await asyncio.sleep(0.05)


def edited(item: Manifest, **fields: Any) -> Manifest:
    """The same object with other top-level fields: another manifest with another digest."""
    return replace(item, content={**item.content, **fields})


WORDS = {
    "wave": "gitwarrant.dev/wave",
    "hook": "argocd.argoproj.io/hook",
    "policy": "argocd.argoproj.io/hook-delete-policy",
}


def annotated(item: Manifest, **annotations: str) -> Manifest:
    """The same object with annotations, by the short names of `WORDS`."""
    given = {WORDS.get(name, name): value for name, value in annotations.items()}
    metadata = dict(item.content["metadata"])
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **given}
    return edited(item, metadata=metadata)
