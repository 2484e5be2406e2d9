"""Whether an object does what it is for, after the rules of kstatus, with reasons a person understands."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gitwarrant.model.live import Health, ObjectHealth
from gitwarrant.model.manifest import ObjectKey

Live = Mapping[str, Any]
Verdict = tuple[Health, str]

WELL: Verdict = (Health.HEALTHY, "")

# Waiting reasons that do not mend themselves, as the kubelet writes them.
STUCK: Mapping[str, str] = {
    "CrashLoopBackOff": "it starts and ends again and again",
    "CreateContainerConfigError": "its configuration cannot be made",
    "CreateContainerError": "it cannot be created",
    "ErrImageNeverPull": "its image is not on the node and must not be pulled",
    "ErrImagePull": "its image cannot be pulled",
    "ImagePullBackOff": "its image cannot be pulled",
    "InvalidImageName": "its image has no valid name",
    "RunContainerError": "it cannot be run",
}


def health(key: ObjectKey, live: Live | None, pods: Sequence[Live] = ()) -> ObjectHealth:
    """Judge one object.

    Args:
        key: which.
        live: as the server gives it; None where it is not there.
        pods: those it selects, where known: they tell why a workload waits.

    Source: sigs.k8s.io/cli-utils, `kstatus/status`.
    """
    if live is None:
        return ObjectHealth(key, Health.MISSING, "it is not in the cluster")
    verdict, reason = _generic(live) or RULES.get((key.group, key.kind), _conventions)(live)
    if verdict is not Health.HEALTHY:
        verdict, reason = _explained(verdict, reason, pods)
    return ObjectHealth(key, verdict, reason)


def _generic(live: Live) -> Verdict | None:
    metadata, status = live.get("metadata") or {}, live.get("status") or {}
    if "deletionTimestamp" in metadata:
        waits = ", ".join(metadata.get("finalizers") or ())
        return Health.PROGRESSING, "it is being deleted" + (f", waiting for {waits}" if waits else "")
    observed = status.get("observedGeneration") if isinstance(status, dict) else None
    if isinstance(observed, int) and observed < metadata.get("generation", 0):
        return Health.PROGRESSING, "its controller has not seen the newest version yet"
    return None


def _conventions(live: Live) -> Verdict:
    """Any kind: the conditions that custom resources agreed upon; without them, to exist is enough."""
    conditions = _conditions(live)
    if _is(conditions, "Stalled", "True"):
        return Health.FAILED, _said(conditions["Stalled"])
    if _is(conditions, "Reconciling", "True"):
        return Health.PROGRESSING, _said(conditions["Reconciling"])
    ready = conditions.get("Ready")
    if ready is not None and ready.get("status") != "True":
        return Health.PROGRESSING, _said(ready)
    return WELL


def _deployment(live: Live) -> Verdict:
    spec, status, conditions = live.get("spec", {}), live.get("status") or {}, _conditions(live)
    progressing = conditions.get("Progressing", {})
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if "observedGeneration" not in status:
        return Health.PROGRESSING, "its controller has not seen it yet"
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        seconds = spec.get("progressDeadlineSeconds", 600)
        return Health.FAILED, f"{updated} of {wanted} Pods were updated, and none more within {seconds} s"
    if _is(conditions, "ReplicaFailure", "True"):
        return Health.FAILED, _said(conditions["ReplicaFailure"])
    if updated < wanted:
        paused = " (it is paused)" if spec.get("paused") else ""
        return Health.PROGRESSING, f"{updated} of {wanted} Pods are updated{paused}"
    if status.get("replicas", 0) > updated:
        return Health.PROGRESSING, f"{status.get('replicas', 0) - updated} old Pods are still ending"
    return _enough(status.get("availableReplicas", 0), wanted, "available")


def _stateful_set(live: Live) -> Verdict:
    spec, status = live.get("spec", {}), live.get("status") or {}
    wanted = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    if "observedGeneration" not in status:
        return Health.PROGRESSING, "its controller has not seen it yet"
    if status.get("readyReplicas", 0) < wanted:
        return _enough(status.get("readyReplicas", 0), wanted, "ready")
    if strategy.get("type") == "OnDelete":
        return WELL
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    if partition:
        return _enough(status.get("updatedReplicas", 0), max(0, wanted - partition), "updated")
    if status.get("updateRevision") != status.get("currentRevision"):
        return Health.PROGRESSING, f"{status.get('updatedReplicas', 0)} of {wanted} Pods are updated"
    return WELL


def _daemon_set(live: Live) -> Verdict:
    status = live.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    if "observedGeneration" not in status:
        return Health.PROGRESSING, "its controller has not seen it yet"
    strategy = (live.get("spec", {}).get("updateStrategy") or {}).get("type")
    if strategy != "OnDelete" and status.get("updatedNumberScheduled", 0) < wanted:
        return Health.PROGRESSING, f"{status.get('updatedNumberScheduled', 0)} of {wanted} Pods are updated"
    return _enough(status.get("numberAvailable", 0), wanted, "available")


def _job(live: Live) -> Verdict:
    spec, status, conditions = live.get("spec", {}), live.get("status") or {}, _conditions(live)
    if _is(conditions, "Failed", "True"):
        return Health.FAILED, _job_failed(spec, status, conditions["Failed"])
    if _is(conditions, "Complete", "True"):
        return WELL
    if spec.get("suspend"):
        return Health.PROGRESSING, "it is suspended"
    succeeded, wanted = status.get("succeeded", 0), spec.get("completions") or 1
    return Health.PROGRESSING, f"{succeeded} of {wanted} Pods have completed"


def _job_failed(spec: Live, status: Live, condition: Live) -> str:
    match condition.get("reason"):
        case "BackoffLimitExceeded":
            tried = status.get("failed", 0)
            return (
                f"its Pods failed {tried} times, more than backoffLimit {spec.get('backoffLimit', 6)} allows"
            )
        case "DeadlineExceeded":
            return f"it did not end within {spec.get('activeDeadlineSeconds')} s"
    return _said(condition)


def _pod(live: Live) -> Verdict:
    status, conditions = live.get("status") or {}, _conditions(live)
    match status.get("phase"):
        case "Succeeded":
            return WELL
        case "Failed":
            return Health.FAILED, status.get("message") or status.get("reason") or "it failed"
    stuck = _stuck(live)
    if stuck:
        return Health.FAILED, stuck
    if _is(conditions, "Ready", "True"):
        return WELL
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return Health.PROGRESSING, f"it fits on no node: {_said(scheduled)}"
    return Health.PROGRESSING, "its containers are not ready"


def _volume_claim(live: Live) -> Verdict:
    match (live.get("status") or {}).get("phase"):
        case "Bound":
            return WELL
        case "Lost":
            return Health.FAILED, "its volume is gone"
    return Health.PROGRESSING, "it waits for a volume"


def _service(live: Live) -> Verdict:
    if live.get("spec", {}).get("type") != "LoadBalancer":
        return WELL
    if ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return WELL
    return Health.PROGRESSING, "it waits for a load balancer's address"


def _custom_definition(live: Live) -> Verdict:
    conditions = _conditions(live)
    if _is(conditions, "NamesAccepted", "False"):
        return Health.FAILED, _said(conditions["NamesAccepted"])
    if _is(conditions, "Established", "True"):
        return WELL
    return Health.PROGRESSING, "it is not served yet"


def _api_service(live: Live) -> Verdict:
    conditions = _conditions(live)
    if _is(conditions, "Available", "True"):
        return WELL
    return Health.PROGRESSING, _said(conditions.get("Available", {"type": "Available"}))


def _autoscaler(live: Live) -> Verdict:
    for condition in _conditions(live).values():
        if condition.get("status") == "False" and str(condition.get("reason", "")).startswith("Failed"):
            return Health.FAILED, _said(condition)
    return WELL


RULES: Mapping[tuple[str, str], Callable[[Live], Verdict]] = {
    ("", "PersistentVolumeClaim"): _volume_claim,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _custom_definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("batch", "Job"): _job,
}


def _explained(verdict: Health, reason: str, pods: Sequence[Live]) -> Verdict:
    """Add what the Pods of a waiting workload say; one that cannot mend itself makes it failed."""
    complaints = sorted({complaint for pod in pods if (complaint := _stuck(pod))})
    if not complaints:
        return verdict, reason
    return Health.FAILED, f"{reason}: {'; '.join(complaints)}"


def _stuck(pod: Live) -> str:
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in STUCK:
                told = f" ({waiting['message']})" if waiting.get("message") else ""
                return f"container {container.get('name')!r}: {STUCK[waiting['reason']]}{told}"
    return ""


def _enough(there: int, wanted: int, word: str) -> Verdict:
    return WELL if there >= wanted else (Health.PROGRESSING, f"{there} of {wanted} Pods are {word}")


def _conditions(live: Live) -> dict[str, Live]:
    status = live.get("status")
    listed = status.get("conditions") if isinstance(status, dict) else None
    if not isinstance(listed, list):
        return {}
    return {item["type"]: item for item in listed if isinstance(item, dict) and "type" in item}


def _is(conditions: Mapping[str, Live], name: str, status: str) -> bool:
    return conditions.get(name, {}).get("status") == status


def _said(condition: Live) -> str:
    return str(condition.get("message") or condition.get("reason") or f"{condition.get('type')} is not so")
