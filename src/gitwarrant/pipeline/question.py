"""What is asked about a change, and what the gates answered."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.authorship import Authorship
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.environment import Environment, Tenant
from gitwarrant.model.errors import Refused
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.hold import Earlier, Hold
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.plan import TO_ITS_END, LeafList, Plan, Progress
from gitwarrant.model.rendered import Rendered
from gitwarrant.model.witnessed import Witnessed


@dataclass(frozen=True, slots=True)
class Previous:
    """What the environment is now. Without leaves: whatever `commit` renders to."""

    commit: CommitId
    leaves: LeafList | None = None
    progress: Progress = TO_ITS_END

    @property
    def fingerprint(self) -> Digest:
        """The same fingerprint, the same previous state."""
        return digest((self.commit, self.leaves.digest if self.leaves else "", self.progress))


@dataclass(frozen=True, slots=True)
class Question:
    """May this change be deployed to this environment, and what would it do?"""

    root: TrustRoot
    tenant: Tenant
    policy: TrustPolicy
    environment: Environment
    change: Change
    previous: Previous | None
    witnessed: Witnessed
    now: datetime
    waived: bool = False
    """Glass was broken and its alarm acknowledged: approvals may be owed."""
    unheard: str = ""
    """Glass was broken and nobody acknowledged the alarm: why it does not count, in words."""
    hold: Hold | None = None
    """Where the environment is held. A candidate is only judged meanwhile, but for the way back itself."""
    returns: Earlier | None = None
    """What was accepted and applied once, and comes back (7.6): no landing is asked for, exactly this is."""

    def refuse_unheard(self) -> None:
        """Say, where a waiver would be needed, why there is none.

        Raises:
            Refused: stage `authorise`: glass was broken, and nobody hears of it.
        """
        if self.unheard:
            raise Refused(
                self.unheard,
                stage="authorise",
                remedy="give the agent a sink that answers: 'alarms' in its configuration",
                place=self.environment.place,
            )


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything the gates said, refusals in the order of the stages.

    What a gate that refused would have given is None; so is what stands on it.
    """

    question: Question
    authorship: Authorship | None
    rendered: Rendered | None
    report: CheckReport | None
    plan: Plan | None
    refusals: tuple[Refused, ...]
    before: Rendered | None = None
    """What the plan was compared with, where it can still be shown."""
