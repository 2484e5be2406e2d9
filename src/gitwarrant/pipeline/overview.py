"""What somebody wants to know about trust as a whole: who holds what, until when, and what waits for whom."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.audit.queries import TRUST, remembered_roots, trusted_revision
from gitwarrant.audit.recorder import Selection
from gitwarrant.config.agent import Agent
from gitwarrant.git.clone import Clone
from gitwarrant.git.reading import Repository
from gitwarrant.model.canonical import sha256
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.identity import Key, TrustPolicy, TrustRoot
from gitwarrant.model.record import RecordKind
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.local import LocalView, tracked
from gitwarrant.pipeline.notices import WARNINGS, days_left
from gitwarrant.pipeline.starting import Start, in_force, start
from gitwarrant.pipeline.trusting import rules_at
from gitwarrant.trust.checkpoints import Checkpoints, checkpoints
from gitwarrant.trust.freshness import Asked, Beat, Doubt, Pulse, judge
from gitwarrant.trust.identities import Registry, readable, unfit
from gitwarrant.trust.negatives import negatives
from gitwarrant.trust.roots import Succession

SOON = timedelta(days=max(WARNINGS))


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key and whether it may sign now: `valid`, `expiring` (within 30 days), or `unfit`, with why."""

    fingerprint: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class PersonState:
    """A person or a bot with all keys."""

    name: str
    kind: str
    teams: tuple[str, ...]
    keys: tuple[KeyState, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Trust as it stands."""

    root: TrustRoot
    """With the keys in force."""
    revision: CommitId
    """How far the trust ref is trusted."""
    since: datetime | None
    """When the log came that far; None: asked in a clone, or never recorded."""
    begins: CommitId
    """The newest checkpoint, or the revision that the configuration gives."""
    policy: TrustPolicy
    days: int | None
    """30, 7 or 1: the rules expire within so many days; 0: they have."""
    people: tuple[PersonState, ...]
    beats: tuple[Beat, ...]
    doubts: tuple[Doubt, ...]
    pending: tuple[str, ...]
    """Changes of the roots and checkpoints that do not count yet, with who is missing."""


@dataclass(frozen=True, slots=True)
class RootView:
    """A clone as root holders need it: nothing of its history has to prove itself."""

    clone: Clone
    repository: Repository
    root: TrustRoot
    succession: Succession
    checkpoints: Checkpoints
    tip: CommitId


def roots_of(clone: Clone, agent: Agent, *, now: datetime) -> RootView:
    """The roots in force in a clone, and what is proposed.

    Raises:
        Refused: the configuration contradicts what was signed, or the clone bends history.
        GitwarrantError: the clone has no trust ref.
    """
    repository = clone.reading()
    statements = repository.statements()
    root, followed = in_force(agent.root, statements, roots=None, witnessed=Witnessed(), now=now)
    found = checkpoints(statements, root, witnessed=Witnessed(), now=now)
    return RootView(clone, repository, root, followed, found, tracked(clone, root.trust_ref))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What an overview is made of, from a clone or from a log."""

    repository: Repository
    agent: Agent
    begun: Start
    revision: CommitId
    policy: TrustPolicy
    since: datetime | None
    statements: tuple[SignedStatement, ...]
    pulses: Mapping[str, Pulse]
    now: datetime


def of_clone(view: LocalView, *, now: datetime) -> Overview:
    """Trust as a clone sees it: as of what was fetched last, without a log."""
    return _overview(
        _Seen(
            repository=view.repository,
            agent=view.agent,
            begun=view.start,
            revision=view.trusted.revision,
            policy=view.trusted.config.policy,
            since=None,
            statements=view.repository.statements(),
            pulses={},
            now=now,
        )
    )


def of_agent(work: Delivery) -> Overview:
    """Trust as an agent's log knows it, without asking the Git server.

    Raises:
        Refused: the rules that were trusted cannot be read.
        GitwarrantError: this agent has not looked at the repository yet.
    """
    revision = trusted_revision(work.recorder) or work.agent.root.trusted_at
    if revision is None or not work.quarantine.exists():
        raise GitwarrantError(
            "this agent has not looked at the repository yet", remedy="start it: gitwarrant run --rounds 1"
        )
    repository = Repository(work.quarantine)
    statements = repository.statements()
    begun = start(
        repository,
        work.agent.root,
        revision,
        statements,
        roots=remembered_roots(work.recorder),
        trusted=revision,
        witnessed=work.memory.recalled(statements),
        now=work.now(),
    )
    return _overview(
        _Seen(
            repository=repository,
            agent=work.agent,
            begun=begun,
            revision=revision,
            policy=rules_at(repository, revision).policy,
            since=_since(work),
            statements=(*statements, *work.memory.negatives()),
            pulses=work.pulses.last,
            now=work.now(),
        )
    )


def _since(work: Delivery) -> datetime | None:
    newest = Selection(frozenset({RecordKind.TRUST_ADVANCED}), TRUST, newest_first=True)
    return next((record.time for record in work.recorder.read(0, newest)), None)


def _overview(seen: _Seen) -> Overview:
    begun = seen.begun
    beats, doubts = _fresh(seen)
    return Overview(
        root=begun.root,
        revision=seen.revision,
        since=seen.since,
        begins=begun.root.trusted_at or begun.since,
        policy=seen.policy,
        days=days_left(seen.policy.expires, seen.now),
        people=tuple(_people(seen.policy, begun.root, seen.statements, seen.now)),
        beats=beats,
        doubts=doubts,
        pending=(*map(str, begun.succession.pending), *map(str, begun.checkpoints.awaited)),
    )


def _fresh(seen: _Seen) -> tuple[tuple[Beat, ...], tuple[Doubt, ...]]:
    root, wanted = seen.begun.root, seen.agent.freshness
    shown = {heart.name: seen.repository.heartbeat(heart.name) for heart in wanted.hearts}
    asked = Asked(
        repository=root.repository,
        tips={root.trust_ref: seen.revision},
        contains=seen.repository.contains,
        negatives=frozenset(sha256(signed.body) for signed in seen.statements),
        max_age=wanted.max_age,
        now=seen.now,
    )
    found = {name: beat for name, beat in shown.items() if beat is not None}
    return judge(found, wanted.hearts, seen.pulses, asked)


def _people(
    policy: TrustPolicy, root: TrustRoot, statements: Iterable[SignedStatement], now: datetime
) -> Iterator[PersonState]:
    registry = Registry(policy, root.keys)
    taken = negatives(statements, root.repository, registry)
    registry = registry.revoking(taken.revoked)
    for identity in policy.identities:
        keys = tuple(_key(registry, key, now) for key in identity.keys)
        yield PersonState(identity.name, identity.kind.value, tuple(sorted(identity.teams)), keys)


def _key(registry: Registry, key: Key, now: datetime) -> KeyState:
    try:
        named = readable(key)
    except Refused as error:
        return KeyState("", "unfit", error.what)
    purpose = min(key.purposes, key=lambda one: one.value)
    problem = registry.revoked(named.fingerprint, now) or unfit(key, now, purpose)
    if problem:
        return KeyState(named.fingerprint, "unfit", problem)
    if key.not_after and key.not_after <= now + SOON:
        return KeyState(named.fingerprint, "expiring", f"expires {key.not_after:%Y-%m-%d %H:%M}")
    return KeyState(named.fingerprint, "valid", f"until {key.not_after:%Y-%m-%d}" if key.not_after else "")
