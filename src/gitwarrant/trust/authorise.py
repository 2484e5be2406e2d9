"""From all evidence to a warrant: the last gate before a cluster is touched.

    1. No gate refused: the checks passed, and their report is about this plan.
    2. All evidence is about the same commit, ref and environment, and the plan's
       leaves are its manifests.
    3. The environments that it depends on are deployed and healthy.
    4. The tenant grants the environment.
    5. No object belongs to another environment.
    6. The warrant follows the previous one of the same environment and cluster, or
       of the one that an operator moved it from.

Not checked here: kinds, namespaces and counts (plan); whether the author and
the approvers were entitled (verify, whose Authorship is the only way in);
windows and suspension, which are asked again at every deploy (`pipeline.doors`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from gitwarrant.model.authorship import Authorship, Proof
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.environment import Environment, Tenant
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.hold import Hold
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import Plan
from gitwarrant.model.rendered import Rendered, apply_leaf
from gitwarrant.model.warrant import FORM, Warrant, WarrantBundle
from gitwarrant.trust.leaves import leaves_root
from gitwarrant.trust.predecessors import Predecessor, check_predecessors
from gitwarrant.trust.signer import Signer
from gitwarrant.trust.summary import payload_digest
from gitwarrant.trust.warrant import seal

JUDGE_AGAIN = "judge the change again from the start: gitwarrant plan"


def authorise(
    environment: Environment,
    tenant: Tenant,
    authorship: Authorship,
    report: CheckReport,
    plan: Plan,
    *,
    rendered: Rendered,
    cluster: str,
    previous: Warrant | None,
    owners: Mapping[ObjectKey, str],
    now: datetime,
    lifetime: timedelta,
    source: str,
    signers: Sequence[Signer],
    hold: Hold | None = None,
    moved: bool = False,
    predecessors: Iterable[Predecessor] = (),
) -> WarrantBundle:
    """Issue the warrant for one change of one environment.

    Args:
        rendered: what was checked and planned: its leaves are what will stand.
        cluster: uid of the cluster (that of its kube-system namespace).
        previous: the last warrant of this environment in this cluster; None for the first.
        owners: objects in the cluster that an environment owns, with its name; those that
            this environment owns already may be left out.
        lifetime: how long the warrant may act.
        source: where the repository is fetched from, as a URI (`git+https://...`).
        signers: who signs it; each with a key of its own.
        hold: why the environment goes back, on whose orders; None: it goes forward.
        moved: an operator brought the environment from the previous warrant's cluster into this one.
        predecessors: what is known of the environments that this one waits for; unknown ones refuse.

    Raises:
        Refused: stage `authorise`.
        UnusableKey: a signer's key is gone or refuses.
        ValueError: the lifetime is not positive, or the cluster has no uid.
    """
    if lifetime <= timedelta() or not cluster:
        raise ValueError("a warrant needs a positive lifetime and a cluster")
    _check_gates(report, plan, rendered)  # 1
    _check_agreement(environment, authorship, rendered, plan)  # 2
    if hold is None:  # who goes back does not wait for what may have failed because of it
        check_predecessors(environment, predecessors)  # 3
    _check_grant(environment, tenant)  # 4
    _check_owners(environment, plan, owners)  # 5
    if previous:
        _check_previous(environment, tenant, previous.cluster if moved else cluster, previous, now)  # 6
    evidence: dict[str, Digest] = {
        "authorship": digest(authorship),
        "checks": digest(report),
        "plan": plan.digest,
        "policy": authorship.policy,
    }
    if hold:
        evidence["hold"] = digest(hold)
    statements = set().union(*(landing.statements for landing in authorship.landings))
    warrant = Warrant(
        tenant=tenant.name,
        environment=environment.name,
        cluster=cluster,
        sequence=previous.sequence + 1 if previous else 1,
        previous=payload_digest(previous) if previous else "",
        repository=authorship.repository,
        ref=authorship.ref,
        commit=plan.commit,
        issued=now,
        not_after=now + lifetime,
        leaves=plan.leaves.digest,
        leaves_root=leaves_root(plan.leaves),
        evidence=tuple(sorted(evidence.items())),
        form=FORM,
        source=source,
        reviewers=reviewers(authorship),
        statements=tuple(sorted(statements.union(hold.orders if hold else ()))),
    )
    return WarrantBundle(seal(warrant, signers), plan.leaves)


def reviewers(authorship: Authorship) -> int:
    """How many distinct people approved each landing, at least; 0 for a change without landings.

    Where an approver stood in for an author who is not proven, one of them
    answers for the content and counts as its author.
    """
    counts = (
        len({approval.identity for approval in landing.approvals}) - (landing.proof is Proof.EXTRA_APPROVAL)
        for landing in authorship.landings
    )
    return max(0, min(counts, default=0))


def _check_gates(report: CheckReport, plan: Plan, rendered: Rendered) -> None:
    reasons = [(item.rule, item.object, item.place) for item in report.refused_by]
    reasons += [(item.rule, item.object, item.place) for item in report.unjudged]
    if reasons:
        rule, about, place = reasons[0]
        raise _refuse(
            f"the checks refused the change: {rule} on {about} ({len(reasons)} in all)",
            "mend the findings: gitwarrant check",
            place,
        )
    if (report.commit, report.objects) != (plan.commit, len(rendered)):
        raise _refuse(
            f"the checks saw {report.objects} objects of {report.commit[:12]}, "
            f"the plan has {len(rendered)} of {plan.commit[:12]}",
            JUDGE_AGAIN,
        )


def _check_agreement(
    environment: Environment, authorship: Authorship, rendered: Rendered, plan: Plan
) -> None:
    what = ""
    if plan.environment != environment.name:
        what = f"the plan is for environment {plan.environment!r}, not {environment.name!r}"
    elif authorship.ref != environment.ref:
        what = f"the authorship is of {authorship.ref}, not of the environment's ref {environment.ref}"
    elif authorship.head != plan.commit:
        what = f"the authorship is of commit {authorship.head[:12]}, the plan of {plan.commit[:12]}"
    elif len(plan.leaves.by_key) != len(plan.leaves):
        what = "the plan has two leaves for one object"
    elif (rendered.commit, rendered.leaves.digest) != (plan.commit, plan.leaves.wanted.digest):
        what = "the plan's leaves are not what was rendered"
    elif any(rendered.leaves.by_key.get(one.key) != apply_leaf(one) for one in plan.manifests):
        what = "the plan's leaves are not its manifests"
    if what:
        raise _refuse(what, JUDGE_AGAIN)


def _check_grant(environment: Environment, tenant: Tenant) -> None:
    if tenant.grant(environment.name) is None:
        granted = ", ".join(sorted(grant.environment for grant in tenant.grants)) or "none"
        raise _refuse(
            f"tenant {tenant.name!r} may not deploy environment {environment.name!r}; granted: {granted}",
            "grant it in the agent's own configuration",
            environment.place,
        )


def _check_owners(environment: Environment, plan: Plan, owners: Mapping[ObjectKey, str]) -> None:
    for key, owner in sorted(owners.items()):
        if owner != environment.name and key in plan.leaves.by_key:
            place = next((found.place for found in plan.manifests if found.key == key), None)
            raise _refuse(
                f"{key} belongs to environment {owner!r} already",
                f"give it another name or namespace, or let {owner!r} delete it first",
                place,
            )


def _check_previous(
    environment: Environment, tenant: Tenant, cluster: str, previous: Warrant, now: datetime
) -> None:
    expected = (tenant.name, environment.name, cluster)
    if (previous.tenant, previous.environment, previous.cluster) != expected:
        raise _refuse(
            f"the previous warrant is of {previous.environment!r} in cluster {previous.cluster!r}, "
            f"not of {environment.name!r} in {cluster!r}",
            "ask the log of this environment and cluster: gitwarrant audit log",
        )
    if previous.sequence < 1 or previous.issued > now:
        raise _refuse(
            f"the previous warrant, number {previous.sequence}, was issued {previous.issued:%Y-%m-%d %H:%M}, "
            "which is later than now",
            "set this machine's clock; a warrant never goes back in time",
        )


def _refuse(what: str, remedy: str, place: Place | None = None) -> Refused:
    return Refused(what, stage="authorise", remedy=remedy, place=place)
