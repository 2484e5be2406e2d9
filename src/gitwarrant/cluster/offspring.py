"""What the cluster made below an environment's objects: the ReplicaSets, Jobs and Pods that they own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.cluster.health import health
from gitwarrant.cluster.health.reading import Live, mappings, number, section, status_of, text
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.refusal import ClusterError, ServerTrouble
from gitwarrant.model.live import InventoryEntry, Offspring
from gitwarrant.model.manifest import ObjectKey

KINDS = (("apps", "v1", "ReplicaSet"), ("batch", "v1", "Job"), ("", "v1", "Pod"))
DEEPEST = 4  # a CronJob's Job's Pod is two below it


Families = Mapping[str, Sequence[tuple[ObjectKey, Live]]]
"""From an owner's uid to what it owns."""


async def offspring(
    inventory: Iterable[InventoryEntry], cluster: Cluster
) -> Mapping[ObjectKey, tuple[Offspring, ...]]:
    """What is below each object of an inventory, where something is.

    Three lists for each namespace that may hold some. What may not be listed is
    left out: it explains, it decides nothing.
    """
    entries = [entry for entry in inventory if entry.key.namespace and _may_own(entry.key)]
    places = sorted({entry.key.namespace for entry in entries})
    calls = [
        lambda kind=kind, place=place: _listed(cluster, kind, place) for place in places for kind in KINDS
    ]
    families: defaultdict[str, list[tuple[ObjectKey, Live]]] = defaultdict(list)
    for found in await bounded(cluster.concurrency, calls):
        for key, live in found:
            for owner in mappings(section(live, "metadata"), "ownerReferences"):
                families[text(owner, "uid")].append((key, live))
    return {entry.key: _below(entry.uid, families, DEEPEST) for entry in entries if entry.uid in families}


def _may_own(key: ObjectKey) -> bool:
    """Whether Pods may come of it: workloads do, and what operators look after."""
    return key.group in ("apps", "batch") or "." in key.group


async def _listed(cluster: Cluster, kind: tuple[str, str, str], place: str) -> list[tuple[ObjectKey, Any]]:
    group, _, name = kind
    try:
        return [
            (ObjectKey(group, name, place, text(section(item, "metadata"), "name")), item)
            async for item in cluster.list(*kind, place)
        ]
    except (KindUnknown, ClusterError, ServerTrouble):
        return []


def _below(uid: str, families: Families, depth: int) -> tuple[Offspring, ...]:
    if not depth:
        return ()
    children = sorted((item for item in families.get(uid, ()) if not _over(*item)), key=lambda item: item[0])
    return tuple(
        Offspring(health(key, live), _below(text(section(live, "metadata"), "uid"), families, depth - 1))
        for key, live in children
    )


def _over(key: ObjectKey, live: Live) -> bool:
    """A ReplicaSet of an earlier version, kept only to go back to."""
    if key.kind != "ReplicaSet":
        return False
    return number(section(live, "spec"), "replicas", 1) == 0 == number(status_of(live), "replicas")
