"""What the words of states, reasons and condition types mean, whoever wrote them.

A word in CamelCase, UPPER_CASE or plain text is taken apart, so that
`ClusterRollingUpgrading` and `DEPLOYED_NOT_READY` are read as people read them.
"""

import re
from functools import lru_cache
from itertools import pairwise

from gitwarrant.model.live import Health

PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
CANNOT = re.compile(
    r"\b(can ?not|can't|could not|couldn't|does not exist|doesn't exist|no such|no \w+ could|not allowed|"
    r"not permitted|unexpected(ly)?)\b",
    re.IGNORECASE,
)
LONGEST = 200  # characters that are looked at: states are words, not pages


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FAILING = _words(
    """
    aborted ambiguous backoff broken canceled cancelled conflict conflicted corrupt crash crashed
    crashloop critical degraded denied err error errored errors evicted exceeded exception exhausted
    expired fail failed failing fails failure fatal faulted forbidden illegal incompatible inconsistent
    invalid lost malformed misconfigured mismatch missing noncompliant notfound outofsync red refused
    rejected stalled terminal throwable timedout timeout unable unauthorized unavailable unhealthy
    unreachable unrecoverable unsupported violation
    """
)
WAITING = _words(
    """
    applying await awaiting building configuring creating deleting deploying detaching draining
    finalising finalizing importing initialising initializing inprogress installing issuing migrating
    modifying new onboarding pending planning preparing processing progress progressing promoting
    propagating provisioning publishing queued rebooting reconciling recovering replicating resizing
    restarting restoring resuming retrying rolling rollingback running scaling scheduled scheduling
    started starting submitted syncing terminating updating upgrading validating verifying wait waiting
    warming yellow
    """
)
PAUSED = _words("hibernated hibernating paused pausing suspended suspending")
GOOD = _words(
    """
    accepted active admitted allocated applied approved attached available bound complete completed
    compliant configured connected created deployed done enabled established exists finished green
    healthy initialised initialized installed insync issued normal ok online operational passed promoted
    provisioned published ready reconciled registered released running serving stable succeeded success
    successful successfully synced synchronized up updated valid verified
    """
)
UNKNOWN = _words("inconclusive unknown")
NEGATIONS = _words("no non not never without")


@lru_cache(maxsize=4096)
def meaning(state: str) -> Health | None:
    """What a state says; None: nothing that we can read.

    `running` is good news here; of what is to end, the caller knows better.
    """
    words = parts(state)
    if not words:
        return None
    for kind, vocabulary in (
        (Health.FAILED, FAILING),
        (Health.SUSPENDED, PAUSED),
        (Health.PROGRESSING, WAITING - {"running", "started"}),
        (Health.HEALTHY, GOOD),
        (Health.UNKNOWN, UNKNOWN),
    ):
        if words & vocabulary:
            return Health.PROGRESSING if kind is Health.HEALTHY and words & NEGATIONS else kind
    return None


@lru_cache(maxsize=4096)
def complains(said: str) -> bool:
    """Whether a reason or a message tells of a failure."""
    return bool(parts(said) & FAILING or CANNOT.search(said[:LONGEST]))


@lru_cache(maxsize=4096)
def parts(name: str) -> frozenset[str]:
    """The words of a name, in lower case; two that stand together also as one (`InProgress`: inprogress)."""
    found = [word.lower() for word in PARTS.findall(name[:LONGEST])]
    return frozenset(found) | {first + second for first, second in pairwise(found)}
