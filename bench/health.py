"""How many objects a second are judged healthy or not, of kinds that are known in different ways."""

import time
from collections.abc import Mapping
from typing import Any

from gitwarrant.cluster.health import health
from gitwarrant.model.manifest import ObjectKey

GOAL = 10_000
"""Verdicts a second: an environment of ten thousand objects is judged in one."""

STATUS: Mapping[str, Any] = {
    "observedGeneration": 3,
    "replicas": 3,
    "updatedReplicas": 3,
    "readyReplicas": 3,
    "availableReplicas": 3,
    "conditions": [
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ],
}
LIVE: Mapping[str, Any] = {"metadata": {"generation": 3}, "spec": {"replicas": 3}, "status": STATUS}
KINDS: Mapping[str, tuple[str, str]] = {
    "built in": ("apps", "Deployment"),
    "by conventions": ("example.com", "Widget"),
    "by a CEL rule": ("argoproj.io", "Rollout"),
}


def measure(group: str, kind: str, rounds: int) -> float:
    """Verdicts a second of one kind."""
    key = ObjectKey(group, kind, "shop", "web")
    health(key, LIVE)  # what is read and compiled once
    begun = time.process_time()
    for _ in range(rounds):
        health(key, LIVE)
    return rounds / (time.process_time() - begun)
