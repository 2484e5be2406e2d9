"""What a cluster says of its kinds, for those who compute what power they take."""

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.power.needs import Served
from gitwarrant.cluster.undeclared import holds


async def served_by(cluster: Cluster) -> Served:
    """What a cluster says of its kinds.

    Raises:
        ClusterError: it does not say.
        Unreachable: the server does not answer.
    """
    served = await cluster.served()
    plurals = {(item.group, item.kind): item.plural for item in served}
    return Served(plurals, frozenset((item.group, item.kind) for item in served if holds(item)))
