"""What the trust ref is judged from: the root keys in force, and the revision where judging begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gitwarrant.audit.queries import TRUST, remembered_roots, trusted_revision
from gitwarrant.audit.recorder import Recorder
from gitwarrant.git.reading import Repository
from gitwarrant.model.canonical import plain
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import TrustRoot
from gitwarrant.model.manifest import Json
from gitwarrant.model.record import RecordKind
from gitwarrant.model.statement import Roots
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.memory import Memory
from gitwarrant.pipeline.trusting import rules_at
from gitwarrant.trust.checkpoints import Anchor, Checkpoints, checkpoints, newest
from gitwarrant.trust.roots import Succession, configured, governed, roots_digest, succession


@dataclass(frozen=True, slots=True)
class Start:
    """What is proven from where: the root of trust in force, and the newest revision that needs no proof."""

    root: TrustRoot
    """With the keys in force; `trusted_at` is the newest checkpoint, or as given where there is none."""
    since: CommitId
    """That, or how far the log has come."""
    succession: Succession
    checkpoints: Checkpoints


def start(
    repository: Repository,
    root: TrustRoot,
    tip: CommitId,
    statements: Sequence[SignedStatement],
    *,
    roots: Roots | None,
    trusted: CommitId | None,
    witnessed: Witnessed,
    now: datetime,
) -> Start:
    """Find the roots in force, then where to begin: the newest of log, configuration and checkpoints.

    Args:
        root: as the configuration gives it.
        tip: of the trust ref.
        roots, trusted: what the log knows; None: nothing.

    Raises:
        Refused: by verify: log and configuration contradict each other, or
            nothing says where trust begins.
    """
    governing, followed = in_force(root, statements, roots=roots, witnessed=witnessed, now=now)
    found = checkpoints(statements, governing, witnessed=witnessed, now=now)
    origin = _checkpointed(repository, tip, root.trusted_at, found.accepted) or root.trusted_at
    since = _later(repository, trusted, origin)
    if origin is None or since is None:
        raise _nowhere(governing, found)
    return Start(replace(governing, trusted_at=origin), since, followed, found)


def start_by_log(
    recorder: Recorder,
    memory: Memory,
    given: TrustRoot,
    repository: Repository,
    tip: CommitId,
    *,
    now: datetime,
) -> tuple[TrustRoot, CommitId]:
    """The root of trust in force, and where to begin, by what a log knows; new root keys are recorded first.

    Raises:
        Refused: see `start`.
    """
    statements = repository.statements()
    begun = start(
        repository,
        given,
        tip,
        statements,
        roots=remembered_roots(recorder),
        trusted=trusted_revision(recorder),
        witnessed=memory.of_statements(given.trust_ref, statements),
        now=now,
    )
    for roots in begun.succession.steps:
        recorder.append(RecordKind.ROOTS_CHANGED, TRUST, roots_body(roots))
    return begun.root, begun.since


def roots_body(roots: Roots) -> dict[str, Json]:
    """The body of a `roots-changed` record."""
    return {"version": roots.version, "digest": roots_digest(roots), "roots": plain(roots)}


def in_force(
    root: TrustRoot,
    statements: Sequence[SignedStatement],
    *,
    roots: Roots | None,
    witnessed: Witnessed,
    now: datetime,
) -> tuple[TrustRoot, Succession]:
    """The root of trust with the keys in force, and how they came to be; needs no history.

    Raises:
        Refused: by verify: log and configuration contradict each other.
    """
    followed = succession(
        configured(root),
        roots,
        statements,
        repository=root.repository,
        witnessed=witnessed,
        now=now,
    )
    return governed(root, followed.roots), followed


def _later(repository: Repository, known: CommitId | None, origin: CommitId | None) -> CommitId | None:
    """Where the log stands, unless the origin descends from there with rules that are not older."""
    if known is None or origin is None or known == origin:
        return known or origin
    present = repository.objects.has(known) and repository.objects.has(origin)
    if not present or not repository.objects.descends(origin, known):
        return known
    before, after = (_version(repository, commit) for commit in (known, origin))
    return origin if after is not None and after >= (before or 0) else known


def _checkpointed(
    repository: Repository, tip: CommitId, given: CommitId | None, accepted: Sequence[Anchor]
) -> CommitId | None:
    """The newest checkpoint on the way from the given revision to the tip; None: there is none."""
    if not accepted or given == tip:
        return None
    if given is not None and not repository.objects.has(given):
        return None  # that it is missing is said where the change is gathered
    lowest = (_version(repository, given) or 0) if given else 0
    line = repository.first_parents(tip, given)
    found = newest(accepted, line, lambda commit: _version(repository, commit), lowest=lowest)
    if found is None or given is None:
        return found
    return found if found != given and repository.objects.descends(found, given) else None


def _version(repository: Repository, commit: CommitId) -> int | None:
    try:
        return rules_at(repository, commit).policy.version
    except Refused:
        return None


def _nowhere(root: TrustRoot, found: Checkpoints) -> Refused:
    waiting = "".join(f"; {awaited}" for awaited in found.awaited)
    elsewhere = "; those that are signed are not on the line of the ref" if found.accepted else waiting
    return Refused(
        f"nothing says where trust in {root.trust_ref} begins: the configuration has no 'root.trusted_at', "
        f"and no checkpoint counts that {root.threshold} of the root holders signed{elsewhere}",
        stage="verify",
        remedy="let the root holders sign one (gitwarrant trust checkpoint), or write 'root.trusted_at'",
    )
