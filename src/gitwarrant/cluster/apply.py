"""Apply exactly what a warrant allows: each write after its record, each delete by uid."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from gitwarrant.audit.group import GroupCommit
from gitwarrant.audit.recorder import Recorder
from gitwarrant.cluster.admission import Admitted, admit
from gitwarrant.cluster.allocation import allocated, allocates
from gitwarrant.cluster.applyset import (
    Parent,
    applyset_id,
    as_member,
    labelled,
    parent_content,
    parent_key,
    read_parent,
)
from gitwarrant.cluster.client import Cluster, KindUnknown, Written
from gitwarrant.cluster.ledger import Ledger, intended, logged_sequence, picked
from gitwarrant.cluster.order import bounded, waves
from gitwarrant.cluster.refusal import ClusterError, Conflict, ServerTrouble
from gitwarrant.model.canonical import digest
from gitwarrant.model.errors import Refused
from gitwarrant.model.live import Applied, AppliedObject, InventoryEntry, Result
from gitwarrant.model.manifest import Json, Manifest, ObjectKey
from gitwarrant.model.plan import Leaf, LeafList, Operation
from gitwarrant.model.warrant import Warrant

ESTABLISH_SECONDS = 30.0  # a CustomResourceDefinition is served within one or two, or something is wrong
POLL_SECONDS = 0.1
NAMESPACE = ("", "Namespace")
CUSTOM = ("apiextensions.k8s.io", "CustomResourceDefinition")


async def apply(
    warrant: Warrant,
    leaves: LeafList,
    manifests: Sequence[Manifest],
    cluster: Cluster,
    recorder: Recorder,
    *,
    now: Callable[[], datetime],
    inventory: Sequence[InventoryEntry],
    namespace: str,
    changed: frozenset[ObjectKey] | None = None,
) -> Applied:
    """Bring an environment to what its warrant names. Run again after any failure, it converges.

    An object that fails does not stop those that stand beside it; it is
    recorded and reported. Where the server cannot be reached at all, apply
    stops: what was intended is in the log, and the next run finishes it.

    Args:
        warrant: opened, its signature verified.
        leaves: all leaves of the warrant.
        manifests: one for each apply leaf.
        now: the clock that judges the warrant's end.
        inventory: what the log says the environment owns.
        namespace: the environment's own, where the ApplySet's parent lies.
        changed: objects that the plan would move; others are written only
            where the inventory shows another digest. None writes all.

    Raises:
        Refused: the warrant does not allow it (stage `apply`); nothing was written.
        Unreachable: the server does not answer.
    """
    parent = await read_parent(cluster, warrant.environment, namespace)
    admitted = admit(
        warrant,
        leaves,
        manifests,
        cluster=await cluster.uid(),
        parent=parent,
        logged=logged_sequence(recorder, warrant.environment),
        namespace=namespace,
        now=now(),
    )
    home = parent_key(warrant.environment, namespace)
    owned = {entry.key: entry for entry in inventory}
    async with GroupCommit(recorder) as group:
        work = _Work(
            cluster,
            Ledger(recorder, group, warrant.environment, warrant.sequence),
            applyset_id(home),
            owned,
            intended(recorder, warrant.environment) - owned.keys(),
        )
        objects = await _run(work, admitted, changed, _ParentWriter(work, warrant, home, parent))
        applied = Applied(
            warrant.environment, warrant.sequence, tuple(sorted(objects, key=lambda item: item.key))
        )
        await work.ledger.completed(complete=applied.complete)
    return applied


async def highest_sequence(cluster: Cluster, environment: str, namespace: str) -> int:
    """The highest sequence applied to this cluster, as the ApplySet's parent keeps it; 0 for none."""
    return (await read_parent(cluster, environment, namespace)).sequence


@dataclass(frozen=True, slots=True)
class _Work:
    cluster: Cluster
    ledger: Ledger
    identifier: str
    owned: Mapping[ObjectKey, InventoryEntry]
    attempted: frozenset[ObjectKey]
    """Intended once, but not in the inventory: ours only if the object carries our label."""


@dataclass(slots=True)
class _ParentWriter:
    """Writes the ApplySet's parent before the first member and after the last."""

    work: _Work
    warrant: Warrant
    key: ObjectKey
    seen: Parent

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


async def _run(
    work: _Work,
    admitted: Admitted,
    changed: frozenset[ObjectKey] | None,
    parent: _ParentWriter,
) -> list[AppliedObject]:
    objects: list[AppliedObject] = []
    members = {leaf.key for leaf in admitted.applies} | {leaf.key for leaf in admitted.deletes}
    opened = False
    for _, wave in waves(admitted.applies):
        # The parent comes before all members, but for the namespace that it lies in.
        if not opened and (wave[0].group, wave[0].kind) != NAMESPACE:
            await parent.write(members, widen=True)
            opened = True
        calls = [partial(_apply_leaf, work, leaf, admitted.applies[leaf], changed) for leaf in wave]
        objects += await bounded(work.cluster.concurrency, calls)
    if not opened:
        await parent.write(members, widen=True)
    for _, wave in reversed(list(waves(admitted.deletes))):
        deletes = [partial(_delete_leaf, work, leaf) for leaf in wave]
        objects += await bounded(work.cluster.concurrency, deletes)
    if all(item.result is not Result.FAILED for item in objects) and await _lies(work.cluster, parent):
        await parent.write({leaf.key for leaf in admitted.applies}, widen=False)
    return objects


async def _lies(cluster: Cluster, parent: _ParentWriter) -> bool:
    """Whether the parent is still there: the change may have deleted the namespace it lies in."""
    live = await cluster.get(parent.key, "v1")
    return live is not None and "deletionTimestamp" not in live["metadata"]


async def _apply_leaf(
    work: _Work, leaf: Leaf, manifest: Manifest, changed: frozenset[ObjectKey] | None
) -> AppliedObject:
    entry = work.owned.get(leaf.key)
    if changed is not None and leaf.key not in changed and entry and entry.digest == leaf.digest:
        return AppliedObject(
            leaf.key, leaf.version, Operation.APPLY, leaf.digest, Result.UNCHANGED, entry.uid, ""
        )
    force = entry is not None or await _left_behind(work, leaf)
    audit_id = await work.ledger.intend(leaf)
    try:
        written = await work.cluster.apply(
            leaf.key,
            leaf.version,
            as_member(manifest.content, work.identifier),
            force=force,
            audit_id=audit_id,
        )
    except (ClusterError, ServerTrouble) as error:
        return work.ledger.done(leaf, audit_id, Result.FAILED, message=_why(error))
    message = ""
    if entry is not None and written.uid != entry.uid:
        message = "it had been deleted" if written.created else "somebody else had made it again"
    result = Result.CREATED if written.created else Result.CONFIGURED
    done = work.ledger.done(
        leaf,
        audit_id,
        result,
        uid=written.uid,
        resource_version=written.resource_version,
        message=message,
        values=_values(work, manifest, written),
    )
    return await _established(work, leaf, done)


def _values(work: _Work, manifest: Manifest, written: Written) -> dict[str, Json]:
    """What the server picked for this object: a value that we saw before is not replaced by a later one."""
    if not allocates(manifest.kind):
        return {}
    now = allocated(manifest.kind, written.content)
    declared = allocated(manifest.kind, manifest.content)
    earlier = {} if written.created else picked(work.ledger.recorder, work.ledger.environment, manifest.key)
    return {name: earlier.get(name, value) for name, value in now.items() if name not in declared}


async def _left_behind(work: _Work, leaf: Leaf) -> bool:
    """Whether an apply that was killed wrote this object: its intent is logged, and our label is on it."""
    if leaf.key not in work.attempted:
        return False
    try:
        live = await work.cluster.get(leaf.key, leaf.version)
    except KindUnknown:
        return False
    return live is not None and labelled(live, work.identifier)


async def _established(work: _Work, leaf: Leaf, done: AppliedObject) -> AppliedObject:
    """Wait until a CustomResourceDefinition is served, so that its objects can follow."""
    if (leaf.group, leaf.kind) != CUSTOM:
        return done
    until = time.monotonic() + ESTABLISH_SECONDS
    while time.monotonic() < until:
        live = await work.cluster.get(leaf.key, leaf.version)
        work.cluster.forget_kinds()
        if live is not None and await _served(work.cluster, live):
            return done
        await asyncio.sleep(POLL_SECONDS)
    message = f"it was not established within {ESTABLISH_SECONDS:.0f} s"
    return work.ledger.done(leaf, done.audit_id, Result.FAILED, uid=done.uid, message=message)


async def _served(cluster: Cluster, definition: Mapping[str, object]) -> bool:
    status, spec = definition.get("status"), definition.get("spec")
    if not isinstance(status, dict) or not isinstance(spec, dict):
        return False
    conditions = {item["type"]: item["status"] for item in status.get("conditions") or ()}
    if conditions.get("Established") != "True":
        return False
    version = next((item["name"] for item in spec["versions"] if item.get("served")), None)
    if version is None:
        return True
    try:
        await cluster.resource(spec["group"], version, spec["names"]["kind"])
    except KindUnknown:
        return False
    return True


async def _delete_leaf(work: _Work, leaf: Leaf) -> AppliedObject:
    uid = work.owned[leaf.key].uid if leaf.key in work.owned else ""
    if not uid:
        try:
            live = await work.cluster.get(leaf.key, leaf.version)
        except KindUnknown:
            live = None
        if live is not None and leaf.key in work.attempted and labelled(live, work.identifier):
            uid = str(live["metadata"]["uid"])
        elif live is not None:
            audit_id = await work.ledger.intend(leaf)
            message = "it exists, but gitwarrant did not create it: it was not deleted"
            return work.ledger.done(leaf, audit_id, Result.FAILED, message=message)
        else:
            return work.ledger.done(
                leaf, await work.ledger.intend(leaf), Result.DELETED, message="it was gone already"
            )
    audit_id = await work.ledger.intend(leaf)
    try:
        found = await work.cluster.delete(leaf.key, leaf.version, uid=uid, audit_id=audit_id)
    except KindUnknown:
        found = False
    except Conflict:
        message = f"somebody else made it again since (uid {uid} is gone): it was not deleted"
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=uid, message=message)
    except (ClusterError, ServerTrouble) as error:
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=uid, message=_why(error))
    message = "" if found else "it was gone already"
    return work.ledger.done(leaf, audit_id, Result.DELETED, uid=uid, message=message)


def _why(error: ClusterError | ServerTrouble) -> str:
    return f"{error.what}; remedy: {error.remedy}"
