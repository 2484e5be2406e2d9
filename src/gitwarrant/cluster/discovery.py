"""Which kinds a cluster serves and where: its aggregated discovery, sent again only when it changed."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from gitwarrant.cluster.refusal import ClusterError, refusal
from gitwarrant.cluster.transport import Request, Transport
from gitwarrant.cluster.wire import answer

ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
Kind = tuple[str, str, str]
"""(group, version, kind)"""
PATHS = ("/api", "/apis")


class DiscoveryStore(Protocol):
    """Where a server's last discovery is kept: a cache that no less trusted role can write."""

    def get(self, key: str) -> bytes | None:
        """What was put last under this key, or None."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Keep it."""
        ...


class MemoryDiscovery:
    """The discovery of one process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """What was put last under this key, or None."""
        return self._kept.get(key)

    def put(self, key: str, data: bytes) -> None:
        """Keep it."""
        self._kept[key] = data


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer as it is kept: the server's name of it (its ETag), and its bytes."""

    etag: str
    data: bytes

    def encode(self) -> bytes:
        return b"\n".join((self.etag.encode(), hashlib.sha256(self.data).hexdigest().encode(), self.data))

    @classmethod
    def decode(cls, kept: bytes | None) -> "_Kept":
        """What was kept; nothing where it was damaged."""
        etag, _, rest = (kept or b"").partition(b"\n")
        digest, _, data = rest.partition(b"\n")
        if hashlib.sha256(data).hexdigest().encode() != digest:
            return cls("", b"")
        return cls(etag.decode(errors="replace"), data)


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the server serves it. `plural` is its name in paths."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def api_version(self) -> str:
        """As objects spell it: `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of one object, or of all (in all namespaces) where names are left empty.

        Raises:
            ClusterError: a name would lead to another place than its own.
        """
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{segment(namespace)}" if self.namespaced and namespace else ""
        return f"{base}{within}/{self.plural}" + (f"/{segment(name)}" if name else "")


def segment(name: str) -> str:
    """Write a name so that it stays one segment of a path.

    Source: k8s.io/apimachinery, `path.IsValidPathSegmentName`.
    """
    if name in (".", "..") or "/" in name or "%" in name:
        raise ClusterError(
            f"{name!r} cannot be the name of an object",
            remedy="names have no slash and no percent sign, and are not dots alone",
        )
    return quote(name, safe="")


async def discovered(transport: Transport, store: DiscoveryStore) -> dict[Kind, "Resource"]:
    """Every kind that the server serves.

    Raises:
        ClusterError: the server is older than Kubernetes 1.30, or does not let us ask.
        Unreachable: it does not answer.
    """
    found: dict[Kind, Resource] = {}
    for path in PATHS:
        found.update(resources(answer(await _asked(transport, store, path))))
    return found


async def _asked(transport: Transport, store: DiscoveryStore, path: str) -> bytes:
    """One answer; the server is told which one we have, and sends none where that is still so."""
    key = f"{transport.connection.server}{path}"
    kept = _Kept.decode(store.get(key))
    headers = {"Accept": ACCEPT} | ({"If-None-Match": kept.etag} if kept.etag else {})
    request = Request("discover", "GET", path, "read the discovery", {}, headers)
    got = await transport.send(request)
    if got.status == 304 and kept.etag:
        return kept.data
    if got.status != 200:
        raise refusal(got.status, answer(got.data), request.subject)
    store.put(key, _Kept(got.headers.get("ETag", ""), got.data).encode())
    return got.data


def resources(found: Mapping[str, Any]) -> Iterator[tuple[Kind, Resource]]:
    """Read an `APIGroupDiscoveryList` of v2.

    Raises:
        ClusterError: the server answered something else (Kubernetes before 1.30).
    """
    if not isinstance(found, dict) or found.get("kind") != "APIGroupDiscoveryList":
        named = found.get("kind") if isinstance(found, dict) else None
        raise ClusterError(
            f"the server answered its discovery as {named!r}",
            remedy="use Kubernetes 1.30 or later",
        )
    for group in found.get("items", ()):
        for version in group.get("versions", ()):
            for item in version.get("resources", ()):
                yield from _resource(group["metadata"].get("name", ""), version["version"], item)


def _resource(group: str, version: str, item: Mapping[str, Any]) -> Iterator[tuple[Kind, Resource]]:
    kind = item.get("responseKind")
    if not kind:  # a resource that holds only subresources
        return
    resource = Resource(
        group,
        version,
        kind["kind"],
        item["resource"],
        item.get("scope") == "Namespaced",
        frozenset(item.get("verbs", ())),
    )
    yield (group, version, kind["kind"]), resource
