"""What runs to an end: Job, CronJob."""

from gitwarrant.cluster.health.reading import (
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


def job(live: Live) -> Verdict:
    """A Job: healthy once it has completed."""
    spec, status = section(live, "spec"), status_of(live)
    told = conditions(status)
    for name in ("Failed", "FailureTarget"):
        if holds(told, name):
            return Health.FAILED, _failed(spec, status, told[name])
    if holds(told, "Complete"):
        return WELL
    if spec.get("suspend") is True or holds(told, "Suspended"):
        return Health.SUSPENDED, "it is suspended: it does not run"
    succeeded, wanted = number(status, "succeeded"), number(spec, "completions", 1)
    return Health.PROGRESSING, f"{succeeded} of {wanted} Pods have completed"


def cron_job(live: Live) -> Verdict:
    """A CronJob: its last Job that ended has succeeded. Suspended, it does what its manifest says."""
    spec, status = section(live, "spec"), status_of(live)
    if spec.get("suspend") is True:
        return Health.HEALTHY, "it is suspended"
    begun, succeeded = text(status, "lastScheduleTime"), text(status, "lastSuccessfulTime")
    if mappings(status, "active") or not succeeded or succeeded >= begun:  # times of one form compare as text
        return WELL
    return Health.FAILED, f"its last run succeeded at {succeeded}; the one of {begun} did not"


def _failed(spec: Live, status: Live, condition: Live) -> str:
    match text(condition, "reason"):
        case "BackoffLimitExceeded":
            tried, limit = number(status, "failed"), number(spec, "backoffLimit", 6)
            return f"its Pods failed {tried} times, more than backoffLimit {limit} allows"
        case "DeadlineExceeded":
            return f"it did not end within {spec.get('activeDeadlineSeconds')} s"
    return said(condition)
