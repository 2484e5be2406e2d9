"""Judge a developer's own clone: the same stages, asked before anything lands.

Reads the clone's objects, never its work tree. The root of trust comes from the
agent's configuration as everywhere; the rules from the trust ref as last fetched.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gitwarrant.config.agent import Agent
from gitwarrant.git.clone import Clone
from gitwarrant.git.reading import Repository
from gitwarrant.model.authorship import Authorship
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.environment import Environment
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.judge import Previous, Question, everywhere
from gitwarrant.pipeline.starting import Start, start
from gitwarrant.pipeline.trusting import Trusted, rules_at, succeed, touches_rules, trust
from gitwarrant.store.verdicts import VerdictFolder
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


def look(clone: Clone, agent: Agent, *, now: datetime) -> LocalView:
    """Follow the trust ref of a clone, as it was last fetched.

    A clone has no log: to it all keys and statements are as of now. So it begins
    at the newest checkpoint, and what was signed before with keys that expired
    since needs no proof again.

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
    return LocalView(clone, repository, replace(agent, root=begun.root), trusted, begun, verdicts)


def tracked(clone: Clone, ref: str) -> CommitId:
    """The commit of a protected ref as the clone last fetched it."""
    remote = next(iter(clone.remotes()), "")
    branch = ref.removeprefix("refs/heads/")
    return clone.commit(f"refs/remotes/{remote}/{branch}" if remote else ref)


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
