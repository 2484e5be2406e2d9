"""`gitwarrant import`: find what another tool deploys, write it as environments, show that it is the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from gitwarrant.cluster.client import Cluster
from gitwarrant.git.reading import Repository
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Adoptable, Bounds, DriftMode, Environment
from gitwarrant.model.errors import GitwarrantError, Place, Refused
from gitwarrant.model.manifest import Manifest
from gitwarrant.pipeline.importing import argocd, flux
from gitwarrant.pipeline.importing.finding import in_cluster, in_repository, together
from gitwarrant.pipeline.importing.imported import Imported
from gitwarrant.pipeline.importing.parity import Compared, parity
from gitwarrant.pipeline.importing.stages import ENVIRONMENTS, Reach, namespace_of, reach
from gitwarrant.pipeline.rendering import rendering

READERS: Mapping[Adoptable, ModuleType] = {Adoptable.FLUX: flux, Adoptable.ARGOCD: argocd}


@dataclass(frozen=True, slots=True)
class Shown:
    """One environment to be: what it renders to, and how that compares with what lives."""

    imported: Imported
    manifests: tuple[Manifest, ...]
    refusal: Refused | None
    """Why it cannot be rendered."""
    reach: Reach
    compared: tuple[Compared, ...] | None
    """None: no cluster was asked, or nothing could be rendered."""


async def bring(
    tool: Adoptable,
    repository: Repository,
    commit: CommitId,
    cluster: Cluster | None,
    *,
    only: Sequence[str] = (),
    custom_kinds: frozenset[str] = frozenset(),
) -> tuple[Shown, ...]:
    """Find everything that the tool deploys, from the repository and, where given, from its cluster.

    Args:
        only: names of environments; none: all.
        custom_kinds: namespaced kinds that neither Kubernetes nor the files define.

    Raises:
        GitwarrantError: there is nothing of this tool, or no environment of such a name.
        Unreachable: the cluster does not answer.
    """
    reader = READERS[tool]
    declared = list(in_repository(repository, commit, reader.KINDS))
    living = await in_cluster(cluster, reader.KINDS) if cluster else []
    found = sorted(reader.imported(together(declared, living)), key=lambda one: one.name)
    if not found:
        kinds = " and ".join(f"{kind}.{group}" for kind, group in reader.KINDS)
        raise GitwarrantError(
            f"there is no {kinds} here",
            remedy="name the cluster in which they are: --kubeconfig FILE; or go into the right clone",
        )
    chosen = [one for one in found if one.name in only or not only]
    if missing := set(only) - {one.name for one in chosen}:
        raise GitwarrantError(
            f"nothing here is called {', '.join(sorted(missing))}",
            remedy=f"name some of: {', '.join(one.name for one in found)}",
        )
    return tuple([await _shown(one, repository, commit, cluster, custom_kinds) for one in chosen])


async def _shown(
    one: Imported,
    repository: Repository,
    commit: CommitId,
    cluster: Cluster | None,
    custom_kinds: frozenset[str],
) -> Shown:
    manifests: tuple[Manifest, ...] = ()
    refusal = None
    if one.importable:
        try:
            manifests = rendering(repository, _environment(one), custom_kinds, commit).manifests
        except Refused as refused:
            refusal = refused
    compared = await parity(one, manifests, cluster) if cluster and manifests else None
    return Shown(one, manifests, refusal, reach(manifests, namespace_of(one)), compared)


def _environment(one: Imported) -> Environment:
    """The environment as it would be, as far as rendering looks at it."""
    return Environment(
        name=one.name,
        ref="",
        path="" if one.path == "." else one.path,
        namespace=namespace_of(one),
        auto_deploy=False,
        promotion_source="",
        policies=(),
        approval_required=False,
        approvers=(),
        bounds=Bounds(),
        drift=DriftMode.REPORT,
        place=one.place or Place(ENVIRONMENTS),
    )
