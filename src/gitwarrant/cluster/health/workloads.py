"""What keeps Pods running: Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController."""

from gitwarrant.cluster.health.reading import (
    NOT_SEEN,
    NOTHING,
    WELL,
    Live,
    Verdict,
    conditions,
    enough,
    holds,
    number,
    said,
    section,
    status_of,
    text,
)
from gitwarrant.model.live import Health

PROGRESS_DEADLINE = 600  # seconds, where a Deployment names none
PAUSED: Verdict = (Health.SUSPENDED, "it is paused: changes of its Pods are not rolled out")


def deployment(live: Live) -> Verdict:
    """A Deployment: every Pod is of the newest version and available, and no old one is left."""
    spec, status = section(live, "spec"), status_of(live)
    told = conditions(status)
    wanted, updated = number(spec, "replicas", 1), number(status, "updatedReplicas")
    if "observedGeneration" not in status:
        return NOT_SEEN
    if spec.get("paused") is True:
        return PAUSED
    if text(told.get("Progressing", NOTHING), "reason") == "ProgressDeadlineExceeded":
        seconds = number(spec, "progressDeadlineSeconds", PROGRESS_DEADLINE)
        return Health.FAILED, f"{updated} of {wanted} Pods were updated, and none more within {seconds} s"
    if holds(told, "ReplicaFailure"):
        return Health.FAILED, said(told["ReplicaFailure"])
    if updated < wanted:
        return enough(updated, wanted, "updated")
    old = number(status, "replicas") - updated
    if old > 0:
        return Health.PROGRESSING, f"{old} old Pods are still ending"
    return enough(number(status, "availableReplicas"), wanted, "available")


def replica_set(live: Live) -> Verdict:
    """A ReplicaSet, or a ReplicationController."""
    spec, status = section(live, "spec"), status_of(live)
    told = conditions(status)
    if "observedGeneration" not in status:
        return NOT_SEEN
    if holds(told, "ReplicaFailure"):
        return Health.FAILED, said(told["ReplicaFailure"])
    wanted = number(spec, "replicas", 1)
    if number(status, "replicas") > wanted:
        return Health.PROGRESSING, f"{number(status, 'replicas') - wanted} Pods too many are still ending"
    return enough(number(status, "availableReplicas"), wanted, "available")


def stateful_set(live: Live) -> Verdict:
    """A StatefulSet; with a partition, only the Pods from it on are to be updated."""
    spec, status = section(live, "spec"), status_of(live)
    wanted, ready = number(spec, "replicas", 1), number(status, "readyReplicas")
    strategy = section(spec, "updateStrategy")
    if "observedGeneration" not in status:
        return NOT_SEEN
    if ready < wanted:
        return enough(ready, wanted, "ready")
    if text(strategy, "type") == "OnDelete":
        return WELL
    updated = number(status, "updatedReplicas")
    partition = number(section(strategy, "rollingUpdate"), "partition")
    if partition:
        return enough(updated, max(0, wanted - partition), "updated")
    if status.get("updateRevision") != status.get("currentRevision"):
        return Health.PROGRESSING, f"{updated} of {wanted} Pods are updated"
    return WELL


def daemon_set(live: Live) -> Verdict:
    """A DaemonSet: one available Pod on each node that it is for."""
    status = status_of(live)
    wanted, updated = number(status, "desiredNumberScheduled"), number(status, "updatedNumberScheduled")
    if "observedGeneration" not in status:
        return NOT_SEEN
    if text(section(live, "spec", "updateStrategy"), "type") != "OnDelete" and updated < wanted:
        return enough(updated, wanted, "updated")
    return enough(number(status, "numberAvailable"), wanted, "available")
