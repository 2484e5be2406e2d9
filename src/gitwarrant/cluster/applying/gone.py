"""Deleting an object whose name is needed, and waiting until it is gone."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from gitwarrant.cluster.applying.work import Work, why
from gitwarrant.cluster.refusal import ClusterError, Conflict, ServerTrouble
from gitwarrant.model.plan import Leaf

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds between two looks: doubled each time, up to the longest."""
PROPAGATION = frozenset({"foregroundDeletion", "orphan"})
"""Finalizers of Kubernetes itself: they only say that others go first."""


async def deleted(work: Work, leaf: Leaf, uid: str, audit_id: str) -> str:
    """Delete the object of that uid with all that it owns; why it is not gone then, else empty."""
    try:
        await work.cluster.delete(
            leaf.key, leaf.version, uid=uid, audit_id=audit_id, propagation="Foreground"
        )
        return await until_gone(work, leaf, uid)
    except Conflict:
        return f"somebody else made it again since (uid {uid} is gone): it was not deleted"
    except (ClusterError, ServerTrouble) as error:
        return why(error)


async def until_gone(work: Work, leaf: Leaf, uid: str) -> str:
    """Wait until no object of that uid is there; why it still is after our patience, else empty."""
    until, wait = time.monotonic() + work.patience, FIRST_WAIT
    while True:
        live = await work.live(leaf)
        if live is None or live["metadata"]["uid"] != uid:
            return ""
        if time.monotonic() >= until:
            return f"it is still there after {work.patience:.0f} s{waiting_for(live)}"
        await asyncio.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


def waiting_for(live: Mapping[str, Any]) -> str:
    """Which finalizers an object that is being deleted waits for, as the end of a sentence."""
    names = sorted(set(live["metadata"].get("finalizers") or ()) - PROPAGATION)
    return f", waiting for {', '.join(names)}" if names else ""
