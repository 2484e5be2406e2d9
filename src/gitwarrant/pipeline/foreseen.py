"""What a rollback would do, before anybody orders it: judged in a clone, with the log where it is at hand."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.audit.holds import Past, past
from gitwarrant.audit.queries import last_warrant
from gitwarrant.audit.recorder import Recorder
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.plan import Lasting
from gitwarrant.model.rendered import Rendered
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.holding import last_good
from gitwarrant.pipeline.local import LocalView, judged, tracked
from gitwarrant.pipeline.question import Judgement, Previous, Question
from gitwarrant.pipeline.rendering import rendering
from gitwarrant.pipeline.returning import earlier_of, going_back
from gitwarrant.plan.lasting import lasting
from gitwarrant.trust.returning import Needed, needed_for


@dataclass(frozen=True, slots=True)
class Foreseen:
    """From where to where, who it takes, what every gate says, and what it does not undo."""

    left: CommitId
    target: CommitId
    needed: Needed
    judgement: Judgement
    lasting: tuple[Lasting, ...]


def foresee(
    view: LocalView,
    environment: Environment,
    to: CommitId | None,
    recorder: Recorder | None,
    *,
    now: datetime,
) -> Foreseen:
    """Judge the way back to a revision, or to the last that was healthy.

    Args:
        to: where to; None: the log says.
        recorder: the agent's log; None: it is not here, so its newest revision is taken for
            what stands, and the agent alone can say whether that one was ever applied.

    Raises:
        GitwarrantError: nothing was deployed, or the log has no such revision.
    """
    target = _target(environment, to, recorder)
    last = last_warrant(recorder, environment.name) if recorder else None
    left = last.warrant.commit if last else tracked(view.clone, environment.ref)
    commit = target.commit if target else to
    if commit is None:
        raise ValueError("without a log, a revision was named")
    question = Question(
        root=view.agent.root,
        tenant=view.agent.tenant,
        policy=view.trusted.config.policy,
        environment=environment,
        change=going_back(view.agent.root.repository, environment, commit, view.repository.statements()),
        previous=Previous(left, last.leaves if last else None),
        witnessed=Witnessed(),
        now=now,
        returns=earlier_of(target.last) if target else None,
    )
    judgement = judged(view, question)
    changes = view.repository.difference(left, commit)
    needed = needed_for(changes, view.trusted.config.policy.rules, environment)
    return Foreseen(left, commit, needed, judgement, _lasting(view, environment, left, judgement.rendered))


def _target(environment: Environment, to: CommitId | None, recorder: Recorder | None) -> Past | None:
    """The warrant to go back to, as the log has it; None: it is not here to be asked."""
    if recorder is None:
        if to is None:
            raise GitwarrantError(
                "the agent's log is not here, so it cannot say which revision was healthy",
                remedy="name one with --to, or run this where the agent's state folder is",
            )
        return None
    if to is None:
        found = last_good(past(recorder, environment.name))
        if found is None:
            raise GitwarrantError(
                f"the log knows no earlier revision of {environment.name!r} that was healthy",
                remedy="name one that was applied with --to: gitwarrant audit log --kind warranted",
            )
        return found
    stood = (item for item in past(recorder, environment.name) if item.commit == to and item.completed)
    found = next(stood, None)
    if found is None:
        raise GitwarrantError(
            f"revision {to[:12]} was never applied to {environment.name!r} to its end, by this log",
            remedy="name one that was: gitwarrant audit log --kind warranted; or go forward, by git revert",
        )
    return found


def _lasting(
    view: LocalView, environment: Environment, left: CommitId, then: Rendered | None
) -> tuple[Lasting, ...]:
    if then is None:
        return ()
    now = rendering(view.repository, environment, view.agent.tenant.custom_kinds, left)
    return lasting(now.manifests, then.manifests)
