"""Kubernetes objects as they were rendered, with the place they came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gitwarrant.model.canonical import Digest, dumps, sha256
from gitwarrant.model.errors import Place

Json: TypeAlias = Any
"""None, bool, int, float, str, list or dict of these: what a Kubernetes object is made of. Never changed."""

Content: TypeAlias = Mapping[str, Any]

Pointer: TypeAlias = tuple[str | int, ...]
"""The way to a field: names and list indexes, from the object's top."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """What makes an object the same object in every version. Cluster-scoped: an empty namespace."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def typed(self) -> str:
        """`Deployment.apps`, `ConfigMap`: the spelling of grants and rules."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.typed} {name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One Kubernetes object as rendered, namespace filled in.

    `place` is where the object starts; `document` counts the documents of that
    file from 0, and `pointer` leads to the object inside it (empty, or into
    the items of a List). With them a field's own line is found when needed.
    """

    key: ObjectKey
    version: str
    content: Content
    place: Place
    document: int
    pointer: Pointer

    @property
    def digest(self) -> Digest:
        """Digest of the object's canonical bytes: what a warrant's leaf names."""
        return sha256(dumps(self.content))

    @property
    def kind(self) -> str:
        """`Deployment.apps`, `ConfigMap`: the spelling of grants and rules."""
        return self.key.typed


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one file that manifests came from: findings show its lines, fixes edit it."""

    path: str
    data: bytes
