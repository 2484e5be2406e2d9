"""Every stage behind one function from canonical bytes to canonical bytes, here or in another process.

    answer(StageCall) in this process; `Elsewhere` asks the same of a child that
    is given nothing but those bytes, one call a line.

A call's dataclass holds the stage's arguments in their order.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gitwarrant.audit.log import Log
from gitwarrant.cluster.apply import apply
from gitwarrant.cluster.baseline import MemoryBaselines
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.cluster.observe import Viewer, observe, told
from gitwarrant.git.fetch import fetch
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import Remote
from gitwarrant.model.authorship import Authorship
from gitwarrant.model.canonical import decode, encode, loads
from gitwarrant.model.change import Change, CommitId, Tree
from gitwarrant.model.environment import DriftMode, Environment, PolicySet, Tenant
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import LeafList, Plan
from gitwarrant.model.rendered import Rendered
from gitwarrant.model.warrant import Warrant
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.plan.plan import plan
from gitwarrant.policy.check import check
from gitwarrant.render.render import render
from gitwarrant.trust.authorise import authorise
from gitwarrant.trust.file_signer import FileSigner
from gitwarrant.trust.verify import verify


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Fetched:
    change: Change
    tree: Tree


@dataclass(frozen=True, slots=True)
class FetchCall:
    url: str
    quarantine: str
    repository: str
    ref: str
    base: CommitId
    folder: str

    def answer(self) -> Fetched:
        path = Path(self.quarantine)
        head = fetch(Remote(self.url), path, [self.ref])[self.ref]
        reading = Repository(path)
        change = reading.change(self.repository, self.ref, self.base, head)
        return Fetched(change, reading.tree(head, self.folder))


@dataclass(frozen=True, slots=True)
class VerifyCall:
    change: Change
    root: TrustRoot
    policies: Mapping[CommitId, TrustPolicy]
    environment: Environment
    witnessed: Witnessed
    now: datetime

    def answer(self) -> Authorship:
        asked = (self.change, self.root, self.policies, self.environment)
        return verify(*asked, witnessed=self.witnessed, now=self.now)


@dataclass(frozen=True, slots=True)
class RenderCall:
    tree: Tree
    namespace: str
    custom_kinds: frozenset[str]

    def answer(self) -> Rendered:
        return render(self.tree, namespace=self.namespace, custom_kinds=self.custom_kinds)


@dataclass(frozen=True, slots=True)
class CheckCall:
    rendered: Rendered
    policies: tuple[PolicySet, ...]

    def answer(self) -> CheckReport:
        return check(self.rendered, self.policies)


@dataclass(frozen=True, slots=True)
class PlanCall:
    environment: Environment
    tenant: Tenant
    rendered: Rendered
    before: Rendered | None
    leaves: LeafList | None

    def answer(self) -> Plan:
        return plan(self.environment, self.tenant, self.rendered, self.before, self.leaves)


@dataclass(frozen=True, slots=True)
class AuthoriseCall:
    environment: Environment
    tenant: Tenant
    authorship: Authorship
    report: CheckReport
    plan: Plan
    rendered: Rendered
    cluster: str
    previous: Warrant | None
    owners: tuple[tuple[ObjectKey, str], ...]
    now: datetime
    key: str

    def answer(self) -> Any:
        return authorise(
            self.environment,
            self.tenant,
            self.authorship,
            self.report,
            self.plan,
            rendered=self.rendered,
            cluster=self.cluster,
            previous=self.previous,
            owners=dict(self.owners),
            now=self.now,
            lifetime=timedelta(hours=1),
            source="git+https://git.example.com/shop.git",
            signers=(FileSigner.load(Path(self.key)),),
        )


@dataclass(frozen=True, slots=True)
class ApplyCall:
    warrant: Warrant
    leaves: LeafList
    manifests: tuple[Manifest, ...]
    kubeconfig: str
    log: str
    inventory: tuple[InventoryEntry, ...]
    namespace: str

    def answer(self) -> Any:
        return asyncio.run(self._answer())

    async def _answer(self) -> Any:
        asked = (self.warrant, self.leaves, self.manifests)
        with Log(Path(self.log), now) as log:
            async with Cluster(from_kubeconfig(Path(self.kubeconfig), environment={})) as cluster:
                options: dict[str, Any] = {"inventory": self.inventory, "namespace": self.namespace}
                options["baselines"] = MemoryBaselines()
                return await apply(*asked, cluster, log, now=now, **options)


@dataclass(frozen=True, slots=True)
class ObserveCall:
    environment: str
    manifests: tuple[Manifest, ...]
    inventory: tuple[InventoryEntry, ...]
    kubeconfig: str
    log: str
    mode: DriftMode
    namespace: str

    def answer(self) -> Any:
        return asyncio.run(self._answer())

    async def _answer(self) -> Any:
        asked = (self.environment, self.inventory)
        with Log(Path(self.log), now) as log:
            async with Cluster(from_kubeconfig(Path(self.kubeconfig), environment={})) as cluster:
                options: dict[str, Any] = {"mode": self.mode, "namespace": self.namespace, "now": now}
                options["known"] = told(log, self.environment, None)
                viewer = Viewer.of(*asked, cluster, log, baselines=MemoryBaselines(), **options)
                return await observe(viewer, self.manifests, self.inventory)


CALLS: Mapping[str, Callable[..., Any]] = {
    kind.__name__: kind
    for kind in (
        FetchCall,
        VerifyCall,
        RenderCall,
        CheckCall,
        PlanCall,
        AuthoriseCall,
        ApplyCall,
        ObserveCall,
    )
}


class Elsewhere:
    """A child process that answers calls; used as a context."""

    def __init__(self) -> None:
        root = Path(__file__).parents[2]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.stages"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,
            env={"PYTHONPATH": f"{root / 'src'}:{root}", "PATH": "/usr/bin:/bin"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._child as child:
            child.communicate(timeout=30)

    def answer(self, call: object) -> bytes:
        """The canonical bytes of the child's answer."""
        if self._child.stdin is None or self._child.stdout is None:
            raise ValueError("the child was started without pipes")
        self._child.stdin.write(encode(call) + b"\n")  # canonical JSON holds no line feed
        self._child.stdin.flush()
        return self._child.stdout.readline().removesuffix(b"\n")


if __name__ == "__main__":
    for line in sys.stdin.buffer:
        data = line.removesuffix(b"\n")
        asked = decode(CALLS[loads(data)["is"]], data)  # type: ignore[arg-type]  # a class, by its name
        sys.stdout.buffer.write(encode(asked.answer()) + b"\n")
        sys.stdout.buffer.flush()
