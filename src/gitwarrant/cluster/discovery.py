"""Which kinds a cluster serves and where: its aggregated discovery, read once per connection."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gitwarrant.cluster.refusal import ClusterError

ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
Kind = tuple[str, str, str]
"""(group, version, kind)"""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the server serves it. `plural` is its name in paths."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]

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


def resources(answer: Mapping[str, Any]) -> Iterator[tuple[Kind, Resource]]:
    """Read an `APIGroupDiscoveryList` of v2.

    Raises:
        ClusterError: the server answered something else (Kubernetes before 1.30).
    """
    if answer.get("kind") != "APIGroupDiscoveryList":
        raise ClusterError(
            f"the server answered its discovery as {answer.get('kind')!r}",
            remedy="use Kubernetes 1.30 or later",
        )
    for group in answer.get("items", ()):
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
