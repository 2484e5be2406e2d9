"""In which order kinds are written, as data: what others stand on comes first, and is deleted last."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from gitwarrant.model.plan import Leaf

T = TypeVar("T")

RANKS: tuple[frozenset[str], ...] = (
    frozenset({"Namespace"}),
    frozenset({"CustomResourceDefinition.apiextensions.k8s.io"}),
    frozenset(
        {
            "ClusterRole.rbac.authorization.k8s.io",
            "ConfigMap",
            "IngressClass.networking.k8s.io",
            "LimitRange",
            "NetworkPolicy.networking.k8s.io",
            "PersistentVolume",
            "PodDisruptionBudget.policy",
            "PriorityClass.scheduling.k8s.io",
            "ResourceQuota",
            "Role.rbac.authorization.k8s.io",
            "RuntimeClass.node.k8s.io",
            "Secret",
            "ServiceAccount",
            "StorageClass.storage.k8s.io",
        }
    ),
    frozenset(
        {
            "ClusterRoleBinding.rbac.authorization.k8s.io",
            "PersistentVolumeClaim",
            "RoleBinding.rbac.authorization.k8s.io",
            "Service",
        }
    ),
)
# These judge or answer requests for others: while they start, they would stop the rest.
LAST = frozenset(
    {
        "APIService.apiregistration.k8s.io",
        "MutatingWebhookConfiguration.admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
    }
)


def rank(group: str, kind: str) -> int:
    """The place of a kind in the order of writing, from 0; kinds of one rank are written together."""
    named = f"{kind}.{group}" if group else kind
    if named in LAST:
        return len(RANKS) + 1
    return next((place for place, kinds in enumerate(RANKS) if named in kinds), len(RANKS))


def in_order(leaves: Iterable[Leaf], *, deletes: bool = False) -> Iterator[tuple[Leaf, ...]]:
    """Group leaves by rank: lowest first, to be deleted highest first."""

    def place(leaf: Leaf) -> int:
        return rank(leaf.group, leaf.kind)

    for _, together in groupby(sorted(leaves, key=place, reverse=deletes), key=place):
        yield tuple(together)


async def bounded(limit: int, calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Run calls, at most `limit` at a time; results in the order of the calls.

    A call is made only when its turn has come, so that its record is written
    just before its request. The first error stops all and is raised.
    """
    results: dict[int, T] = {}
    waiting = iter(enumerate(calls))

    async def work() -> None:
        for index, call in waiting:
            results[index] = await call()

    workers = [asyncio.create_task(work()) for _ in range(min(limit, len(calls)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return [results[index] for index in range(len(calls))]
