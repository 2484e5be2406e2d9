"""Health of objects as a person would say it."""

from typing import Any

import pytest

from gitwarrant.cluster.health import health
from gitwarrant.model.live import Health, ObjectHealth
from gitwarrant.model.manifest import ObjectKey

GROUPS = {
    "Deployment": "apps",
    "StatefulSet": "apps",
    "DaemonSet": "apps",
    "Job": "batch",
    "CustomResourceDefinition": "apiextensions.k8s.io",
    "APIService": "apiregistration.k8s.io",
    "HorizontalPodAutoscaler": "autoscaling",
    "Widget": "example.com",
}
HEALTHY, PROGRESSING, FAILED = Health.HEALTHY, Health.PROGRESSING, Health.FAILED


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def rolled(**status: Any) -> dict[str, Any]:
    return {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, **status}


def stateful(**status: Any) -> dict[str, Any]:
    return {
        "observedGeneration": 2,
        "readyReplicas": 3,
        "updatedReplicas": 3,
        "currentRevision": "b",
        "updateRevision": "b",
        **status,
    }


THREE = {"replicas": 3}
TABLE = [
    ("Deployment", THREE, rolled(), HEALTHY, ""),
    ("Deployment", THREE, {}, PROGRESSING, "its controller has not seen it yet"),
    (
        "Deployment",
        THREE,
        rolled(observedGeneration=1),
        PROGRESSING,
        "its controller has not seen the newest version yet",
    ),
    ("Deployment", THREE, rolled(updatedReplicas=1), PROGRESSING, "1 of 3 Pods are updated"),
    (
        "Deployment",
        {**THREE, "paused": True},
        rolled(updatedReplicas=1),
        PROGRESSING,
        "1 of 3 Pods are updated (it is paused)",
    ),
    ("Deployment", THREE, rolled(replicas=5), PROGRESSING, "2 old Pods are still ending"),
    ("Deployment", THREE, rolled(availableReplicas=2), PROGRESSING, "2 of 3 Pods are available"),
    (
        "Deployment",
        THREE,
        rolled(updatedReplicas=1, conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded")]),
        FAILED,
        "1 of 3 Pods were updated, and none more within 600 s",
    ),
    (
        "Deployment",
        THREE,
        rolled(conditions=[condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")]),
        FAILED,
        "exceeded quota",
    ),
    ("StatefulSet", THREE, stateful(), HEALTHY, ""),
    ("StatefulSet", THREE, stateful(readyReplicas=1), PROGRESSING, "1 of 3 Pods are ready"),
    (
        "StatefulSet",
        THREE,
        stateful(currentRevision="a", updatedReplicas=1),
        PROGRESSING,
        "1 of 3 Pods are updated",
    ),
    (
        "StatefulSet",
        {**THREE, "updateStrategy": {"type": "OnDelete"}},
        stateful(currentRevision="a"),
        HEALTHY,
        "",
    ),
    (
        "StatefulSet",
        {**THREE, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
        stateful(currentRevision="a", updatedReplicas=1),
        HEALTHY,
        "",
    ),
    (
        "DaemonSet",
        {},
        {
            "observedGeneration": 2,
            "desiredNumberScheduled": 2,
            "updatedNumberScheduled": 2,
            "numberAvailable": 1,
        },
        PROGRESSING,
        "1 of 2 Pods are available",
    ),
    (
        "DaemonSet",
        {},
        {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1},
        PROGRESSING,
        "1 of 2 Pods are updated",
    ),
    ("DaemonSet", {}, {"observedGeneration": 2}, HEALTHY, ""),
    ("Job", {}, {"conditions": [condition("Complete", "True")]}, HEALTHY, ""),
    ("Job", {"completions": 4}, {"succeeded": 1}, PROGRESSING, "1 of 4 Pods have completed"),
    ("Job", {"suspend": True}, {}, PROGRESSING, "it is suspended"),
    (
        "Job",
        {"backoffLimit": 2},
        {"failed": 3, "conditions": [condition("Failed", "True", "BackoffLimitExceeded")]},
        FAILED,
        "its Pods failed 3 times, more than backoffLimit 2 allows",
    ),
    (
        "Job",
        {"activeDeadlineSeconds": 9},
        {"conditions": [condition("Failed", "True", "DeadlineExceeded")]},
        FAILED,
        "it did not end within 9 s",
    ),
    ("Pod", {}, {"phase": "Running", "conditions": [condition("Ready", "True")]}, HEALTHY, ""),
    (
        "Pod",
        {},
        {
            "phase": "Pending",
            "conditions": [condition("PodScheduled", "False", "Unschedulable", "0/2 nodes")],
        },
        PROGRESSING,
        "it fits on no node: 0/2 nodes",
    ),
    ("Pod", {}, {"phase": "Failed", "reason": "Evicted"}, FAILED, "Evicted"),
    ("PersistentVolumeClaim", {}, {"phase": "Bound"}, HEALTHY, ""),
    ("PersistentVolumeClaim", {}, {"phase": "Lost"}, FAILED, "its volume is gone"),
    ("PersistentVolumeClaim", {}, {"phase": "Pending"}, PROGRESSING, "it waits for a volume"),
    ("Service", {"type": "ClusterIP"}, {"loadBalancer": {}}, HEALTHY, ""),
    (
        "Service",
        {"type": "LoadBalancer"},
        {"loadBalancer": {}},
        PROGRESSING,
        "it waits for a load balancer's address",
    ),
    ("CustomResourceDefinition", {}, {"conditions": [condition("Established", "True")]}, HEALTHY, ""),
    (
        "CustomResourceDefinition",
        {},
        {"conditions": [condition("NamesAccepted", "False", "", "taken")]},
        FAILED,
        "taken",
    ),
    ("APIService", {}, {"conditions": [condition("Available", "True")]}, HEALTHY, ""),
    (
        "APIService",
        {},
        {"conditions": [condition("Available", "False", "", "no pods")]},
        PROGRESSING,
        "no pods",
    ),
    ("HorizontalPodAutoscaler", {}, {"conditions": [condition("ScalingActive", "True")]}, HEALTHY, ""),
    (
        "HorizontalPodAutoscaler",
        {},
        {"conditions": [condition("AbleToScale", "False", "FailedGetScale", "no such workload")]},
        FAILED,
        "no such workload",
    ),
    ("ConfigMap", {}, None, HEALTHY, ""),
    ("Widget", {}, {"conditions": [condition("Ready", "True")]}, HEALTHY, ""),
    ("Widget", {}, {"conditions": [condition("Ready", "False", "Waiting")]}, PROGRESSING, "Waiting"),
    ("Widget", {}, {"conditions": [condition("Stalled", "True", "", "bad")]}, FAILED, "bad"),
    ("Widget", {}, {"conditions": "odd"}, HEALTHY, ""),
]


@pytest.mark.parametrize(
    ("kind", "spec", "status", "verdict", "reason"), TABLE, ids=[f"{r[0]}-{r[4] or 'well'}" for r in TABLE]
)
def test_an_object_says_how_it_is(
    kind: str, spec: dict[str, Any], status: Any, verdict: Health, reason: str
) -> None:
    key = ObjectKey(GROUPS.get(kind, ""), kind, "shop", "x")
    live = {"metadata": {"generation": 2}, "spec": spec} | ({"status": status} if status is not None else {})

    assert health(key, live) == ObjectHealth(key, verdict, reason)


def test_what_is_not_there_is_missing_and_what_is_deleted_waits() -> None:
    key = ObjectKey("", "ConfigMap", "shop", "x")
    ending = {"metadata": {"deletionTimestamp": "now", "finalizers": ["a/b"]}}

    assert health(key, None) == ObjectHealth(key, Health.MISSING, "it is not in the cluster")
    assert health(key, ending) == ObjectHealth(key, PROGRESSING, "it is being deleted, waiting for a/b")


def test_the_pods_say_why_a_deployment_waits() -> None:
    """An image that cannot be pulled will not mend itself: failed, in one sentence."""
    key = ObjectKey("apps", "Deployment", "shop", "web")
    live = {"metadata": {"generation": 2}, "spec": THREE, "status": rolled(availableReplicas=2)}
    waiting = {"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}
    pod = {"status": {"containerStatuses": [waiting]}}

    reason = "2 of 3 Pods are available: container 'web': its image cannot be pulled (not found)"
    assert health(key, live, [pod, pod, {}]) == ObjectHealth(key, FAILED, reason)
