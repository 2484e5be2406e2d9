"""Waiting until a CustomResourceDefinition is served, so that its objects can follow."""

import asyncio
import time
from collections.abc import Mapping

from gitwarrant.cluster.applying.work import Work
from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.model.live import AppliedObject, Result
from gitwarrant.model.plan import Leaf

ESTABLISH_SECONDS = 30.0  # a CustomResourceDefinition is served within one or two, or something is wrong
POLL_SECONDS = 0.1
CUSTOM = ("apiextensions.k8s.io", "CustomResourceDefinition")


async def established(work: Work, leaf: Leaf, done: AppliedObject) -> AppliedObject:
    """Give a leaf as it was done, a definition only once it is served."""
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
