"""Authorise: issue a warrant for a judged change, or find the one in force. No cluster, no network."""

from collections.abc import Mapping

from gitwarrant.audit.queries import apply_completed, last_warrant, owners, warranted_body
from gitwarrant.config.agent import ClusterAccess
from gitwarrant.model.canonical import encode
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import Plan
from gitwarrant.model.record import RecordKind
from gitwarrant.model.warrant import WarrantBundle
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.doors import asked_again, check_doors
from gitwarrant.pipeline.judge import proving
from gitwarrant.pipeline.question import Judgement
from gitwarrant.trust.authorise import authorise
from gitwarrant.trust.signer import FileSigner
from gitwarrant.trust.warrant import open_warrant

MANIFESTS = "manifest"
"""The kind of cached content that keeps warranted manifests, by digest."""


def warrant_for(work: Delivery, judgement: Judgement, plan: Plan, uid: str) -> WarrantBundle:
    """Authorise a judged change for the cluster of that uid; the warrant is recorded before anybody has it.

    A judgement may be old: an outage or a suspension kept it from the cluster.
    So what hangs on time is asked again, approvals and the rules' expiry too.

    Raises:
        Refused: a gate refused, or does so by now, or authorise does.
    """
    passed_plan(judgement)
    question = asked_again(judgement.question, work.now())
    environment = question.environment
    check_doors(question)
    if judgement.authorship is None or judgement.report is None:
        raise ValueError("a judgement without refusals has all its evidence")
    proven = proving(question)
    last, key = last_warrant(work.recorder, environment.name), signer(work)
    bundle = authorise(
        environment,
        question.tenant,
        proven,
        judgement.report,
        plan,
        cluster=uid,
        previous=last.warrant if last else None,
        owners=_owners_here(work, environment.name),
        now=work.now(),
        lifetime=work.agent.warrant.lifetime,
        signer=key,
    )
    for manifest in plan.manifests:
        work.content.put(MANIFESTS, manifest.digest, encode(manifest))
    warrant = open_warrant(bundle.envelope, key.public_pem)
    body = warranted_body(warrant, bundle, key.public_pem, statements=proven.statements, owed=proven.owed)
    work.recorder.append(RecordKind.WARRANTED, environment.name, body)
    return bundle


def access(work: Delivery, environment: str) -> ClusterAccess:
    """How the environment's cluster is reached.

    Raises:
        GitwarrantError: the tenant has no grant for this environment.
    """
    found = work.agent.cluster_of(environment)
    if found is None:
        raise GitwarrantError(
            f"tenant {work.agent.tenant.name!r} has no grant for environment {environment!r}",
            remedy="add it to 'grants' in the agent's own configuration",
        )
    return found


def signer(work: Delivery) -> FileSigner:
    """The warrant key; made at first use."""
    path = work.agent.warrant.key
    return FileSigner.load(path) if path.exists() else FileSigner.generate(path)


def passed_plan(judgement: Judgement) -> Plan:
    """The plan of a judgement that no gate refused.

    Raises:
        Refused: the first refusal.
    """
    if judgement.refusals:
        raise judgement.refusals[0]
    if judgement.plan is None:
        raise ValueError("a judgement without refusals has a plan")
    return judgement.plan


def in_force(work: Delivery, plan: Plan, uid: str, *, owed: bool = False) -> WarrantBundle | None:
    """The last warrant, if it says what this plan says, may still act, and was signed by the key we have.

    Args:
        owed: whether approvals are owed now. What glass was broken for gets a
            warrant of its own once they are there.
    """
    last = last_warrant(work.recorder, plan.environment)
    if (
        last is None
        or (last.owed and not owed)
        or last.warrant.commit != plan.commit
        or last.warrant.cluster != uid
    ):
        return None
    if last.bundle.envelope.keyid != signer(work).keyid:  # the key was lost or replaced
        return None
    if last.warrant.not_after <= work.now() or last.leaves.standing != plan.leaves.standing:
        return None
    done = apply_completed(work.recorder, plan.environment, last.warrant.sequence)
    deletes = plan.leaves.standing != plan.leaves.leaves
    return None if done and deletes else last.bundle


def _owners_here(work: Delivery, environment: str) -> Mapping[ObjectKey, str]:
    """Which environment owns each object of the cluster that this environment deploys to."""
    here = access(work, environment).name
    beside = {name for name, cluster in work.agent.destinations if cluster == here}
    return {key: owner for key, owner in owners(work.recorder).items() if owner in beside}
