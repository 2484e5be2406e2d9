"""Any kind: what controllers agreed upon to say of their objects, without knowing the kind.

Every sign gives a verdict: the conditions, the fields that hold a state or an
error, the counts of Pods. The worst counts. Without any sign, to exist is enough.

Sources: the API conventions of Kubernetes on conditions; `kstatus` on
`Reconciling` and `Stalled`; the Gateway API on conditions for each parent.
"""

import re
from collections.abc import Iterator, Mapping
from math import inf

from gitwarrant.cluster.health.reading import (
    WELL,
    Live,
    Verdict,
    conditions,
    enough,
    holds,
    is_so,
    mappings,
    number,
    said,
    section,
    status_of,
    text,
)
from gitwarrant.cluster.health.words import complains, meaning
from gitwarrant.model.live import Health

# The one condition that sums up the object; the first that is there.
SUMMARIES = (
    "Ready",
    "Available",
    "Healthy",
    "Succeeded",
    "Complete",
    "Completed",
    "Established",
)
# Good when they are true, beside or instead of a summary.
GOOD_WHEN_TRUE = re.compile(
    r"(Accepted|Admitted|Applied|Configured|Deployed|Healthy|Installed|Programmed|Promoted|Reconciled|Released|ResolvedRefs|"
    r"Successful|Synced|Synchronized|UpToDate|Valid|Verified)$"
)
# Good when they are true, where nothing sums up: of some objects, only one of several such parts is used.
GOOD_PARTS = re.compile(r"[a-z](Available|Completed|Created|Initialized|Ready|Success)$")
BAD_WHEN_TRUE = re.compile(
    r"(Conflict|Conflicted|Degraded|Error|ErrorOccurred|Errors|Failed|Failing|Failure|Invalid|InvalidSpec|NotReady|"
    r"Stalled|Terminal|Unhealthy)$"
)
UNDER_WAY_WHEN_TRUE = re.compile(
    r"(Creating|Deleting|InProgress|In-progress|Installing|Issuing|Pending|Progressing|Provisioning|Reconciling|"
    r"RollingUpdate|Updating|Upgrading)$"
)
PAUSED_WHEN_TRUE = frozenset({"Paused", "Suspended", "Hibernated"})
STATE = re.compile(r"^(phase|state|status|health|compliant)$|(Phase|State|Status)$")
NOT_NOW = re.compile(r"(desired|previous|target)(?![a-z])")
FLAGS = ("ready", "readyToUse", "healthy", "available")
OF_REPLICAS = {"updatedReplicas": "updated", "readyReplicas": "ready", "availableReplicas": "available"}
OF_NODES = {"updatedNumberScheduled": "updated", "numberReady": "ready", "numberAvailable": "available"}
ERRORS = ("error", "errMsg", "errorDescription", "errorMessage", "failureMessage", "failureReason")
PAUSES = ("suspend", "suspended", "pause", "paused", "hibernate")

ENDS = re.compile(
    r"(Analysis|AnalysisRun|Backup|Build|Experiment|Hook|Import|Job|Migration|Restore|Run|Snapshot|Task|Test|Workflow)$"
)
"""Kinds that run to an end: while they are running, they have not done their work yet."""

DIGITS = 20  # of a number that an API server could count to

WORST = (
    Health.FAILED,
    Health.SUSPENDED,
    Health.UNKNOWN,
    Health.PROGRESSING,
    Health.HEALTHY,
)


def changing(live: Live) -> Verdict | None:
    """The verdict over an object of any kind that is about to become another one, or none; else None."""
    metadata = section(live, "metadata")
    if "deletionTimestamp" in metadata:
        finalizers = metadata.get("finalizers")
        waits = ", ".join(map(str, finalizers)) if isinstance(finalizers, list) else ""
        return Health.PROGRESSING, "it is being deleted" + (f", waiting for {waits}" if waits else "")
    if _seen(status_of(live)) < number(metadata, "generation"):
        return Health.PROGRESSING, "its controller has not seen the newest version yet"
    return None


def _seen(status: Live) -> float:
    """The newest version that its controller has seen; some write it as text, or a digest in its place."""
    seen = status.get("observedGeneration")
    if isinstance(seen, str):
        return int(seen) if seen.isdecimal() and seen.isascii() and len(seen) < DIGITS else inf
    return seen if isinstance(seen, int) and seen >= 0 else inf


def conventional(live: Live, *, silent: Verdict = WELL) -> Verdict:
    """The verdict over an object of any kind.

    Args:
        silent: the verdict where its controller says nothing.
    """
    if pause := _paused(live):
        return Health.SUSPENDED, f"it is suspended: {pause}"
    return min(_signs(live), key=lambda verdict: WORST.index(verdict[0]), default=silent)


def _paused(live: Live) -> str:
    spec, annotations = section(live, "spec"), section(live, "metadata", "annotations")
    fields = [f"spec.{name} is true" for name in PAUSES if spec.get(name) is True]
    notes = [f"{name} is true" for name, value in annotations.items() if value == "true" and _pauses(name)]
    return next(iter(fields + notes), "")


def _pauses(annotation: str) -> bool:
    return annotation.rpartition("/")[2] in PAUSES


def _signs(live: Live) -> Iterator[Verdict]:
    status, kind = status_of(live), text(live, "kind")
    yield from _errors(status)
    yield from _of_conditions(status, live)
    holders = list(_holders(status))
    fresh = [
        holder for holder in holders if any(not _stale(item, live) for item in conditions(holder).values())
    ]
    for holder in fresh or holders:
        yield from _of_conditions(holder, live)
    yield from _states(kind, status)
    yield from _flags(status)
    yield from _counts(section(live, "spec"), status)


def _errors(status: Live) -> Iterator[Verdict]:
    for name in ERRORS:
        if message := (text(status, name) or text(section(status, name), "message")).strip():
            yield Health.FAILED, message


def _of_conditions(holder: Live, live: Live) -> Iterator[Verdict]:
    every = conditions(holder)
    if not every and isinstance(holder.get("conditions"), list):
        yield Health.PROGRESSING, "its controller has said nothing of it yet"
    told = {name: item for name, item in every.items() if not _stale(item, live)}
    summary = next((name for name in SUMMARIES if name in every), "")
    if every and (summary not in told if summary else not told):
        yield Health.PROGRESSING, "its controller has not judged the newest version yet"
    for name, condition in told.items():
        yield from _of_condition(name, condition, told, summary)
    if not summary and not any(_named_states(holder)):
        yield from (_good(item, told) for name, item in told.items() if GOOD_PARTS.search(name))


def _stale(condition: Live, live: Live) -> bool:
    """Whether it is about an earlier version; some conditions are written once and stay behind."""
    newest = number(section(live, "metadata"), "generation")
    return number(condition, "observedGeneration", newest) < newest


def _of_condition(name: str, condition: Live, told: Mapping[str, Live], summary: str) -> Iterator[Verdict]:
    if name == summary:
        yield _good(condition, told)
    elif BAD_WHEN_TRUE.search(name):
        yield (Health.FAILED, said(condition)) if is_so(condition) else WELL
    elif name in PAUSED_WHEN_TRUE:
        yield (Health.SUSPENDED, said(condition)) if is_so(condition) else WELL
    elif UNDER_WAY_WHEN_TRUE.search(name):
        # `Progressing` stays true after a rollout, of Deployments and of what was made after their model.
        over = name == "Progressing" and is_so(condition) and holds(told, summary)
        yield _under_way(condition) if not over else WELL
    elif GOOD_WHEN_TRUE.search(name):
        yield _good(condition, told)
    elif name == "Running" and is_so(condition) and text(condition, "reason") == "Running":
        yield Health.PROGRESSING, said(condition)  # as operators made with Ansible say it


def _good(condition: Live, told: Mapping[str, Live]) -> Verdict:
    """A condition that should be true."""
    if is_so(condition):
        return WELL
    if meaning(text(condition, "reason")) is Health.SUSPENDED:
        return Health.SUSPENDED, said(condition)
    if is_so(condition, "False") and _final(condition, told):
        return Health.FAILED, said(condition)
    return Health.PROGRESSING, said(condition)


def _final(condition: Live, told: Mapping[str, Live]) -> bool:
    """Whether "not so" means that it failed, rather than that it takes its time."""
    reason, message = text(condition, "reason"), text(condition, "message")
    if severity := text(condition, "severity"):  # as Cluster API and Azure's operator say it outright
        return severity == "Error"
    if complains(reason) or complains(" ".join(message.split()[:2])):
        return True
    if meaning(reason) is Health.PROGRESSING:
        return False
    if any(BAD_WHEN_TRUE.search(name) and holds(told, name, "False") for name in told):
        return False  # its controller says failures elsewhere, and says there is none
    if any(UNDER_WAY_WHEN_TRUE.search(name) and holds(told, name) for name in told):
        return False  # it is being worked on
    return complains(message)


def _under_way(condition: Live) -> Verdict:
    if is_so(condition):
        return Health.PROGRESSING, said(condition)
    failed = is_so(condition, "False") and complains(text(condition, "reason"))
    return (Health.FAILED, said(condition)) if failed else WELL


def _holders(status: Live) -> Iterator[Live]:
    """Parts of a status with conditions of their own, like the parents of the Gateway API's routes."""
    for name in status:
        if name != "conditions":
            yield from (item for item in mappings(status, name) if "conditions" in item)


def _states(kind: str, status: Live) -> Iterator[Verdict]:
    for name, state in _named_states(status):
        found = meaning(state)
        if found is Health.HEALTHY and ENDS.search(kind) and "running" in state.lower():
            found = Health.PROGRESSING
        if found is not None:
            yield found, "" if found is Health.HEALTHY else _of_state(status, name, state)


def _named_states(status: Live) -> Iterator[tuple[str, str]]:
    """Every text that says a state: of the status, and of what stands right below it."""
    for name, value in status.items():
        if isinstance(value, str) and STATE.search(name) and not NOT_NOW.match(name):
            yield name, value
        elif isinstance(value, Mapping) and not NOT_NOW.match(name):
            below = ((part, text(value, part)) for part in ("phase", "state", "status"))
            yield from ((f"{name}.{part}", state) for part, state in below if state)


def _of_state(status: Live, name: str, state: str) -> str:
    message = text(status, "message") or text(status, "reason")
    return message.strip() or f"its {name} is {state}"


def _flags(status: Live) -> Iterator[Verdict]:
    for name in FLAGS:
        if isinstance(status.get(name), bool):
            yield WELL if status[name] else (Health.PROGRESSING, f"its status.{name} is false")


def _counts(spec: Live, status: Live) -> Iterator[Verdict]:
    """Of what keeps Pods, after the model of a Deployment or a DaemonSet."""
    for names, wanted in (
        (OF_REPLICAS, number(spec, "replicas", number(status, "replicas", -1))),
        (OF_NODES, number(status, "desiredNumberScheduled", -1)),
    ):
        counts = [(number(status, name, -1), word) for name, word in names.items()]
        yield from (enough(there, wanted, word) for there, word in counts if there >= 0)
