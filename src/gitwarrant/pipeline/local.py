"""Judge a developer's own clone: the same stages, asked before anything lands.

Reads the clone's objects, never its work tree. The root of trust comes from the
agent's configuration as everywhere; the rules from the trust ref as last fetched.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from gitwarrant.config.agent import Agent
from gitwarrant.git.clone import Clone
from gitwarrant.git.reading import Repository
from gitwarrant.model.authorship import Authorship
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.blobs import with_blobs
from gitwarrant.pipeline.judge import everywhere, judge
from gitwarrant.pipeline.question import Judgement, Previous, Question
from gitwarrant.pipeline.starting import Start, start
from gitwarrant.pipeline.trusting import Trusted, rules_at, succeed, touches_rules, trust
from gitwarrant.store.verdicts import VerdictFolder
from gitwarrant.trust.explain import Explanation, explain
from gitwarrant.trust.verify import verify

VERDICTS = "gitwarrant/verdicts"
"""Below the clone's Git folder."""


@dataclass(frozen=True, slots=True)
class LocalView:
    """A clone with the rules that its trust ref holds."""

    clone: Clone
    repository: Repository
    agent: Agent
    """With the root keys in force."""
    trusted: Trusted
    start: Start
    verdicts: VerdictFolder
    """Signatures proven in this clone before: they save time, and advise only its owner."""


def look(clone: Clone, agent: Agent, *, now: datetime, doubtful: bool = False) -> LocalView:
    """Follow the trust ref of a clone, as it was last fetched.

    A clone has no log: to it all keys and statements are as of now. So it begins
    at the newest checkpoint, and what was signed before with keys that expired
    since needs no proof again.

    Args:
        doubtful: look on, by the rules before, where a landing that changes the
            rules does not prove itself: for commands that help to mend that.

    Raises:
        Refused: by fetch or verify: the trust ref does not prove itself.
        GitwarrantError: the clone has no such branch.
    """
    repository, root = clone.reading(), agent.root
    tip = tracked(clone, root.trust_ref)
    begun = start(
        repository,
        root,
        tip,
        repository.statements(),
        roots=None,
        trusted=None,
        witnessed=Witnessed(),
        now=now,
    )
    change = repository.change(root.repository, root.trust_ref, begun.since, tip)
    verdicts = VerdictFolder(clone.git_folder / VERDICTS)
    trusted = trust(repository, begun.root, change, witnessed=Witnessed(), now=now, verdicts=verdicts)
    verdicts.save()
    if not doubtful:
        trusted.raise_doubt()
    return LocalView(clone, repository, replace(agent, root=begun.root), trusted, begun, verdicts)


def tracked(clone: Clone, ref: str) -> CommitId:
    """The commit of a protected ref as the clone last fetched it."""
    remote = next(iter(clone.remotes()), "")
    branch = ref.removeprefix("refs/heads/")
    return clone.tip(f"refs/remotes/{remote}/{branch}" if remote else ref)


def proposed(view: LocalView, ref: str, head: CommitId, base: CommitId | None = None) -> Change:
    """What a head would add to a protected ref.

    Args:
        base: where to begin; None: where the head's own line left the ref.

    Raises:
        Refused: by fetch: base is not on the head's first-parent line.
    """
    if base is None:
        base = _fork(view.repository, head, tracked(view.clone, ref))
    return view.repository.change(view.agent.root.repository, ref, base, head)


def prove(view: LocalView, change: Change, environment: Environment | None, *, now: datetime) -> Authorship:
    """Verify a change by the rules of the trust ref, and by what an environment asks for besides.

    Rules that it would bring to the trust ref are read as the deployer will:
    once landed, rules that do not parse would stop everything behind them.

    Raises:
        Refused: by verify.
    """
    policies = everywhere(change, view.trusted.config.policy)
    change = with_blobs(view.repository, change, policies)
    authorship = verify(
        change,
        view.agent.root,
        policies,
        environment,
        witnessed=Witnessed(),
        now=now,
        verdicts=view.verdicts,
    )
    view.verdicts.save()
    brings = [landing for landing in change.landings if touches_rules(landing)]
    if brings and change.ref == view.agent.root.trust_ref and not _has_landed(view, change.head):
        succeed(view.trusted.config, rules_at(view.repository, change.head), brings[-1])
    return authorship


def explained(
    view: LocalView, change: Change, environment: Environment | None, *, now: datetime
) -> Explanation:
    """Say in words what verify finds about a change; the arguments are those of `prove`."""
    policies = _policies(view, change)
    change = with_blobs(view.repository, change, policies)
    root = view.agent.root
    return explain(change, root, policies, environment, witnessed=Witnessed(), now=now)


def containing(view: LocalView, commit: CommitId) -> Change:
    """The landing of a protected ref that brought a commit, as a change of its own.

    Raises:
        GitwarrantError: no protected ref has it.
    """
    refs = [view.agent.root.trust_ref, *(item.ref for item in view.trusted.config.environments)]
    for ref in dict.fromkeys(refs):
        tip = tracked(view.clone, ref)
        if commit == tip or view.repository.objects.descends(tip, commit):
            return _landing(view, ref, tip, commit)
    raise GitwarrantError(
        f"no protected ref has the commit {commit[:12]}",
        remedy="git fetch; or ask about what it would be: gitwarrant approvals REV",
    )


def _landing(view: LocalView, ref: str, tip: CommitId, commit: CommitId) -> Change:
    """Walk the ref's own line down to the last landing that still has the commit."""
    objects, landing = view.repository.objects, tip
    while True:
        parents = objects.commit(landing)[1].parents
        if not parents:
            raise GitwarrantError(
                f"{commit[:12]} is the first commit of {ref}, so it landed on nothing",
                remedy="name a later commit",
            )
        parent = parents[0]
        if commit != parent and not objects.descends(parent, commit):
            return view.repository.change(view.agent.root.repository, ref, parent, landing)
        landing = parent


def _policies(view: LocalView, change: Change) -> dict[CommitId, TrustPolicy]:
    """The rules for each landing: of what landed on the trust ref, those before it; else today's."""
    today = view.trusted.config.policy
    if change.ref != view.agent.root.trust_ref or not _has_landed(view, change.head):
        return everywhere(change, today)
    policies = everywhere(change, today)
    for landing in change.landings:
        with suppress(Refused):  # before there were rules, today's
            policies[landing.commit] = rules_at(view.repository, landing.parent).policy
    return policies


def question(view: LocalView, environment: Environment, change: Change, *, now: datetime) -> Question:
    """May this change be deployed to this environment? Compared with what its base renders to."""
    return Question(
        root=view.agent.root,
        tenant=view.agent.tenant,
        policy=view.trusted.config.policy,
        environment=environment,
        change=change,
        previous=Previous(change.base),
        witnessed=Witnessed(),
        now=now,
    )


def judged(view: LocalView, question: Question) -> Judgement:
    """Judge a question about a clone; signatures that were proven here before are not checked again."""
    judgement = judge(view.repository, question, verdicts=view.verdicts)
    view.verdicts.save()
    return judgement


def _has_landed(view: LocalView, commit: CommitId) -> bool:
    tip = view.trusted.revision
    return commit == tip or view.repository.objects.descends(tip, commit)


def _fork(repository: Repository, head: CommitId, protected: CommitId) -> CommitId:
    """The newest commit of the head's first-parent line that the protected ref already has."""
    commit = head
    while commit != protected and not repository.objects.descends(protected, commit):
        parents = repository.objects.commit(commit)[1].parents
        if not parents:
            break
        commit = parents[0]
    return commit
