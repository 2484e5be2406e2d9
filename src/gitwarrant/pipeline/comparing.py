"""Compare what an environment declares in two clusters. Reads, and asks by dry run; writes nothing."""

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.comparison import compare_clusters
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.model.comparison import Comparison
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.warranted import Manifests


async def compare_with(work: Delivery, standing: Standing, one: Cluster, other: Cluster) -> Comparison:
    """Compare all objects that the last warrant of an environment left in place.

    Raises:
        GitwarrantError: what was warranted can no longer be shown.
        Unreachable: an API server does not answer.
    """
    environment = standing.environment
    found = await compare_clusters(
        environment.name,
        Manifests(work, standing).all(),
        one,
        other,
        namespace=environment.namespace,
        ignoring=Ignoring.of(environment.ignore, work.now()),
    )
    clusters = (await one.uid(), await other.uid())
    return Comparison(environment.name, standing.warrant.warrant.commit, clusters, found)
