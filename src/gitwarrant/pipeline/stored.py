"""What only a cluster knows of what going back does not undo."""

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.stored import stored_versions
from gitwarrant.model.plan import Lasting
from gitwarrant.pipeline.question import Judgement


async def lasting_here(judgement: Judgement, cluster: Cluster) -> tuple[Lasting, ...]:
    """The versions in which objects are stored, where a way back does not have them.

    Raises:
        ClusterError: we may not ask.
        Unreachable: the API server does not answer.
    """
    return await stored_versions(cluster, judgement.rendered.manifests if judgement.rendered else ())
