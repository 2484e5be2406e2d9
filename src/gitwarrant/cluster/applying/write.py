"""Writing one object: by server-side apply, and by making it again where the warrant allows that."""

from contextlib import suppress
from typing import Any

from gitwarrant.cluster.allocation import allocated, allocates
from gitwarrant.cluster.applying.adopt import take_over
from gitwarrant.cluster.applying.establish import established
from gitwarrant.cluster.applying.gone import deleted, waiting_for
from gitwarrant.cluster.applying.work import Work, why
from gitwarrant.cluster.applyset import as_member
from gitwarrant.cluster.client import Written
from gitwarrant.cluster.ledger import picked
from gitwarrant.cluster.refine import Met
from gitwarrant.cluster.refusal import ClusterError, Conflict, Invalid, ServerTrouble
from gitwarrant.model.errors import Refused
from gitwarrant.model.live import AppliedObject, Result
from gitwarrant.model.manifest import Json, Manifest
from gitwarrant.model.plan import Leaf, Operation
from gitwarrant.store.sqlite import StoreError

TRIES = 4
"""Of one write whose object moves on meanwhile: controllers write a status some times in a row."""
CHANGED = (
    "somebody changed it since it was planned, so that applying it would change something else; "
    "remedy: look at who writes to it; the next run plans it anew"
)
SOMEBODYS = (
    "somebody else created it after the plan was made: apply again, and the plan will say whose it is; "
    "what the manifest says of fields that they did not declare stands in it by now"
)


async def write(work: Work, leaf: Leaf, manifest: Manifest) -> AppliedObject:
    """Bring one object to what its leaf names, in place if the server lets it be changed there."""
    if await _has_to_be_made_again(work, leaf, manifest):
        return await _make_again(work, leaf, manifest)
    try:
        ours = leaf.key in work.owned or await work.left_behind(leaf) or await work.handed_over(leaf)
        force = ours or await take_over(work, leaf)
    except (ClusterError, ServerTrouble) as error:
        return work.ledger.done(leaf, await work.ledger.intend(leaf), Result.FAILED, message=why(error))
    met = work.planned.met.get(leaf.key) if work.planned else None
    return await _send(work, leaf, manifest, force=force, met=met)


async def create(work: Work, leaf: Leaf, manifest: Manifest, *, note: str) -> AppliedObject:
    """Write an object that is not there; one that somebody else made meanwhile is not taken by force."""
    return await _send(work, leaf, manifest, force=False, note=note)


async def _has_to_be_made_again(work: Work, leaf: Leaf, manifest: Manifest) -> bool:
    """Whether the server refuses the change of an object, and would take it as a new one.

    Both are asked by dry run, so nothing is deleted whose successor is refused.
    """
    if leaf.operation != Operation.RECREATE.value or leaf.key not in work.owned:
        return False
    content = as_member(manifest.content, work.identifier)
    with suppress(ClusterError, ServerTrouble):
        try:
            await work.cluster.apply(leaf.key, leaf.version, content, force=True, dry_run=True)
        except Invalid:
            await work.baselines.probed(manifest)
            return True
    return False


async def _make_again(work: Work, leaf: Leaf, manifest: Manifest) -> AppliedObject:
    """Delete the object that the inventory has, wait until it is gone, and create it.

    Each of both requests has its own intent. Killed in between, the next run
    finds the object going or gone, and creates it.
    """
    uid, audit_id = work.owned[leaf.key].uid, await work.ledger.intend(leaf)
    stuck = await deleted(work, leaf, uid, audit_id)
    if stuck:
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=uid, message=stuck)
    return await create(work, leaf, manifest, note="made again")


async def _send(
    work: Work, leaf: Leaf, manifest: Manifest, *, force: bool, note: str = "", met: Met | None = None
) -> AppliedObject:
    """Apply one object, and record what came of it.

    Args:
        met: what the plan's dry run met; None where nothing of it counts any more.
    """
    baseline, content = await _baseline_name(work, leaf), as_member(manifest.content, work.identifier)
    audit_id, written = await _written(work, leaf, content, met, force=force)
    if isinstance(written, str):
        return work.ledger.done(leaf, audit_id, Result.FAILED, message=written)
    if "deletionTimestamp" in written.content["metadata"]:
        message = f"it is being deleted{waiting_for(written.content)}: apply again once it is gone"
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=written.uid, message=message)
    if not (written.created or force):
        return work.ledger.done(leaf, audit_id, Result.FAILED, message=SOMEBODYS)
    work.verdicts[leaf.key] = work.health(leaf.key, written.content)
    done = work.ledger.done(
        leaf,
        audit_id,
        Result.CREATED if written.created else Result.CONFIGURED,
        uid=written.uid,
        resource_version=written.resource_version,
        message=note or _noticed(work, leaf, written),
        values=_values(work, manifest, written),
    )
    await _keep_baseline(work, baseline, manifest, written)
    return await established(work, leaf, done)


async def _written(
    work: Work, leaf: Leaf, content: dict[str, Any], met: Met | None, *, force: bool, tries: int = TRIES
) -> tuple[str, Written | str]:
    """What the server made of an object, or why it made nothing; each try under an Audit-ID of its own."""
    audit_id = await work.ledger.intend(leaf)
    try:
        return audit_id, await work.cluster.apply(
            leaf.key, leaf.version, _bound(content, met), force=force, audit_id=audit_id
        )
    except (ClusterError, ServerTrouble) as error:
        met, reason = await _moved_on(work, leaf, met, error)
        if reason or tries == 1:
            return audit_id, reason or why(error)
    return await _written(work, leaf, content, met, force=force, tries=tries - 1)


def _bound(content: dict[str, Any], met: Met | None) -> dict[str, Any]:
    """The content, for the object that was planned for alone, and in the state in which it was met."""
    if met is None or not met.uid:
        return content
    return {**content, "metadata": {**content["metadata"], **met.preconditions}}


async def _moved_on(
    work: Work, leaf: Leaf, met: Met | None, error: ClusterError | ServerTrouble
) -> tuple[Met | None, str]:
    """Meet an object anew whose write was refused because it moved on.

    Returns:
        What the next try is bound to where it would change the same, else why there is none.
    """
    if work.planned is None or met is None or not met.uid or not _is_stale(error):
        return None, why(error)
    try:
        again = await work.planned.again(leaf.key)
    except (Refused, ClusterError, ServerTrouble) as refused:
        return None, why(refused)
    if again is None or not again.same(met):
        return None, CHANGED
    return again, ""


def _is_stale(error: ClusterError | ServerTrouble) -> bool:
    """Whether the server says that the uid or the resourceVersion is another one."""
    if isinstance(error, Conflict):
        return not error.conflicts
    return isinstance(error, Invalid) and any(cause.field == "metadata.uid" for cause in error.causes)


def _noticed(work: Work, leaf: Leaf, written: Written) -> str:
    """What the write found changed behind our back."""
    entry = work.owned.get(leaf.key)
    if entry is None or written.uid == entry.uid:
        return ""
    return "it had been deleted" if written.created else "somebody else had made it again"


async def _baseline_name(work: Work, leaf: Leaf) -> str:
    """Where the answer to the write is kept; empty: the next look will ask for a baseline."""
    try:
        return await work.baselines.name(leaf.key, leaf.version, leaf.digest)
    except ClusterError:
        return ""


async def _keep_baseline(work: Work, name: str, manifest: Manifest, written: Written) -> None:
    """Make the answer to our write the baseline."""
    entry = work.owned.get(manifest.key)
    if not name:
        return
    with suppress(ClusterError, StoreError):  # it is a cache: the next look fills it, or says why not
        if written.created:
            work.baselines.created(name, manifest, written.content)
        elif entry is not None:
            await work.baselines.updated(name, manifest, entry, written.content)


def _values(work: Work, manifest: Manifest, written: Written) -> dict[str, Json]:
    """What the server picked for this object: a value that we saw before is not replaced by a later one."""
    if not allocates(manifest.kind):
        return {}
    now = allocated(manifest.kind, written.content)
    declared = allocated(manifest.kind, manifest.content)
    earlier = {} if written.created else picked(work.ledger.recorder, work.ledger.environment, manifest.key)
    return {name: earlier.get(name, value) for name, value in now.items() if name not in declared}
