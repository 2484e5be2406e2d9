"""Health of objects as a person would say it."""

from typing import Any

import pytest

from gitwarrant.cluster.health import health
from gitwarrant.model.live import Health, ObjectHealth
from gitwarrant.model.manifest import ObjectKey

GROUPS = {
    "CertificateSigningRequest": "certificates.k8s.io",
    "CronJob": "batch",
    "Deployment": "apps",
    "Ingress": "networking.k8s.io",
    "PodDisruptionBudget": "policy",
    "ReplicaSet": "apps",
    "ValidatingAdmissionPolicy": "admissionregistration.k8s.io",
    "VolumeAttachment": "storage.k8s.io",
    "StatefulSet": "apps",
    "DaemonSet": "apps",
    "Job": "batch",
    "CustomResourceDefinition": "apiextensions.k8s.io",
    "APIService": "apiregistration.k8s.io",
    "HorizontalPodAutoscaler": "autoscaling",
    "Widget": "example.com",
}
HEALTHY, PROGRESSING, FAILED = Health.HEALTHY, Health.PROGRESSING, Health.FAILED
SUSPENDED, UNKNOWN = Health.SUSPENDED, Health.UNKNOWN


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
TABLE: list[tuple[str, dict[str, Any], Any, Health, str]] = [
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
        SUSPENDED,
        "it is paused: changes of its Pods are not rolled out",
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
    ("Job", {"suspend": True}, {}, SUSPENDED, "it is suspended: it does not run"),
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
    ("HorizontalPodAutoscaler", {}, {"conditions": [condition("AbleToScale", "True")]}, HEALTHY, ""),
    (
        "HorizontalPodAutoscaler",
        {},
        {"conditions": [condition("ScalingActive", "True")]},
        PROGRESSING,
        "it waits for its first metrics",
    ),
    (
        "HorizontalPodAutoscaler",
        {},
        {"conditions": [condition("AbleToScale", "False", "FailedGetScale", "no such workload")]},
        FAILED,
        "no such workload",
    ),
    ("Ingress", {}, {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}, HEALTHY, ""),
    ("Ingress", {}, {"loadBalancer": {}}, PROGRESSING, "it waits for a load balancer's address"),
    ("CronJob", {"suspend": True}, {}, HEALTHY, "it is suspended"),
    (
        "CronJob",
        {},
        {"lastScheduleTime": "2026-01-02T00:00:00Z", "lastSuccessfulTime": "2026-01-01T00:00:09Z"},
        FAILED,
        "its last run succeeded at 2026-01-01T00:00:09Z; the one of 2026-01-02T00:00:00Z did not",
    ),
    ("ReplicaSet", THREE, {"observedGeneration": 2, "replicas": 3, "availableReplicas": 3}, HEALTHY, ""),
    (
        "ReplicaSet",
        THREE,
        {"observedGeneration": 2, "replicas": 4},
        PROGRESSING,
        "1 Pods too many are still ending",
    ),
    (
        "PodDisruptionBudget",
        {},
        {"observedGeneration": 2, "currentHealthy": 1, "desiredHealthy": 2},
        PROGRESSING,
        "1 of the 2 Pods that must stay are healthy",
    ),
    ("PersistentVolume", {}, {"phase": "Failed", "message": "disk on fire"}, FAILED, "disk on fire"),
    ("VolumeAttachment", {}, {"attachError": {"message": "no slot"}}, FAILED, "no slot"),
    ("VolumeAttachment", {}, {"attached": True}, HEALTHY, ""),
    ("Namespace", {}, {"phase": "Terminating"}, PROGRESSING, "it is being deleted"),
    ("Node", {}, {"conditions": [condition("Ready", "False", "", "no network")]}, FAILED, "no network"),
    (
        "Node",
        {"unschedulable": True},
        {"conditions": [condition("Ready", "True")]},
        SUSPENDED,
        "it takes no new Pods",
    ),
    (
        "CertificateSigningRequest",
        {},
        {"conditions": [condition("Denied", "True", "", "not by us")]},
        FAILED,
        "not by us",
    ),
    ("CertificateSigningRequest", {}, {}, PROGRESSING, "it waits for an approval"),
    (
        "ValidatingAdmissionPolicy",
        {},
        {
            "typeChecking": {
                "expressionWarnings": [{"fieldRef": "spec.validations[0]", "warning": "no field x"}]
            }
        },
        FAILED,
        "spec.validations[0]: no field x",
    ),
    ("ConfigMap", {}, None, HEALTHY, ""),
    ("Widget", {"suspend": True}, {}, SUSPENDED, "it is suspended: spec.suspend is true"),
    ("Widget", {}, {"phase": "Failed", "message": "no license"}, FAILED, "no license"),
    ("Widget", {}, {"phase": "RollingUpgrade"}, PROGRESSING, "its phase is RollingUpgrade"),
    ("Widget", {}, {"state": "DEPLOYED_NOT_READY"}, PROGRESSING, "its state is DEPLOYED_NOT_READY"),
    ("Widget", {}, {"phase": "Inconclusive"}, UNKNOWN, "its phase is Inconclusive"),
    ("Widget", {}, {"errorMessage": "quota used up"}, FAILED, "quota used up"),
    ("Widget", {}, {"conditions": []}, PROGRESSING, "its controller has said nothing of it yet"),
    (
        "Widget",
        {},
        {"parents": [{"conditions": [condition("Accepted", "False", "NotAllowedByListeners", "no")]}]},
        PROGRESSING,
        "no",
    ),
    ("Widget", {}, {"ready": False}, PROGRESSING, "its status.ready is false"),
    ("Widget", THREE, {"readyReplicas": 1}, PROGRESSING, "1 of 3 Pods are ready"),
    (
        "Widget",
        {},
        {"conditions": [condition("Ready", "False", "InvalidSpec", "no such region")]},
        FAILED,
        "no such region",
    ),
    (
        "Widget",
        {},
        {
            "conditions": [
                {**condition("Ready", "True"), "observedGeneration": 1},
                {**condition("Synced", "True"), "observedGeneration": 2},
            ]
        },
        PROGRESSING,
        "its controller has not judged the newest version yet",
    ),
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

    reason = "2 of 3 Pods are available; 2 of 3 Pods: container 'web': its image cannot be pulled (not found)"
    assert health(key, live, [pod, pod, {}]) == ObjectHealth(key, FAILED, reason)


def container(reason: str = "", message: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    return {"name": "web", "state": state, "ready": False, **more}


OOM = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
PODS = [
    pytest.param(
        {"containerStatuses": [container("CrashLoopBackOff", lastState=OOM, restartCount=4)]},
        FAILED,
        "container 'web': it starts and ends again and again "
        "(it was killed because it used more memory than its limit)",
        id="killed for its memory",
    ),
    pytest.param(
        {
            "containerStatuses": [
                container("CrashLoopBackOff", lastState={"terminated": {"exitCode": 2}}, restartCount=1)
            ]
        },
        FAILED,
        "container 'web': it starts and ends again and again (it ended with exit code 2)",
        id="crashing",
    ),
    pytest.param(
        {"initContainerStatuses": [container("CreateContainerConfigError", 'secret "db" not found')]},
        FAILED,
        "container 'web': its configuration cannot be made (secret \"db\" not found)",
        id="a secret is missing",
    ),
    pytest.param(
        {"containerStatuses": [container("ContainerCreating")]},
        PROGRESSING,
        "container 'web': it waits for its volumes and its network",
        id="being made",
    ),
    pytest.param(
        {"containerStatuses": [container()]},
        PROGRESSING,
        "container 'web' runs, but its readiness probe does not succeed",
        id="not ready",
    ),
    pytest.param({}, PROGRESSING, "its containers are not started yet", id="just made"),
]


@pytest.mark.parametrize(("status", "verdict", "reason"), PODS)
def test_a_pod_says_why_it_does_not_work(status: dict[str, Any], verdict: Health, reason: str) -> None:
    key = ObjectKey("", "Pod", "shop", "web-1")

    assert health(key, {"status": status}) == ObjectHealth(key, verdict, reason)


def test_a_workload_tells_what_holds_up_its_pods_together() -> None:
    """Those that are being deleted say nothing: they are on their way out."""
    key = ObjectKey("apps", "Deployment", "shop", "web")
    live = {"metadata": {"generation": 2}, "spec": THREE, "status": rolled(availableReplicas=0)}
    full = {"status": {"conditions": [condition("PodScheduled", "False", "", "0/2 nodes are available")]}}
    leaving = {"metadata": {"deletionTimestamp": "now"}, **full}

    reason = "0 of 3 Pods are available; 2 of 2 Pods: it fits on no node: 0/2 nodes are available"
    assert health(key, live, [full, full, leaving]) == ObjectHealth(key, PROGRESSING, reason)


def test_a_pod_that_a_job_tries_again_does_not_fail_the_job() -> None:
    """How often it is tried is the Job's business: its own condition says when that is over."""
    key = ObjectKey("batch", "Job", "shop", "migrate")
    ended = {"terminated": {"exitCode": 1}}
    crashed = container("CrashLoopBackOff", lastState=ended, restartCount=1)
    pod = {"spec": {"restartPolicy": "OnFailure"}, "status": {"containerStatuses": [crashed]}}

    assert health(key, {"spec": {}, "status": {}}, [pod]).health is PROGRESSING
