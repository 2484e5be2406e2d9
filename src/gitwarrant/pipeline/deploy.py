"""Apply and observe: the stages that touch a cluster.

With `watching`, the only module that calls what writes to a cluster. Nothing is
written without a warrant in the log, and no object without its intent there.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from gitwarrant.audit.queries import LastWarrant, apply_completed, last_warrant, moved_to
from gitwarrant.cluster.apply import apply
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.cluster.ledger import Attempts, logged_sequence
from gitwarrant.cluster.observe import Viewer, observe, told
from gitwarrant.cluster.refine import Refined, refine
from gitwarrant.cluster.undeclared import Makers
from gitwarrant.model.canonical import Digest
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.errors import Refused
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.live import Applied, InventoryEntry, Observation
from gitwarrant.model.plan import Action, Plan, PlannedObject
from gitwarrant.model.rendered import Rendered
from gitwarrant.model.warrant import Warrant
from gitwarrant.objects.turns import turn
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.delivery import Delivery, refusals_recorded
from gitwarrant.pipeline.doors import asked_again, check_doors
from gitwarrant.pipeline.estate import estate_of
from gitwarrant.pipeline.fights import alarm_fights
from gitwarrant.pipeline.holding import note_healthy, notice
from gitwarrant.pipeline.proposing import Proposing
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.warranted import Manifests
from gitwarrant.pipeline.warranting import (
    access,
    in_force,
    passed_plan,
    warrant_for,
    warrant_keys,
)
from gitwarrant.trust.warrant import admit, open_warrant

BASELINES = "baseline"
"""The kind of cached content that keeps baselines."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deploy did. `applied` is None where the cluster already is as warranted."""

    plan: Plan
    warrant: Warrant
    applied: Applied | None


async def deploy(work: Delivery, judgement: Judgement, cluster: Cluster) -> Deployment:
    """Carry a judged candidate into the cluster: warrant, intent, write, record.

    Starting again after a crash at any point converges: a warrant that was
    issued but not applied to its end is taken up where it stands.

    Raises:
        Refused: a gate refused; or by plan, authorise or apply here.
        Unreachable: the API server does not answer; what was done is recorded.
    """
    passed_plan(judgement)  # what it refused was recorded when it was judged
    environment = judgement.question.environment
    with refusals_recorded(work, environment.name, judgement.question.change.head):
        check_doors(asked_again(judgement.question, work.now()))  # before a warrant in force is taken up
        uid = await cluster_uid(work, environment.name, cluster)
        if last := last_warrant(work.recorder, environment.name):
            _check_cluster(last, uid, moved=moved_to(work.recorder, last))
        owned = work.tracking.inventory(environment.name)
        refined = await refine_with(work, judgement, cluster)
        plan = refined.plan
        bundle = in_force(work, plan, uid, owed=_owed(judgement)) or warrant_for(work, judgement, plan, uid)
        keys = warrant_keys(work.agent.warrant)
        warrant = open_warrant(bundle.envelope, keys)
        if apply_completed(work.recorder, environment.name, warrant.sequence):
            return Deployment(plan, warrant, None)
        highest = logged_sequence(work.recorder, environment.name)
        admit(bundle, keys, cluster=uid, highest_sequence=highest, now=work.now())
        applied = await apply(
            warrant,
            bundle.leaves,
            plan.manifests,
            cluster,
            work.recorder,
            now=work.now,
            inventory=owned,
            namespace=environment.namespace,
            baselines=work.content.shelf(BASELINES),
            planned=refined,
            changed=frozenset(),  # nothing beyond what the inventory does not have
            patience=environment.health_deadline,
            adopt=environment.adopt,
            rules=environment.health,
        )
    return Deployment(plan, warrant, applied)


def _owed(judgement: Judgement) -> bool:
    return judgement.authorship is not None and judgement.authorship.owed


async def refine_with(work: Delivery, judgement: Judgement, cluster: Cluster) -> Refined:
    """The plan of a judgement, narrowed by what the API server says to a dry run.

    Raises:
        Refused: by plan: the server would refuse an object.
        Unreachable: the API server does not answer.
        ValueError: the judgement has no plan.
    """
    if judgement.plan is None:
        raise ValueError("there is no plan to refine")
    environment = judgement.question.environment
    owned = work.tracking.inventory(environment.name)
    plan = _with_waiting(judgement.plan, judgement.rendered, owned)
    return await refine(
        plan,
        cluster,
        owned,
        namespace=environment.namespace,
        baselines=work.content.shelf(BASELINES),
        adopt=environment.adopt,
        attempted=Attempts(work.recorder, environment.name, any_=bool(environment.adopt)),
    )


def _with_waiting(plan: Plan, rendered: Rendered | None, owned: Inventory) -> Plan:
    """A plan that also shows what an earlier warrant named and nobody wrote yet: this one will."""
    missing = set(owned.lacks(plan.leaves)) - {item.key for item in plan.objects}
    waiting = rendered.find(missing).values() if rendered and missing else ()
    shown = [
        PlannedObject(Action.UNCHANGED, one.key, one.version, one.place, (), turn=turn(one.content))
        for one in waiting
    ]
    return replace(
        plan,
        objects=tuple(sorted([*plan.objects, *shown], key=lambda item: item.key)),
        manifests=tuple(sorted([*plan.manifests, *waiting], key=lambda one: one.key)),
        unchanged=plan.unchanged - len(shown),
    )


async def watch(
    work: Delivery,
    standing: Standing,
    cluster: Cluster,
    *,
    mode: DriftMode | None = None,
    previous: Observation | None = None,
    explain: bool = False,
) -> Observation:
    """Compare the cluster with what was last warranted; the environment's drift mode decides what follows.

    Args:
        mode: another mode than the environment's own; a person may only look.
            Without it, a suspended environment is only looked at.
        previous: what was seen last, so that only what is new is recorded.
        explain: give exempt and ignored differences as well.

    Raises:
        GitwarrantError: what was warranted can no longer be shown.
        Unreachable: the API server does not answer.
    """
    environment = standing.environment
    await warranted_here(work, standing, cluster)
    manifests, owned = Manifests(work, standing).all(), tuple(work.tracking.inventory(environment.name))
    now = work.now()
    viewer = viewer_of(
        work,
        standing,
        cluster,
        owned,
        mode=mode or acting_mode(work, standing),
        known=told(work.recorder, environment.name, previous),
        restrained=mode is None,  # a person who asks is not made to wait
    )
    estate = estate_of(work, environment, Makers.of(manifests), owned, now)
    seen = await observe(viewer, manifests, owned, explain=explain, estate=estate)
    alarm_fights(work, environment.name, standing.warrant.warrant.sequence, seen.drifts)
    note_healthy(work, environment.name, seen)
    if mode is None:  # a person who looks begins nothing
        notice(work, environment, seen)
    return seen


def viewer_of(
    work: Delivery,
    standing: Standing,
    cluster: Cluster,
    owned: Iterable[InventoryEntry],
    *,
    mode: DriftMode,
    known: Collection[Digest] = frozenset(),
    restrained: bool = True,
) -> Viewer:
    """Who looks at an environment, by the terms that its rules and its operator give.

    Args:
        owned: the environment's inventory.
        known: verdicts that need not be recorded again.
        restrained: whether to wait between tries to put something back.
    """
    environment = standing.environment
    return Viewer.of(
        environment.name,
        owned,
        cluster,
        work.recorder,
        mode=mode,
        proposer=Proposing(standing).recorded if mode is DriftMode.PROPOSE else None,
        baselines=work.content.shelf(BASELINES),
        namespace=environment.namespace,
        now=work.now,
        rules=environment.health,
        deadline=timedelta(seconds=environment.health_deadline),
        ignoring=Ignoring.of(environment.ignore, work.now()),
        known=known,
        restrained=restrained,
    )


def acting_mode(work: Delivery, standing: Standing) -> DriftMode:
    """What the agent does about drift of its own accord."""
    if standing.suspended:
        return DriftMode.REPORT
    if standing.warrant.envelope.keyids & work.agent.warrant.revoked:
        return DriftMode.REPORT  # what a stolen key signed does not act, not to heal either
    return standing.environment.drift


async def warranted_here(work: Delivery, standing: Standing, cluster: Cluster) -> None:
    """Whether this is the cluster that the last warrant is for: no other one is healed with its objects.

    Raises:
        Refused: by apply: it is another one.
    """
    uid = await cluster_uid(work, standing.environment.name, cluster)
    _check_cluster(standing.warrant, uid)


def _check_cluster(last: LastWarrant, uid: str, *, moved: str = "") -> None:
    name, known = last.warrant.environment, last.warrant.cluster
    if uid not in (known, moved):
        raise Refused(
            f"{name!r} was warranted for cluster {known}, this one is {uid}",
            stage="apply",
            remedy=f"correct the kubeconfig; if that cluster is gone: gitwarrant rebuild {name}",
        )


async def cluster_uid(work: Delivery, environment: str, cluster: Cluster) -> str:
    """The uid of the cluster we talk to, if it is the one the operator pinned.

    Raises:
        Refused: by apply: it is another cluster.
    """
    uid, pinned = await cluster.uid(), access(work.agent, environment).uid
    if pinned and pinned != uid:
        raise Refused(
            f"this cluster has the uid {uid}, and the agent's configuration pins {pinned}",
            stage="apply",
            remedy="correct the kubeconfig or context; change 'uid' only for a cluster that was rebuilt",
        )
    return uid
