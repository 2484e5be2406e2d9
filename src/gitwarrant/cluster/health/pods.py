"""Pods: whether one works, and what those of a workload say about why it does not."""

from collections import Counter
from collections.abc import Mapping, Sequence

from gitwarrant.cluster.health.reading import (
    NOTHING,
    WELL,
    Live,
    Verdict,
    conditions,
    holds,
    mappings,
    number,
    said,
    section,
    status_of,
    text,
)
from gitwarrant.model.live import Health

# Waiting reasons that do not mend themselves, as the kubelet writes them.
STUCK: Mapping[str, str] = {
    "CrashLoopBackOff": "it starts and ends again and again",
    "CreateContainerConfigError": "its configuration cannot be made",
    "CreateContainerError": "it cannot be created",
    "ErrImageNeverPull": "its image is not on the node and must not be pulled",
    "ErrImagePull": "its image cannot be pulled",
    "ImageInspectError": "its image cannot be inspected",
    "ImagePullBackOff": "its image cannot be pulled",
    "InvalidImageName": "its image has no valid name",
    "PostStartHookError": "its postStart hook fails",
    "PreCreateHookError": "it cannot be created",
    "RegistryUnavailable": "its registry does not answer",
    "RunContainerError": "it cannot be run",
    "StartError": "it cannot be started",
}

WAITING: Mapping[str, str] = {
    "ContainerCreating": "it waits for its volumes and its network",
    "PodInitializing": "its init containers have not ended",
}

WORDS = {**STUCK, **WAITING}

RETRIED = "CrashLoopBackOff"
"""Of a Pod that is to end, this is no verdict yet: its Job says how often it is tried."""

STATUSES = ("initContainerStatuses", "containerStatuses")

# A Pod that restarts always runs for good; the others run to an end. Argo CD's users mark those
# that only look like it.
RUNS_FOR_GOOD = "argocd.argoproj.io/ignore-restart-policy"
HOOK = "argocd.argoproj.io/hook"


def pod(live: Live) -> Verdict:
    """One Pod."""
    status, told = status_of(live), conditions(status_of(live))
    match text(status, "phase"):
        case "Succeeded":
            return WELL
        case "Failed":
            return Health.FAILED, _why_failed(status)
    complaint = stuck(live)
    if complaint:
        return Health.FAILED, complaint
    if not holds(told, "Ready"):
        return Health.PROGRESSING, not_ready(live)
    if _ends(live):
        return Health.PROGRESSING, "it runs and has not ended yet"
    return WELL


def stuck(live: Live) -> str:
    """Why a Pod will not run without help; empty: it may still."""
    for container in _containers(live):
        name = text(container, "name")
        waiting = section(container, "state", "waiting")
        reason = text(waiting, "reason")
        if reason in STUCK and not (reason == RETRIED and _ends(live)):
            return f"container {name!r}: {STUCK[reason]}{_details(container, waiting)}"
        ended = section(container, "state", "terminated")
        if number(ended, "exitCode") and not _ends(live):
            return f"container {name!r}: {_ended(ended)}"
    return ""


def not_ready(live: Live) -> str:
    """Why a Pod that is not stuck is not ready yet."""
    told = conditions(status_of(live))
    if holds(told, "PodScheduled", "False"):
        return f"it fits on no node: {said(told['PodScheduled'])}"
    if gates := mappings(section(live, "spec"), "schedulingGates"):
        return f"it must not be scheduled before {', '.join(text(gate, 'name') for gate in gates)} allows it"
    for container in _containers(live):
        name = text(container, "name")
        waiting = section(container, "state", "waiting")
        if reason := text(waiting, "reason"):
            return f"container {name!r}: {WORDS.get(reason, reason)}{_details(container, waiting)}"
    late = [text(item, "name") for item in mappings(status_of(live), "containerStatuses") if _unready(item)]
    if late:
        return f"container {late[0]!r} runs, but its readiness probe does not succeed"
    gate = next((item for item in told.values() if holds(told, text(item, "type"), "False")), NOTHING)
    return said(gate) if gate else "its containers are not started yet"


def explained(verdict: Verdict, pods: Sequence[Live]) -> Verdict:
    """Add what the Pods of a workload say; where one cannot mend itself, the workload has failed."""
    health, reason = verdict
    living = [item for item in pods if "deletionTimestamp" not in section(item, "metadata")]
    complaints = Counter(complaint for item in living if (complaint := stuck(item)))
    if complaints:
        return Health.FAILED, _joined(reason, complaints, len(living))
    waiting = Counter(not_ready(item) for item in living if pod(item)[0] is Health.PROGRESSING)
    return (health, _joined(reason, waiting, len(living))) if waiting else verdict


def _joined(reason: str, complaints: Counter[str], pods: int) -> str:
    told = (f"{count} of {pods} Pods: {complaint}" for complaint, count in sorted(complaints.items()))
    return f"{reason}; {'; '.join(told)}" if reason else "; ".join(told)


def _containers(live: Live) -> list[Live]:
    return [container for name in STATUSES for container in mappings(status_of(live), name)]


def _unready(container: Live) -> bool:
    return container.get("ready") is False and "running" in section(container, "state")


def _details(container: Live, waiting: Live) -> str:
    """How it ended last says more than that the kubelet waits before it tries again."""
    last = section(container, "lastState", "terminated")
    if last:  # without the number of restarts, or each would be a new record
        return f" ({_ended(last)})"
    message = text(waiting, "message")
    return f" ({message})" if message else ""


def _ended(terminated: Live) -> str:
    reason, message = text(terminated, "reason"), text(terminated, "message").strip()
    if reason == "OOMKilled":
        return "it was killed because it used more memory than its limit"
    word = f" ({reason})" if reason not in ("", "Error") else ""
    return f"it ended with exit code {number(terminated, 'exitCode')}{word}" + (
        f": {message}" if message else ""
    )


def _why_failed(status: Live) -> str:
    ended = [section(item, "state", "terminated") for item in mappings(status, "containerStatuses")]
    codes = [_ended(item) for item in ended if number(item, "exitCode")]
    return text(status, "message") or text(status, "reason") or "; ".join(codes) or "it failed"


def _ends(live: Live) -> bool:
    """Whether the Pod is to run to an end."""
    annotations = section(live, "metadata", "annotations")
    if annotations.get(RUNS_FOR_GOOD) == "true" and HOOK not in annotations:
        return False
    return text(section(live, "spec"), "restartPolicy") in ("Never", "OnFailure")
