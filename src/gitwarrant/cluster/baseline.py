"""The truth that drift is measured against: what a clean create of a manifest gives.

The server is asked by a dry run under a name that nobody has. The answer can
therefore hold nothing that somebody put into the live object, and it is never
read again from there.
"""

import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from gitwarrant.cluster.allocation import allocated, with_allocated, without_allocated
from gitwarrant.cluster.applyset import as_member
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.refusal import ClusterError
from gitwarrant.model.canonical import NotCanonical, dumps, loads
from gitwarrant.model.manifest import Json, Manifest, ObjectKey
from gitwarrant.objects.difference import bare

UID = "\0uid"
"""Stands in a baseline for the object's own uid (a Job's selector carries it)."""

FORM = "baseline-1"
"""Raised whenever baselines are made in another way: older ones are then made again."""

SHORT_NAME = 41  # with the suffix 52 characters: the least that any kind allows
SUFFIX_BYTES = 5
TRIES = 3
CUSTOM = "CustomResourceDefinition"


class BaselineStore(Protocol):
    """Where baselines are kept: a content cache that no less trusted role can write."""

    def get(self, key: str) -> bytes | None:
        """What was put under this key, or None."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Keep it; the same key always gets the same value."""
        ...


class MemoryBaselines:
    """Baselines of one process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """What was put under this key, or None."""
        return self._kept.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Keep it."""
        self._kept[key] = value


async def baseline(
    manifest: Manifest, identifier: str, cluster: Cluster, store: BaselineStore
) -> dict[str, Any]:
    """The object a clean create returns, less status and server metadata.

    Args:
        identifier: the ApplySet label that our apply adds.
        store: asked first; one dry run fills it.

    Raises:
        ClusterError: the server refuses such an object now, so it cannot be judged.
        Unreachable: the server does not answer.
    """
    key = await _store_key(manifest, identifier, cluster)
    kept = store.get(key)
    if kept is not None:
        try:
            return dict(loads(kept))
        except NotCanonical:  # a damaged cache is made again
            pass
    made = await probed(manifest, identifier, cluster)
    store.put(key, dumps(made))
    first = await _first_key(manifest, identifier, cluster)
    if store.get(first) is None:
        store.put(first, key.encode())
    return made


async def first_baseline(
    manifest: Manifest, identifier: str, cluster: Cluster, store: BaselineStore
) -> dict[str, Any] | None:
    """The baseline as it was made first, by whichever server and schema; None where it is not kept."""
    key = store.get(await _first_key(manifest, identifier, cluster))
    kept = store.get(key.decode()) if key else None
    try:
        return dict(loads(kept)) if kept else None
    except NotCanonical:  # a damaged cache excuses nothing
        return None


def with_uid(content: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """A baseline with the object's own uid filled in."""
    return dict(_replaced(content, {UID: uid}))


async def _store_key(manifest: Manifest, identifier: str, cluster: Cluster) -> str:
    parts = [FORM, await cluster.uid(), await cluster.server_version(), identifier, manifest.digest]
    return "/".join([*parts, await _schema(manifest.key, manifest.version, cluster)])


async def _first_key(manifest: Manifest, identifier: str, cluster: Cluster) -> str:
    return "/".join([FORM, "first", await cluster.uid(), identifier, manifest.digest])


async def _schema(key: ObjectKey, version: str, cluster: Cluster) -> str:
    """Names the schema of a custom kind, whose defaults can change without the server's version."""
    if "." not in key.group or key.group.endswith(".k8s.io"):
        return ""
    resource = await cluster.resource(key.group, version, key.kind)
    definition = ObjectKey("apiextensions.k8s.io", CUSTOM, "", f"{resource.plural}.{key.group}")
    live = await cluster.get(definition, "v1")
    return f"{live['metadata']['uid']}.{live['metadata']['generation']}" if live else ""


async def probed(manifest: Manifest, identifier: str, cluster: Cluster) -> dict[str, Any]:
    """What a clean create of the manifest gives at this moment; nothing is kept.

    Raises:
        ClusterError: the server refuses such an object now.
        Unreachable: the server does not answer.
    """
    kind, content = manifest.kind, as_member(manifest.content, identifier)
    for _ in range(TRIES):
        key, probe, back = _probe(manifest, without_allocated(kind, content))
        answer = await cluster.apply(key, manifest.version, probe, force=False, dry_run=True)
        if answer.created:  # else somebody has that name: what it holds is theirs
            named = bare(_replaced(answer.content, {**back, answer.uid: UID}))
            # What the manifest itself says of such a field is part of the truth.
            return with_allocated(kind, without_allocated(kind, named), allocated(kind, content))
    raise ClusterError(
        f"no free name to try {manifest.key} under", remedy="find out who creates objects named like ours"
    )


def _probe(
    manifest: Manifest, content: Mapping[str, Any]
) -> tuple[ObjectKey, dict[str, Any], dict[str, str]]:
    """The object under a name that nobody has, and what to turn back in the answer."""
    suffix = secrets.token_hex(SUFFIX_BYTES)
    name = manifest.key.name
    if manifest.key.kind == CUSTOM:  # its name is made of its plural and group
        plural, _, group = name.partition(".")
        probed = f"{plural}{suffix}"
        back = {f"{probed}.{group}": name, probed: plural}
        content = {
            **content,
            "spec": {**content["spec"], "names": {**content["spec"]["names"], "plural": probed}},
        }
        name = f"{probed}.{group}"
    else:
        name = f"{name}-{suffix}" if len(name) <= SHORT_NAME else name[: -2 * SUFFIX_BYTES] + suffix
        back = {name: manifest.key.name}
    key = ObjectKey(manifest.key.group, manifest.key.kind, manifest.key.namespace, name)
    return key, {**content, "metadata": {**content["metadata"], "name": name}}, back


def _replaced(value: Json, texts: Mapping[str, str]) -> Json:
    """The same value with whole texts exchanged."""
    if isinstance(value, dict):
        return {name: _replaced(item, texts) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, texts) for item in value]
    return texts.get(value, value) if isinstance(value, str) else value
