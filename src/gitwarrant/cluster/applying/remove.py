"""Deleting one object: only the one that the inventory has, by its uid."""

from gitwarrant.cluster.applying.work import Work, why
from gitwarrant.cluster.client import KindUnknown
from gitwarrant.cluster.refusal import ClusterError, Conflict, ServerTrouble
from gitwarrant.model.live import AppliedObject, Result
from gitwarrant.model.plan import Leaf

GONE = "it was gone already"


async def remove(work: Work, leaf: Leaf) -> AppliedObject:
    """Delete what a leaf names, if it is ours."""
    uid = work.owned[leaf.key].uid if leaf.key in work.owned else ""
    if not uid:
        live = await work.live(leaf)
        if live is None:
            return work.ledger.done(leaf, await work.ledger.intend(leaf), Result.DELETED, message=GONE)
        if not work.is_ours(leaf, live):
            message = "it exists, but gitwarrant did not create it: it was not deleted"
            return work.ledger.done(leaf, await work.ledger.intend(leaf), Result.FAILED, message=message)
        uid = str(live["metadata"]["uid"])
    audit_id = await work.ledger.intend(leaf)
    try:
        found = await work.cluster.delete(leaf.key, leaf.version, uid=uid, audit_id=audit_id)
    except KindUnknown:
        found = False
    except Conflict:
        message = f"somebody else made it again since (uid {uid} is gone): it was not deleted"
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=uid, message=message)
    except (ClusterError, ServerTrouble) as error:
        return work.ledger.done(leaf, audit_id, Result.FAILED, uid=uid, message=why(error))
    return work.ledger.done(leaf, audit_id, Result.DELETED, uid=uid, message="" if found else GONE)
