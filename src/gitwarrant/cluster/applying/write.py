"""Writing one object: by server-side apply, and by making it again where the warrant allows that."""

import asyncio
import time
from collections.abc import Mapping

from gitwarrant.cluster.allocation import allocated, allocates
from gitwarrant.cluster.applying.gone import deleted, waiting_for
from gitwarrant.cluster.applying.work import Work, why
from gitwarrant.cluster.applyset import as_member
from gitwarrant.cluster.baseline import probed
from gitwarrant.cluster.client import Cluster, KindUnknown, Written
from gitwarrant.cluster.health import health
from gitwarrant.cluster.ledger import picked
from gitwarrant.cluster.refusal import ClusterError, Invalid, ServerTrouble
from gitwarrant.model.live import AppliedObject, Result
from gitwarrant.model.manifest import Json, Manifest
from gitwarrant.model.plan import Leaf, Operation

ESTABLISH_SECONDS = 30.0  # a CustomResourceDefinition is served within one or two, or something is wrong
POLL_SECONDS = 0.1
CUSTOM = ("apiextensions.k8s.io", "CustomResourceDefinition")


async def write(work: Work, leaf: Leaf, manifest: Manifest) -> AppliedObject:
    """Bring one object to what its leaf names."""
    force = leaf.key in work.owned or await work.left_behind(leaf)
    audit_id = await work.ledger.intend(leaf)
    try:
        written = await _applied(work, leaf, manifest, audit_id, force=force)
    except Invalid as error:
        if await _only_the_change_is_refused(work, leaf, manifest):
            return await make_again(work, leaf, manifest)
        return work.ledger.done(leaf, audit_id, Result.FAILED, message=why(error))
    except (ClusterError, ServerTrouble) as error:
        return work.ledger.done(leaf, audit_id, Result.FAILED, message=why(error))
    if "deletionTimestamp" in written.content["metadata"]:
        message = f"it is being deleted{waiting_for(written.content)}: apply again once it is gone"
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=written.uid, message=message)
    return await _established(work, leaf, _done(work, leaf, manifest, written, audit_id))


async def make_again(work: Work, leaf: Leaf, manifest: Manifest) -> AppliedObject:
    """Delete the object that the inventory has, wait until it is gone, and create it.

    Each of both requests has its own intent. Killed in between, the next run
    finds the object going or gone, and creates it.
    """
    uid, audit_id = work.owned[leaf.key].uid, await work.ledger.intend(leaf)
    stuck = await deleted(work, leaf, uid, audit_id)
    if stuck:
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=uid, message=stuck)
    return await create(work, leaf, manifest, note="made again")


async def create(work: Work, leaf: Leaf, manifest: Manifest, *, note: str = "") -> AppliedObject:
    """Write an object that is not there; one that somebody else made meanwhile is not taken by force."""
    audit_id = await work.ledger.intend(leaf)
    try:
        written = await _applied(work, leaf, manifest, audit_id, force=False)
    except (ClusterError, ServerTrouble) as error:
        return work.ledger.done(leaf, audit_id, Result.FAILED, message=why(error))
    return await _established(work, leaf, _done(work, leaf, manifest, written, audit_id, note=note))


async def _applied(work: Work, leaf: Leaf, manifest: Manifest, audit_id: str, *, force: bool) -> Written:
    content = as_member(manifest.content, work.identifier)
    return await work.cluster.apply(leaf.key, leaf.version, content, force=force, audit_id=audit_id)


async def _only_the_change_is_refused(work: Work, leaf: Leaf, manifest: Manifest) -> bool:
    """Whether the object may be made again, and would be accepted then.

    Asked by a dry run under another name, so nothing is deleted whose successor is refused.
    """
    if leaf.operation != Operation.RECREATE.value or leaf.key not in work.owned:
        return False
    try:
        await probed(manifest, work.identifier, work.cluster)
    except (ClusterError, ServerTrouble):
        return False
    return True


def _done(
    work: Work, leaf: Leaf, manifest: Manifest, written: Written, audit_id: str, *, note: str = ""
) -> AppliedObject:
    entry, message = work.owned.get(leaf.key), note
    if not note and entry is not None and written.uid != entry.uid:
        message = "it had been deleted" if written.created else "somebody else had made it again"
    work.verdicts[leaf.key] = health(leaf.key, written.content)
    return work.ledger.done(
        leaf,
        audit_id,
        Result.CREATED if written.created else Result.CONFIGURED,
        uid=written.uid,
        resource_version=written.resource_version,
        message=message,
        values=_values(work, manifest, written),
    )


def _values(work: Work, manifest: Manifest, written: Written) -> dict[str, Json]:
    """What the server picked for this object: a value that we saw before is not replaced by a later one."""
    if not allocates(manifest.kind):
        return {}
    now = allocated(manifest.kind, written.content)
    declared = allocated(manifest.kind, manifest.content)
    earlier = {} if written.created else picked(work.ledger.recorder, work.ledger.environment, manifest.key)
    return {name: earlier.get(name, value) for name, value in now.items() if name not in declared}


async def _established(work: Work, leaf: Leaf, done: AppliedObject) -> AppliedObject:
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
