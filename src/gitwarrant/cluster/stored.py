"""In which versions a cluster stores custom objects: what a definition must go on to serve."""

from collections.abc import Sequence

from gitwarrant.cluster.client import Cluster
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.plan import Lasting

DEFINITION = "CustomResourceDefinition.apiextensions.k8s.io"


async def stored_versions(cluster: Cluster, then: Sequence[Manifest]) -> tuple[Lasting, ...]:
    """The definitions that a cluster holds objects of, in versions that the manifests do not have.

    Raises:
        ClusterError: we may not ask.
        Unreachable: the server does not answer.
    """
    found = []
    for manifest in then:
        live = await cluster.get(manifest.key, manifest.version) if manifest.kind == DEFINITION else None
        stored = ((live or {}).get("status") or {}).get("storedVersions") or ()
        kept = {item.get("name") for item in (manifest.content.get("spec") or {}).get("versions") or ()}
        found += [
            Lasting(manifest.key, f"objects are stored as {version}: the server does not let that version go")
            for version in stored
            if version not in kept
        ]
    return tuple(found)
