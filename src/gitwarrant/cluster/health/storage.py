"""What keeps data: PersistentVolumeClaim, PersistentVolume, VolumeAttachment."""

from gitwarrant.cluster.health.reading import (
    WELL,
    Live,
    Verdict,
    conditions,
    holds,
    said,
    section,
    status_of,
    text,
)
from gitwarrant.model.live import Health


def volume_claim(live: Live) -> Verdict:
    """A PersistentVolumeClaim."""
    told = conditions(status_of(live))
    for name in ("ControllerResizeError", "NodeResizeError", "ModifyVolumeError"):
        if holds(told, name):
            return Health.FAILED, said(told[name])
    match text(status_of(live), "phase"):
        case "Bound":
            return WELL
        case "Lost":
            return Health.FAILED, "its volume is gone"
    storage_class = text(section(live, "spec"), "storageClassName")
    return Health.PROGRESSING, "it waits for a volume" + (
        f" of class {storage_class!r}" if storage_class else ""
    )


def volume(live: Live) -> Verdict:
    """A PersistentVolume."""
    status = status_of(live)
    match text(status, "phase"):
        case "Failed":
            return Health.FAILED, text(status, "message") or "it could not be reclaimed"
        case "Available" | "Bound" | "Released":
            return WELL
    return Health.PROGRESSING, "it is not available yet"


def attachment(live: Live) -> Verdict:
    """A VolumeAttachment."""
    status = status_of(live)
    error = section(status, "attachError") or section(status, "detachError")
    if error:
        return Health.FAILED, text(error, "message") or "the volume cannot be attached"
    return WELL if status.get("attached") is True else (Health.PROGRESSING, "the volume is not attached yet")
