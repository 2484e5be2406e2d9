"""What commands share that reach a cluster. Imported only by them: it needs the extra 'cluster'."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Connection, from_kubeconfig, from_service_account
from gitwarrant.cluster.power.needs import Served
from gitwarrant.config.agent import Agent
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.plan import Lasting, Plan
from gitwarrant.pipeline.candidates import Standing, standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.deploy import refine_with
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.served import served_by
from gitwarrant.pipeline.stored import lasting_here
from gitwarrant.pipeline.warranting import access

if TYPE_CHECKING:
    from gitwarrant.cluster.metrics import Metrics


def reach(work: Delivery, environment: str, *, metrics: "Metrics | None" = None) -> Cluster:
    """The environment's cluster, not opened yet.

    Raises:
        GitwarrantError: the tenant has no grant, or nothing says how the cluster is reached.
    """
    connection = configured_connection(work.agent, environment)
    return Cluster(connection, discovery=work.content.shelf("discovery"), meter=metrics)


def configured_connection(configured: Agent, environment: str) -> Connection:
    """How the environment's cluster is reached. Raises as `reach` does."""
    found = access(configured, environment)
    if found.in_cluster:
        return _from_inside(found.name)
    if found.kubeconfig is None:
        raise GitwarrantError(
            f"cluster {found.name!r} has no kubeconfig, so it cannot be reached",
            remedy="add 'kubeconfig: FILE' to it in the agent's configuration",
        )
    return from_kubeconfig(found.kubeconfig, environment=os.environ, context=found.context or None)


def _from_inside(name: str) -> Connection:
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{part}") for part in ("HOST", "PORT"))
    if not host or not port:
        raise GitwarrantError(
            f"cluster {name!r} is to be reached from inside, but this is no Pod: KUBERNETES_SERVICE_HOST "
            "and KUBERNETES_SERVICE_PORT are not set",
            remedy="run it in a Pod of that cluster, or give a kubeconfig in place of 'in_cluster'",
        )
    return from_service_account(host, port)


def deployed(work: Delivery, environment: str) -> Standing:
    """What was last warranted for an environment.

    Raises:
        GitwarrantError: nothing was.
    """
    stands = standing(work, environment)
    if stands is None:
        raise GitwarrantError(
            f"nothing was deployed to {environment!r} yet",
            remedy=f"deploy it first: gitwarrant apply {environment}",
        )
    return stands


def refined(work: Delivery, judgement: Judgement) -> Plan:
    """The plan of a judgement, as the API server answers to it."""

    async def ask() -> Plan:
        environment = judgement.question.environment
        async with reach(work, environment.name) as cluster:
            return (await refine_with(work, judgement, cluster)).plan

    return asyncio.run(ask())


def lasting_in(configured: Agent, environment: str, judgement: Judgement) -> Sequence[Lasting]:
    """What the environment's cluster knows of what a way back does not undo."""

    async def ask() -> Sequence[Lasting]:
        async with Cluster(configured_connection(configured, environment)) as cluster:
            return await lasting_here(judgement, cluster)

    return asyncio.run(ask())


async def served_kinds(configured: Agent, environment: str) -> Served:
    """What the environment's cluster says of its kinds."""
    if configured.cluster_of(environment) is None:
        return Served()  # no grant: plan says so
    async with Cluster(configured_connection(configured, environment)) as cluster:
        return await served_by(cluster)
