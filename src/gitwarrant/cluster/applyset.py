"""The inventory's public face: labels and a parent object after KEP-3659.

The log is the authority. The labels show people what belongs together, and
the parent keeps the highest sequence where a restored log cannot rewind it.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitwarrant import __version__
from gitwarrant.cluster.refusal import ClusterError
from gitwarrant.model.canonical import Digest
from gitwarrant.model.manifest import Content, ObjectKey

if TYPE_CHECKING:  # who only names things needs no client
    from gitwarrant.cluster.client import Cluster

PART_OF = "applyset.kubernetes.io/part-of"
ID = "applyset.kubernetes.io/id"
TOOLING = "applyset.kubernetes.io/tooling"
GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
SEQUENCE = "gitwarrant/sequence"
WARRANT = "gitwarrant/warrant"


@dataclass(frozen=True, slots=True)
class Parent:
    """What the parent object says; sequence 0 and empty texts where there is none yet."""

    sequence: int = 0
    warrant: str = ""
    uid: str = ""
    resource_version: str = ""
    group_kinds: frozenset[str] = frozenset()


def parent_key(environment: str, namespace: str) -> ObjectKey:
    """The parent of an environment: a ConfigMap in the environment's namespace."""
    return ObjectKey("", "ConfigMap", namespace, f"gitwarrant-{environment}")


def applyset_id(key: ObjectKey) -> str:
    """The id that members carry as label.

    Source: KEP-3659, "ApplySet ID": SHA-256 of `name.namespace.kind.group`, base64url without padding.
    """
    hashed = hashlib.sha256(f"{key.name}.{key.namespace}.{key.kind}.{key.group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(hashed).decode().rstrip('=')}-v1"


def as_member(content: Content, identifier: str) -> dict[str, Any]:
    """The object as it is applied: the warranted content and our label."""
    metadata = dict(content.get("metadata", {}))
    metadata["labels"] = {**(metadata.get("labels") or {}), PART_OF: identifier}
    return {**content, "metadata": metadata}


def labelled(live: Mapping[str, Any], identifier: str) -> bool:
    """Whether a live object carries our label."""
    labels = live.get("metadata", {}).get("labels") or {}
    return bool(labels.get(PART_OF) == identifier)


async def read_parent(cluster: "Cluster", environment: str, namespace: str) -> Parent:
    """Read the parent object.

    Raises:
        ClusterError: its sequence was tampered with, so nothing can be said about what was applied.
    """
    live = await cluster.get(parent_key(environment, namespace), "v1")
    if live is None:
        return Parent()
    metadata = live["metadata"]
    annotations = metadata.get("annotations") or {}
    sequence = annotations.get(SEQUENCE, "")
    if not (sequence.isascii() and sequence.isdigit() and len(sequence) < 19):
        raise ClusterError(
            f"ConfigMap {namespace}/{metadata['name']} keeps no readable sequence: {sequence!r}",
            remedy=f"find out who changed its annotation {SEQUENCE}, put it right from the log",
        )
    kinds = frozenset(filter(None, annotations.get(GROUP_KINDS, "").split(",")))
    return Parent(
        int(sequence),
        annotations.get(WARRANT, ""),
        metadata["uid"],
        metadata["resourceVersion"],
        kinds,
    )


def parent_content(
    key: ObjectKey, sequence: int, warrant: Digest, members: Iterable[ObjectKey], earlier: Parent
) -> dict[str, Any]:
    """The parent as it is applied; an existing one is replaced only as it was read."""
    members = tuple(members)
    kinds = {member.typed for member in members}
    elsewhere = {member.namespace for member in members} - {"", key.namespace}
    preconditions = {"uid": earlier.uid, "resourceVersion": earlier.resource_version} if earlier.uid else {}
    return {
        "apiVersion": "v1",
        "kind": key.kind,
        "metadata": {
            "name": key.name,
            "namespace": key.namespace,
            "labels": {ID: applyset_id(key)},
            "annotations": {
                TOOLING: f"gitwarrant/v{__version__}",
                GROUP_KINDS: ",".join(sorted(kinds | earlier.group_kinds)),
                NAMESPACES: ",".join(sorted(elsewhere)),
                SEQUENCE: str(sequence),
                WARRANT: warrant,
            },
            **preconditions,
        },
    }
