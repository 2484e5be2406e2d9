"""How an environment stands: what was warranted, and whether its objects are well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.audit.holds import current_hold
from gitwarrant.audit.queries import apply_completed, inventory
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.offspring import offspring
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.hold import Hold
from gitwarrant.model.live import Drift, Health, ObjectHealth, Observation, Offspring
from gitwarrant.pipeline.candidates import Standing, standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.deploy import watch

TOLD = 3
"""So many objects are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class ObjectStatus:
    """One warranted object as it is now."""

    health: ObjectHealth
    drift: Drift | None
    below: tuple[Offspring, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """One environment as it is now."""

    environment: str
    commit: CommitId
    sequence: int
    warranted: datetime
    applied: bool
    """Whether every leaf of the warrant is as it wants it."""
    suspended: bool
    held: Hold | None
    """Where it is held, whatever lands; None: it follows its ref."""
    objects: tuple[ObjectStatus, ...]

    @property
    def healthy(self) -> bool:
        """Whether everything was applied, and does what it is for."""
        return self.applied and not self.sick

    @property
    def sick(self) -> tuple[ObjectHealth, ...]:
        """The objects that are not healthy."""
        return tuple(item.health for item in self.objects if item.health.health is not Health.HEALTHY)


async def status(
    work: Delivery, stands: Standing, cluster: Cluster, *, previous: Observation | None = None
) -> tuple[Status, Observation]:
    """Look at an environment, and at what the cluster made below its objects; nothing is changed.

    Args:
        previous: what was seen last, so that only what is new is recorded.

    Returns:
        How it stands, and what the next look is to know.

    Raises:
        GitwarrantError: what was warranted can no longer be shown.
        Unreachable: the API server does not answer.
    """
    name, warrant = stands.environment.name, stands.warrant.warrant
    seen = await watch(work, stands, cluster, mode=DriftMode.REPORT, previous=previous)
    below = await offspring(inventory(work.recorder, name), cluster)
    drifts = {drift.key: drift for drift in seen.drifts}
    objects = tuple(ObjectStatus(item, drifts.get(item.key), below.get(item.key, ())) for item in seen.health)
    complete = apply_completed(work.recorder, name, warrant.sequence)
    suspended = stands.suspended is not None
    hold = current_hold(work.recorder, name)
    number, time = warrant.sequence, stands.warrant.time
    return Status(name, warrant.commit, number, time, complete, suspended, hold, objects), seen


def awaited(work: Delivery, environment: str, revision: str) -> str:
    """What has to happen before a revision (empty: any) is applied; empty: nothing, it is.

    A later revision has applied an earlier one too.
    """
    stands = standing(work, environment)
    if stands is None:
        return "nothing was deployed to it yet"
    warrant = stands.warrant.warrant
    if revision and not _includes(stands, revision):
        return f"{revision[:12]} was not warranted yet; what stands is {warrant.commit[:12]}"
    if not apply_completed(work.recorder, environment, warrant.sequence):
        return f"warrant {warrant.sequence} is not applied to its end yet"
    return ""


def _includes(stands: Standing, revision: str) -> bool:
    tip = stands.warrant.warrant.commit
    whole = len(revision) == len(tip)
    return tip.startswith(revision) or (whole and stands.repository.contains(tip, CommitId(revision)))


def sickness(seen: Sequence[ObjectHealth]) -> str:
    """What is not healthy, in one sentence; empty: everything is."""
    sick = [item for item in seen if item.health is not Health.HEALTHY]
    named = [f"{item.key} is {item.health.value}: {item.reason}" for item in sick[:TOLD]]
    more = [f"{len(sick) - TOLD} more are not healthy"] if len(sick) > TOLD else []
    return "; ".join(named + more)
