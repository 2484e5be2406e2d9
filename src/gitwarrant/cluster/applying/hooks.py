"""Running a hook: make its object, wait for its end, remove it as it asked for.

Killed at any point, the next run under the same warrant goes on: a hook that
runs is waited for, one that finished is not run a second time. Only where the
end was never recorded and the object is gone, it runs again.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from gitwarrant.cluster.applying.gone import deleted
from gitwarrant.cluster.applying.work import Work, unchanged, why
from gitwarrant.cluster.applying.write import create
from gitwarrant.cluster.ledger import last_result
from gitwarrant.cluster.refusal import ClusterError, Expired, ServerTrouble
from gitwarrant.model.live import AppliedObject, Health, ObjectHealth, Result
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.plan import Leaf
from gitwarrant.model.turn import Hook, Removal

STARTED = frozenset({Result.CREATED, Result.CONFIGURED})
ENDED = frozenset({Result.FINISHED, Result.DELETED})


async def run(work: Work, leaf: Leaf, manifest: Manifest, hook: Hook) -> AppliedObject:
    """Run a hook, once under each warrant."""
    before = last_result(work.ledger, leaf)
    if before is not None and before.result in ENDED:
        return unchanged(leaf, before.uid)
    live = await work.live(leaf)
    runs = before is not None and before.result in STARTED and live is not None and _uid(live) == before.uid
    started = before if runs and before is not None else await _start(work, leaf, manifest, live)
    if started.result not in STARTED:
        return started
    return await _ended(work, leaf, hook, started)


async def _start(
    work: Work, leaf: Leaf, manifest: Manifest, earlier: Mapping[str, Any] | None
) -> AppliedObject:
    """Remove what an earlier run left, and begin."""
    if earlier is not None:
        audit_id, stuck = await work.ledger.intend(leaf), "gitwarrant did not create it"
        if work.is_ours(leaf, earlier):
            stuck = await deleted(work, leaf, _uid(earlier), audit_id)
        if stuck:
            message = f"what has its name was not removed: {stuck}"
            return work.ledger.done(leaf, audit_id, Result.FAILED, message=message)
    return await create(work, leaf, manifest, note="it runs")


async def _ended(work: Work, leaf: Leaf, hook: Hook, started: AppliedObject) -> AppliedObject:
    """Wait for a hook's end, and record it."""
    seen = await _waited(work, leaf, started.uid)
    if seen.health is Health.HEALTHY:
        finished = work.ledger.done(leaf, started.audit_id, Result.FINISHED, uid=started.uid)
        return await _succeeded(work, leaf, finished) if Removal.SUCCEEDED in hook.removal else finished
    if Removal.FAILED in hook.removal and seen.health is Health.FAILED:
        await deleted(work, leaf, started.uid, await work.ledger.intend(leaf))
    message = f"the hook is {seen.health.value}: {seen.reason}"
    return work.ledger.done(leaf, started.audit_id, Result.FAILED, uid=started.uid, message=message)


async def _succeeded(work: Work, leaf: Leaf, finished: AppliedObject) -> AppliedObject:
    """Remove a hook that asked for it; that it ran stands, also where it cannot be removed."""
    stuck = await deleted(work, leaf, finished.uid, await work.ledger.intend(leaf))
    if stuck:
        return replace(finished, message=f"it could not be removed: {stuck}")
    message = "it ran to its end, and was removed"
    return work.ledger.done(leaf, finished.audit_id, Result.DELETED, uid=finished.uid, message=message)


async def _waited(work: Work, leaf: Leaf, uid: str) -> ObjectHealth:
    """How a hook ended, or how it stands after our patience.

    It is watched, not asked again and again: a Job that removes itself at its
    end is seen to end before it is gone.
    """
    seen = ObjectHealth(leaf.key, Health.PROGRESSING, "it was just begun")
    try:
        async with asyncio.timeout(work.patience):
            while seen.health is Health.PROGRESSING:
                with suppress(Expired):  # the server forgot that moment: look anew
                    seen = await _last_state(work, leaf, uid)
    except TimeoutError:
        return replace(seen, reason=f"it has not ended after {work.patience:.0f} s")
    except (ClusterError, ServerTrouble) as error:
        return replace(seen, reason=why(error))
    return seen


async def _last_state(work: Work, leaf: Leaf, uid: str) -> ObjectHealth:
    """How a hook ended, or how it stood when the server ended the watch."""
    seen = ObjectHealth(leaf.key, Health.PROGRESSING, "")
    async with aclosing(_states(work, leaf)) as states:
        async for live in states:
            seen = _verdict(work, leaf, live, uid)
            if seen.health is not Health.PROGRESSING:
                break
    return seen


async def _states(work: Work, leaf: Leaf) -> AsyncGenerator[Mapping[str, Any] | None, None]:
    """The object as it is, then after each change; None once it is gone."""
    live = await work.live(leaf)
    yield live
    if live is None:
        return
    resource = await work.cluster.resource(leaf.group, leaf.version, leaf.kind)
    since = str(live["metadata"]["resourceVersion"])
    async with work.cluster.watch(resource, leaf.namespace, since=since, name=leaf.name) as events:
        async for kind, item in events:
            if kind != "BOOKMARK":
                yield None if kind == "DELETED" else item


def _verdict(work: Work, leaf: Leaf, live: Mapping[str, Any] | None, uid: str) -> ObjectHealth:
    """Whether a hook is at its end: a Pod that is only ready still runs."""
    if live is not None and _uid(live) != uid:
        return ObjectHealth(leaf.key, Health.FAILED, "somebody made it again while it ran")
    seen = work.health(leaf.key, live)
    phase = ((live or {}).get("status") or {}).get("phase")
    if (leaf.group, leaf.kind) == ("", "Pod") and seen.health is Health.HEALTHY and phase != "Succeeded":
        return ObjectHealth(leaf.key, Health.PROGRESSING, "it runs")
    return seen


def _uid(live: Mapping[str, Any]) -> str:
    return str(live["metadata"]["uid"])
