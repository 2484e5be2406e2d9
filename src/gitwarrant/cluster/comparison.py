"""Whether two clusters hold the same objects, in every field but those that each cluster decides for itself.

A live object is its baseline and what differs from it. So two are the same where
a clean create gives the same in both clusters, and where both differ from it in
the same way, less what is exempt: values that a server picks, what controllers
and autoscalers write, what the environment ignores. Nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gitwarrant.cluster.applyset import applyset_id, parent_key
from gitwarrant.cluster.autoscalers import Autoscalers
from gitwarrant.cluster.baseline import Baselines, MemoryBaselines
from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.cluster.drift import Terms, judge, scaled
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.refusal import ClusterError, ServerTrouble
from gitwarrant.model.comparison import ComparedObject, Likeness
from gitwarrant.model.manifest import Content, Manifest, ObjectKey, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import compare, hide_secrets
from gitwarrant.objects.turns import is_hook

Live = Mapping[str, Any]


async def compare_clusters(
    environment: str,
    manifests: Sequence[Manifest],
    one: Cluster,
    other: Cluster,
    *,
    namespace: str,
    ignoring: Ignoring,
) -> tuple[ComparedObject, ...]:
    """Compare every declared object in two clusters.

    Args:
        namespace: the environment's own, where the ApplySet's parent lies.
        ignoring: the differences that the configuration lets be.

    Raises:
        Unreachable: a server does not answer; nothing is said about any object then.
    """
    manifests = [item for item in manifests if not is_hook(item.content)]  # they run, and need not stand
    identifier = applyset_id(parent_key(environment, namespace))
    sides = [await _side(cluster, manifests, identifier, ignoring) for cluster in (one, other)]
    calls = [
        partial(_compared, manifest, *sides) for manifest in sorted(manifests, key=lambda item: item.key)
    ]
    return tuple(await bounded(min(one.concurrency, other.concurrency), calls))


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two clusters, with the live objects that the manifests declare."""

    live: Mapping[ObjectKey, Live | None]
    baselines: Baselines
    autoscalers: Autoscalers
    ignoring: Ignoring

    async def look(self, manifest: Manifest, live: Live) -> tuple[Content, tuple[FieldDifference, ...]]:
        """The baseline of an object here, and how it differs from that."""
        truth = await self.baselines.of(manifest)
        uid = live["metadata"]["uid"]
        terms = Terms(manifest.key, uid, truth, truth, ignoring=self.ignoring)
        judged = judge(terms, live)
        if scaled(judged.differences) and await self.autoscalers.explain(manifest.key, live):
            judged = judge(Terms(manifest.key, uid, truth, truth, None, True, self.ignoring), live)
        return truth, judged.differences


async def _side(
    cluster: Cluster, manifests: Sequence[Manifest], identifier: str, ignoring: Ignoring
) -> _Side:
    found = await bounded(cluster.concurrency, [partial(_read, cluster, item) for item in manifests])
    live = {manifest.key: item for manifest, item in zip(manifests, found, strict=True)}
    uids = frozenset(str(item["metadata"]["uid"]) for item in found if item is not None)
    baselines = Baselines(identifier, cluster, MemoryBaselines())
    return _Side(live, baselines, Autoscalers(cluster, uids), ignoring)


async def _read(cluster: Cluster, manifest: Manifest) -> Live | None:
    try:
        return await cluster.get(manifest.key, manifest.version)
    except KindUnknown:
        return None


async def _compared(manifest: Manifest, one: _Side, other: _Side) -> ComparedObject:
    key, here, there = manifest.key, one.live[manifest.key], other.live[manifest.key]
    if here is None or there is None:
        where = "both" if here is there else "the first" if here is None else "the other"
        return ComparedObject(key, Likeness.MISSING, note=f"it is missing in {where}")
    try:
        truth, drift = await one.look(manifest, here)
        second_truth, second_drift = await other.look(manifest, there)
    except (ClusterError, ServerTrouble) as error:
        return ComparedObject(key, Likeness.UNJUDGED, note=error.what)
    differences = (*compare(truth, second_truth), *_unlike(drift, second_drift))
    return ComparedObject(
        key,
        Likeness.DIFFERENT if differences else Likeness.SAME,
        hide_secrets(differences, key.kind),
        hide_secrets(drift, key.kind),
        hide_secrets(second_drift, key.kind),
    )


def _unlike(
    drift: Sequence[FieldDifference], other: Sequence[FieldDifference]
) -> tuple[FieldDifference, ...]:
    """Where two clusters left the same baseline in different ways: the one's value, then the other's."""
    here, there = ({item.pointer: item for item in found} for found in (drift, other))
    found: dict[Pointer, FieldDifference] = {}
    for pointer, item in here.items():
        against = there.get(pointer)
        after = against.after if against else item.before
        if item.after != after:
            found[pointer] = FieldDifference(pointer, item.after, after)
    for pointer, item in there.items():
        if pointer not in here:
            found[pointer] = FieldDifference(pointer, item.before, item.after)
    return tuple(found.values())
