"""Apply exactly what a warrant allows: each write after its record, each delete by uid."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from gitwarrant.audit.group import GroupCommit
from gitwarrant.audit.recorder import Recorder
from gitwarrant.cluster.admission import Admitted, admit
from gitwarrant.cluster.adoption import earlier
from gitwarrant.cluster.applying.gate import Gate, Standing
from gitwarrant.cluster.applying.hooks import run
from gitwarrant.cluster.applying.remove import remove
from gitwarrant.cluster.applying.schedule import Schedule, schedule
from gitwarrant.cluster.applying.work import Work, held, unchanged
from gitwarrant.cluster.applying.write import write
from gitwarrant.cluster.applyset import Parent, applyset_id, parent_content, parent_key, read_parent
from gitwarrant.cluster.baseline import Baselines, BaselineStore
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.health.rules import rules_of
from gitwarrant.cluster.ledger import Attempts, Ledger, logged_sequence
from gitwarrant.cluster.order import bounded, in_order
from gitwarrant.cluster.refine import Refined
from gitwarrant.cluster.refusal import Conflict
from gitwarrant.model.canonical import digest
from gitwarrant.model.environment import Adoptable, HealthRule
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.live import Applied, AppliedObject, InventoryEntry
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf, LeafList, Operation
from gitwarrant.model.turn import USUAL, Phase
from gitwarrant.model.warrant import Warrant
from gitwarrant.store.sqlite import StoreError

NAMESPACE = ("", "Namespace")
IN_HAND = 2
"""Leaves in hand for each request in flight: while some wait for the server, others write their intents."""
PATIENCE = 300.0
"""Seconds that a wave, a hook or a delete may take where the environment says nothing else."""


async def apply(
    warrant: Warrant,
    leaves: LeafList,
    manifests: Sequence[Manifest],
    cluster: Cluster,
    recorder: Recorder,
    *,
    now: Callable[[], datetime],
    inventory: Iterable[InventoryEntry],
    namespace: str,
    baselines: BaselineStore,
    changed: frozenset[ObjectKey] | None = None,
    planned: Refined | None = None,
    patience: float = PATIENCE,
    adopt: Collection[Adoptable] = (),
    rules: tuple[HealthRule, ...] = (),
) -> Applied:
    """Bring an environment to what its warrant names. Run again after any failure, it converges.

    An object that fails does not stop those that stand beside it; it is
    recorded and reported, and what comes after it is held. Where the server
    cannot be reached at all, apply stops: what was intended is in the log, and
    the next run finishes it.

    Args:
        warrant: opened, its signature verified.
        leaves: all leaves of the warrant.
        manifests: one for each leaf that the inventory does not have as it is wanted; more may
            be given, of what others have to wait for.
        now: the clock that judges the warrant's end.
        inventory: what the log says the environment owns.
        namespace: the environment's own, where the ApplySet's parent lies.
        baselines: where the answers to our own writes are kept as baselines.
        changed: objects that the plan would move; others are written only
            where the inventory shows another digest. None writes all.
        planned: what the plan's dry runs met. An object that is another one by now is not written,
            and one that moved on only if the write would still change the same.
        patience: seconds that a wave may take to become healthy, a hook to end, a delete to be done.
        adopt: the tools whose objects may be taken over.
        rules: how the configuration wants the health of kinds judged.

    Raises:
        Refused: the warrant does not allow it (stage `apply`); nothing was written.
        Unreachable: the server does not answer.
    """
    parent, owned = await read_parent(cluster, warrant.environment, namespace), Inventory.of(inventory)
    logged = logged_sequence(recorder, warrant.environment)
    admitted = admit(
        warrant,
        leaves,
        manifests,
        inventory=owned,
        cluster=await cluster.uid(),
        parent=parent,
        logged=logged,
        namespace=namespace,
        now=now(),
    )
    home = parent_key(warrant.environment, namespace)
    ordered = schedule(admitted, owned.by_key)
    async with GroupCommit(recorder) as group:
        work = Work(
            cluster,
            Ledger(recorder, group, warrant.environment, warrant.sequence, ordered.turns),
            Baselines(applyset_id(home), cluster, baselines),
            owned.by_key,
            Attempts(recorder, warrant.environment, any_=logged > 0),
            changed,
            planned,
            patience,
            earlier(adopt),
            rules_of(rules),
        )
        try:
            run = _Run(work, admitted, ordered, owned, _ParentWriter(work, warrant, home, parent))
            objects = await run.all()
        finally:
            with suppress(StoreError):  # a cache, see `applying.write`
                work.baselines.keep()
        applied = Applied(
            warrant.environment, warrant.sequence, tuple(sorted(objects, key=lambda item: item.key))
        )
        await work.ledger.completed(complete=applied.complete, held=applied.held)
    with suppress(GitwarrantError):  # a cache, see `applying.write`
        await work.baselines.settle()
    return applied


async def highest_sequence(cluster: Cluster, environment: str, namespace: str) -> int:
    """The highest sequence applied to this cluster, as the ApplySet's parent keeps it; 0 for none."""
    return (await read_parent(cluster, environment, namespace)).sequence


@dataclass(slots=True)
class _ParentWriter:
    """Writes the ApplySet's parent before the first member and after the last."""

    work: Work
    warrant: Warrant
    key: ObjectKey
    seen: Parent
    opened: bool = False

    async def open(self, members: Iterable[ObjectKey]) -> None:
        """Write it once before all members, but for the namespace that it lies in."""
        if not self.opened:
            await self.write(members, widen=True)
            self.opened = True

    async def write(self, members: Iterable[ObjectKey], *, widen: bool) -> None:
        """Write it, kinds of earlier members kept while they may still be there (`widen`)."""
        earlier = (
            self.seen if widen else Parent(uid=self.seen.uid, resource_version=self.seen.resource_version)
        )
        content = parent_content(
            self.key, self.warrant.sequence, digest(self.warrant), sorted(members), earlier
        )
        audit_id = await self.work.ledger.intend_parent(self.key, digest(content))
        try:
            written = await self.work.cluster.apply(self.key, "v1", content, force=True, audit_id=audit_id)
        except Conflict as error:
            raise Refused(
                f"{self.key} changed while we applied: somebody else applies this environment",
                stage="apply",
                remedy="let one applier finish, then run again",
            ) from error
        self.seen = Parent(
            self.warrant.sequence,
            digest(self.warrant),
            written.uid,
            written.resource_version,
            self.seen.group_kinds,
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """All steps of one apply."""

    work: Work
    admitted: Admitted
    ordered: Schedule
    owned: Inventory
    parent: _ParentWriter

    async def all(self) -> list[AppliedObject]:
        """Take the steps in their order; what each leaf came to."""
        objects: list[AppliedObject] = []
        manifests = {leaf.key: manifest for leaf, manifest in self.admitted.applies.items()}
        standing = self.admitted.standing.places
        members = standing.keys() | {leaf.key for leaf in self.admitted.deletes}
        gate = Gate(self.work, self.parent.key.namespace, self._standing(), manifests)
        for step in self.ordered.steps:
            reason = await gate.closed(step) if any(map(self._is_due, step.leaves)) else ""
            for leaves in in_order(step.leaves, deletes=step.deletes):
                # The parent comes before all members, but for the namespace that it lies in.
                first = (leaves[0].group, leaves[0].kind) == NAMESPACE and not step.deletes
                if not first and not gate.homeless:
                    await self.parent.open(members)
                calls = [partial(self._one, leaf, reason or gate.needs(leaf)) for leaf in leaves]
                results = await bounded(IN_HAND * self.work.cluster.concurrency, calls)
                gate.note(step, results)
                objects += results
        if gate.homeless:
            return objects
        await self.parent.open(members)
        if not any(item.undone for item in objects) and await _lies(self.work.cluster, self.parent):
            await self.parent.write(standing, widen=False)
        return objects

    async def _one(self, leaf: Leaf, reason: str) -> AppliedObject:
        """Do what one leaf says, unless something before it failed."""
        if not self._is_due(leaf):
            entry = self.work.owned.get(leaf.key)
            return unchanged(leaf, entry.uid if entry else "")
        if reason:
            return held(leaf, reason)
        if leaf not in self.admitted.applies:
            return await remove(self.work, leaf)
        manifest, hook = self.admitted.applies[leaf], self.ordered.hooks.get(leaf.key)
        return await (run(self.work, leaf, manifest, hook) if hook else write(self.work, leaf, manifest))

    def _is_due(self, leaf: Leaf) -> bool:
        """Whether a leaf asks for a write, as far as the inventory knows."""
        if leaf.key in self.ordered.hooks and leaf in self.admitted.applies:
            return leaf.operation == Operation.RECREATE.value
        return leaf not in self.admitted.applies or not self.work.is_as_wanted(leaf)

    def _standing(self) -> tuple[Standing, ...]:
        """What stands afterwards and is no hook, with its turn, as far as any step has to wait for it."""
        turns, hooks = self.ordered.turns, self.ordered.hooks
        given = [
            Standing(leaf.key, leaf.version, turns[leaf.key])
            for leaf in self.admitted.applies
            if leaf.key not in hooks
        ]
        later = any(step.turn > USUAL for step in self.ordered.steps)
        others = self.owned.by_key if later else self.owned.unusual
        return (*given, *(_as_applied(entry) for key, entry in others.items() if self._stays(key, entry)))

    def _stays(self, key: ObjectKey, entry: InventoryEntry) -> bool:
        """Whether an object stands as it was applied, and was not handed over: hooks that ran are no wait."""
        stands = key in self.admitted.standing.by_key and key not in self.ordered.turns
        return stands and entry.turn.phase in (Phase.FOUNDATION, Phase.SYNC)


def _as_applied(entry: InventoryEntry) -> Standing:
    return Standing(entry.key, entry.version, entry.turn)


async def _lies(cluster: Cluster, parent: _ParentWriter) -> bool:
    """Whether the parent is still there: the change may have deleted the namespace it lies in."""
    live = await cluster.get(parent.key, "v1")
    return live is not None and "deletionTimestamp" not in live["metadata"]
