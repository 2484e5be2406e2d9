"""Verify, render, check and plan one candidate of one environment.

No network, no log, no cluster: what they know is handed in as a `Question`.
A developer's clone and the agent's quarantine are judged by this same function.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from gitwarrant.git.reading import Repository
from gitwarrant.model.authorship import Authorship
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.errors import Refused
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.model.plan import TO_ITS_END, LeafList
from gitwarrant.model.rendered import Rendered
from gitwarrant.pipeline.blobs import with_blobs
from gitwarrant.pipeline.bots import check_bots
from gitwarrant.pipeline.question import Judgement, Question
from gitwarrant.pipeline.rendering import Renderings
from gitwarrant.pipeline.returning import check_returned
from gitwarrant.plan.plan import plan
from gitwarrant.policy.check import check
from gitwarrant.trust.verdicts import Verdicts
from gitwarrant.trust.verify import verify

T = TypeVar("T")


class _Gates:
    """Runs stages and keeps what they refuse, so that a person learns all reasons at once."""

    def __init__(self) -> None:
        self.refusals: list[Refused] = []

    def attempt(self, stage: Callable[[], T]) -> T | None:
        try:
            return stage()
        except Refused as refusal:
            self.refusals.append(refusal)
            return None


def judge(
    repository: Repository,
    question: Question,
    *,
    verdicts: Verdicts | None = None,
    renderings: Renderings | None = None,
) -> Judgement:
    """Put a change through verify, render, check and plan.

    What was verified or rendered before saves time: the answer is the same without it.

    A refusal does not stop the stages that can still judge; nothing is
    authorised from a judgement that holds one.
    """
    policies = everywhere(question.change, question.policy)
    question = replace(question, change=with_blobs(repository, question.change, policies))
    gates, environment, change = _Gates(), question.environment, question.change
    renderings, kinds = renderings or Renderings(), question.tenant.custom_kinds

    authorship = gates.attempt(lambda: proving(question, verdicts=verdicts))
    if authorship is not None:
        gates.attempt(lambda: check_bots(repository, question, authorship, renderings))
    rendered = gates.attempt(lambda: renderings.of(repository, environment, kinds, change.head))
    if rendered is None:
        return Judgement(question, authorship, None, None, None, tuple(gates.refusals))
    gates.attempt(lambda: check_returned(question, rendered))
    report = gates.attempt(lambda: check(rendered, environment.policies))
    if report is not None:
        gates.attempt(lambda: refuse_findings(report))
    before, leaves = _previous(repository, question, renderings)
    progress = question.previous.progress if question.previous else TO_ITS_END
    planned = gates.attempt(
        lambda: plan(environment, question.tenant, rendered, before, leaves, progress=progress)
    )
    return Judgement(question, authorship, rendered, report, planned, tuple(gates.refusals), before)


def proving(question: Question, *, verdicts: Verdicts | None = None) -> Authorship:
    """Verify the change of a question; where glass was broken, without approvals if they are not there.

    Raises:
        Refused: by verify.
    """
    change, policies = question.change, everywhere(question.change, question.policy)

    def proven(*, waived: bool) -> Authorship:
        return verify(
            change,
            question.root,
            policies,
            question.environment,
            witnessed=question.witnessed,
            now=question.now,
            waived=waived,
            verdicts=verdicts,
        )

    try:
        return proven(waived=False)
    except Refused:
        question.refuse_unheard()
        if not question.waived:
            raise
        return proven(waived=True)


def everywhere(change: Change, policy: TrustPolicy) -> dict[CommitId, TrustPolicy]:
    """One policy in force for every landing of a change, as on every ref but the trust ref."""
    return dict.fromkeys([change.head, *(landing.commit for landing in change.landings)], policy)


def refuse_findings(report: CheckReport) -> None:
    """The check gate's verdict on a report.

    Raises:
        Refused: a finding reaches a threshold, or something could not be judged.
    """
    if report.unjudged:
        first = report.unjudged[0]
        raise Refused(
            f"{first.rule} could not judge {first.object}: {first.reason}{_more(len(report.unjudged))}",
            stage="check",
            remedy="write the object so that it can be judged; what cannot be judged is refused",
            place=first.place,
        )
    if report.refused_by:
        worst = max(report.refused_by, key=lambda finding: finding.severity)
        raise Refused(
            f"{worst.rule} ({worst.severity.value}): {worst.message}{_more(len(report.refused_by))}",
            stage="check",
            remedy=worst.remedy,
            place=worst.place,
        )


def _more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""


def _previous(
    repository: Repository, question: Question, renderings: Renderings
) -> tuple[Rendered | None, LeafList | None]:
    """What the plan compares with: the previous objects if they can still be shown, and their leaves.

    A previous rendering that no longer gives the warranted leaves (the
    environment's namespace was changed, say) is left out: the plan then still
    knows from the leaves *that* an object differs, only not in which fields.
    """
    if question.previous is None:
        return None, None
    known = question.previous.leaves
    try:
        kinds = question.tenant.custom_kinds
        rendered = renderings.of(repository, question.environment, kinds, question.previous.commit)
    except Refused:
        return None, known
    if known is None or known.wanted.digest == rendered.leaves.digest:
        return rendered, rendered.leaves
    return (None if rendered.leaves.apart(known.wanted)[0] else rendered), known
