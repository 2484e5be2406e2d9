"""Whether our manifests are theirs: object by object, digest by digest, in the server's own spelling.

What the other tool declared is read back from the live objects: from managedFields where it used
server-side apply, from kubectl's annotation where it did not. Ours is what the server makes of a
dry run. So `0.5` and `500m` are the same, and no default hides a difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Any

from gitwarrant.cluster.adoption import earlier
from gitwarrant.cluster.client import MANAGER, Cluster, KindUnknown
from gitwarrant.cluster.fieldsets import declared, last_applied
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.refusal import ClusterError
from gitwarrant.model.canonical import Digest, dumps, sha256
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import compare, hide_secrets
from gitwarrant.pipeline.importing import argocd, flux
from gitwarrant.pipeline.importing.imported import Imported

MARKS: Mapping[Adoptable, frozenset[str]] = {Adoptable.FLUX: flux.MARKS, Adoptable.ARGOCD: argocd.MARKS}


class Verdict(Enum):
    """What the comparison of one object says."""

    SAME = "same"
    DIFFERS = "differs"
    ONLY_OURS = "only in the repository"
    ONLY_THEIRS = "only in the cluster"
    UNJUDGED = "could not be compared"


@dataclass(frozen=True, slots=True)
class Compared:
    """One object. `differences` lead from theirs to ours; digests are of the server's spelling of both."""

    key: ObjectKey
    verdict: Verdict
    ours: Digest | None = None
    theirs: Digest | None = None
    differences: tuple[FieldDifference, ...] = ()
    note: str = ""


async def parity(one: Imported, manifests: Sequence[Manifest], cluster: Cluster) -> tuple[Compared, ...]:
    """Compare what we render with what the other tool declared in the cluster, sorted by object.

    Raises:
        Unreachable: the server does not answer.
    """
    calls = [partial(_compared, one, manifest, cluster) for manifest in manifests]
    found = await bounded(cluster.concurrency, calls)
    ours = {manifest.key for manifest in manifests}
    left = [Compared(key, Verdict.ONLY_THEIRS) for key in one.owns if key not in ours]
    return tuple(sorted([*found, *left], key=lambda item: item.key))


async def _compared(one: Imported, manifest: Manifest, cluster: Cluster) -> Compared:
    key = manifest.key
    try:
        live = await cluster.get(key, manifest.version)
        if live is None:
            return Compared(key, Verdict.ONLY_OURS)
        theirs = await _theirs(one, manifest, live, cluster)
        ours = await _spelled(manifest.key, manifest.version, manifest.content, cluster)
    except KindUnknown:
        return Compared(key, Verdict.ONLY_OURS)
    except ClusterError as error:
        return Compared(key, Verdict.UNJUDGED, note=error.what)
    if theirs is None:
        note = f"nothing tells that {one.tool.value} declared it"
        return Compared(key, Verdict.UNJUDGED, note=note)
    return _judged(key, _unmarked(one, theirs, ours), ours)


def _judged(key: ObjectKey, theirs: Content, ours: Content) -> Compared:
    found = Compared(key, Verdict.SAME, sha256(dumps(ours)), sha256(dumps(theirs)))
    if found.ours == found.theirs:
        return found
    differences = hide_secrets(tuple(compare(theirs, ours)), key.kind)
    return replace(found, verdict=Verdict.DIFFERS, differences=differences)


async def _theirs(one: Imported, manifest: Manifest, live: Content, cluster: Cluster) -> Content | None:
    told = last_applied(live)
    by_them = declared(live, earlier([one.tool]))
    if told is not None and (by_them is None or one.tool is Adoptable.ARGOCD):
        return await _spelled(manifest.key, manifest.version, told, cluster)
    return by_them


async def _spelled(key: ObjectKey, version: str, content: Content, cluster: Cluster) -> dict[str, Any]:
    """A manifest as the server writes it, without defaults: by a dry run, and what it then calls ours."""
    written = await cluster.apply(key, version, content, force=True, dry_run=True)
    return declared(written.content, frozenset({MANAGER})) or {}


def _unmarked(one: Imported, theirs: Content, ours: Content) -> dict[str, Any]:
    """Less the labels and annotations by which the tool knows its objects, unless we declare them too."""
    metadata = dict(theirs["metadata"])
    for name in ("labels", "annotations"):
        kept, declared_here = ours["metadata"].get(name) or {}, name in ours["metadata"]
        marks = MARKS.get(one.tool, frozenset()) - kept.keys()
        left = {mark: value for mark, value in metadata.pop(name, {}).items() if mark not in marks}
        if left or declared_here:
            metadata[name] = left
    return {**theirs, "metadata": metadata}
