"""What decides on numbers of Pods: HorizontalPodAutoscaler, PodDisruptionBudget."""

import json
from collections.abc import Mapping

from gitwarrant.cluster.health.reading import (
    NOT_SEEN,
    WELL,
    Live,
    Verdict,
    conditions,
    holds,
    number,
    said,
    section,
    status_of,
    text,
)
from gitwarrant.model.live import Health

V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"


def autoscaler(live: Live) -> Verdict:
    """A HorizontalPodAutoscaler: it reads its metrics and can scale its target."""
    told = _conditions(live)
    for condition in told.values():
        reason = text(condition, "reason")
        if text(condition, "status") == "False" and reason.startswith(("Failed", "Invalid", "Ambiguous")):
            return Health.FAILED, said(condition)
    if text(told.get("ScalingActive", {}), "reason") == "ScalingDisabled":
        return Health.HEALTHY, "its target was scaled to zero by hand, so it does not scale"
    if holds(told, "AbleToScale"):
        return WELL
    return Health.PROGRESSING, said(
        told["AbleToScale"]
    ) if "AbleToScale" in told else "it waits for its first metrics"


def disruption_budget(live: Live) -> Verdict:
    """A PodDisruptionBudget: it is counted. That no Pod may be evicted now is its work, not a fault."""
    status = status_of(live)
    allowed = conditions(status).get("DisruptionAllowed", {})
    if text(allowed, "reason") == "SyncFailed":
        return Health.FAILED, said(allowed)
    if "observedGeneration" not in status:
        return NOT_SEEN
    return WELL if number(status, "currentHealthy") >= number(status, "desiredHealthy") else _thin(status)


def _thin(status: Live) -> Verdict:
    here, wanted = number(status, "currentHealthy"), number(status, "desiredHealthy")
    return Health.PROGRESSING, f"{here} of the {wanted} Pods that must stay are healthy"


def _conditions(live: Live) -> Mapping[str, Live]:
    """Of version 1, they stand in an annotation, as text."""
    told = conditions(status_of(live))
    written = text(section(live, "metadata", "annotations"), V1_CONDITIONS)
    if told or not written:
        return told
    try:
        return conditions({"conditions": json.loads(written)})
    except (ValueError, RecursionError):
        return {}
