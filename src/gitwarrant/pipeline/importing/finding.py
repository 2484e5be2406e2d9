"""Where the objects of another tool are: in the repository, and in the cluster that it deploys to."""

from collections.abc import Iterator, Sequence

from gitwarrant.cluster.client import Cluster
from gitwarrant.git.reading import Repository
from gitwarrant.git.standing import Standing, open_file, standing
from gitwarrant.model.change import CommitId, File
from gitwarrant.model.errors import Refused
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.pipeline.importing.imported import Seen
from gitwarrant.render.plain import is_manifest_file, read_manifests

Kinds = Sequence[tuple[str, str]]
"""(kind, group)"""


def in_repository(repository: Repository, commit: CommitId, kinds: Kinds) -> Iterator[Seen]:
    """The objects of these kinds in the files of a commit. A file that cannot be read declares none."""
    groups = {group.encode() for _, group in kinds}
    top = repository.objects.commit(commit)[1].tree
    for found in standing(repository.objects, top):
        if not isinstance(found, Standing) or not is_manifest_file(found.path):
            continue
        file = open_file(repository.objects, found)
        if isinstance(file, File) and any(group in file.data for group in groups):
            yield from _declared(file, kinds)


def _declared(file: File, kinds: Kinds) -> Iterator[Seen]:
    try:
        manifests = tuple(read_manifests(file))
    except Refused:
        return
    for item in manifests:
        if (item.key.kind, item.key.group) in kinds:
            yield Seen(item.key, item.content, item.place)


async def in_cluster(cluster: Cluster, kinds: Kinds) -> list[Seen]:
    """The objects of these kinds in all namespaces; none where the cluster does not know a kind.

    Raises:
        ClusterError: we may not list them.
        Unreachable: the server does not answer.
    """
    found: list[Seen] = []
    # The server names the version that it prefers first.
    versions = {(one.group, one.kind): one.version for one in reversed(await cluster.served())}
    for kind, group in kinds:
        version = versions.get((group, kind))
        if version is None:
            continue
        async for item in cluster.list(group, version, kind):
            metadata = item["metadata"]
            key = ObjectKey(group, kind, metadata.get("namespace", ""), metadata["name"])
            content = {"apiVersion": f"{group}/{version}", "kind": kind, **item}
            found.append(Seen(key, content, None))
    return found


def together(declared: Sequence[Seen], living: Sequence[Seen]) -> list[Seen]:
    """Each object once: as it lives, with the place where it is declared."""
    places = {one.key: one.place for one in declared}
    alive = {one.key for one in living}
    return [
        *(Seen(one.key, one.content, places.get(one.key)) for one in living),
        *(one for one in declared if one.key not in alive),
    ]
