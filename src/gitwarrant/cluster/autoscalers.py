"""Which workloads an autoscaler of ours scales; asked only where a number of replicas differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitwarrant.cluster.client import Cluster
from gitwarrant.model.manifest import ObjectKey

AUTOSCALER = ("autoscaling", "v2", "HorizontalPodAutoscaler")
SCALABLE = frozenset({"Deployment", "ReplicaSet", "StatefulSet"})
TO_NONE = "ScaledObject"
"""KEDA's kind: its operator scales to no replicas and back beside the autoscaler that it made."""


@dataclass(frozen=True, slots=True)
class Autoscalers:
    """The autoscalers of one look.

    An autoscaler counts where it, or its owner, is in the inventory: else
    anybody could scale our workloads by creating one.
    """

    cluster: Cluster
    ours: frozenset[str]
    """The uids of the inventory."""
    _targets: dict[str, Mapping[tuple[str, str], bool]] = field(default_factory=dict)

    def anew(self) -> "Autoscalers":
        """The same for a later look."""
        return Autoscalers(self.cluster, self.ours)

    async def explain(self, key: ObjectKey, live: Mapping[str, Any]) -> bool:
        """Whether the live number of replicas may be an autoscaler's.

        None at all is so only where the autoscaler may scale to none: with no
        replicas it is switched off, and nobody would bring the workload back.
        """
        if key.kind not in SCALABLE or key.group != "apps":
            return False
        if key.namespace not in self._targets:
            self._targets[key.namespace] = await self._read(key.namespace)
        to_none = self._targets[key.namespace].get((key.kind, key.name))
        return to_none is not None and (to_none or live["spec"].get("replicas") != 0)

    async def _read(self, namespace: str) -> Mapping[tuple[str, str], bool]:
        """What they target, by kind and name, and whether they may scale to none."""
        found = [item async for item in self.cluster.list(*AUTOSCALER, namespace) if self._is_ours(item)]
        references = [(item["spec"]["scaleTargetRef"], item) for item in found]
        return {
            (target["kind"], target["name"]): _to_none(item)
            for target, item in references
            if str(target.get("apiVersion", "")).startswith("apps/")
        }

    def _is_ours(self, item: Mapping[str, Any]) -> bool:
        uids = {reference.get("uid") for reference in _owners(item)}
        return bool(({item["metadata"].get("uid")} | uids) & self.ours)


def _to_none(item: Mapping[str, Any]) -> bool:
    return item["spec"].get("minReplicas") == 0 or any(
        reference.get("kind") == TO_NONE for reference in _owners(item)
    )


def _owners(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return item["metadata"].get("ownerReferences") or []
