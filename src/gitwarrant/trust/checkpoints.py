"""Where a verifier that remembers nothing may begin: revisions that the root's threshold calls trusted.

Keys are judged when a commit was first seen, and who begins today sees
everything today: without a checkpoint he refuses what was signed with keys that
expired since. A checkpoint is no way around the rules: it takes the same
holders who may change them. Source: docs/trust-protocol.md, 8.1.

Not checked here: that a commit is on the ref's line (pipeline, from objects).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.identity import TrustRoot
from gitwarrant.model.statement import Checkpoint
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.consents import Consent, Quorum, Wanted, alive, completed, gather, hear, wanted

MAX_CHECKPOINT_LIFETIME = timedelta(days=366)
"""Longer than a statement's: who begins anew within a year of the last checkpoint still can."""

MAX_SHOWN = 20  # checkpoints that wait; more are somebody's mischief


@dataclass(frozen=True, slots=True, order=True)
class Anchor:
    """A revision of a ref, with the version of the policy there."""

    commit: CommitId
    version: int


@dataclass(frozen=True, slots=True)
class Awaited:
    """A checkpoint that does not count yet, and whose consent is missing."""

    anchor: Anchor
    signed: frozenset[str]
    wanted: tuple[Wanted, ...]

    def __str__(self) -> str:
        missing = " and ".join(map(str, self.wanted))
        return f"the checkpoint at {self.anchor.commit[:12]} does not count: {missing}"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The revisions that enough holders call trusted, and those that wait for more of them."""

    accepted: tuple[Anchor, ...]
    awaited: tuple[Awaited, ...]


def checkpoints(
    statements: Iterable[SignedStatement], root: TrustRoot, *, witnessed: Witnessed, now: datetime
) -> Checkpoints:
    """Find the checkpoints of the trust ref, under the roots in force."""
    hearing = hear(statements, root.repository, witnessed=witnessed, now=now)
    quorum = [Quorum("present", root.keys, root.threshold)]
    consents = gather(Checkpoint, hearing, quorum, longest=MAX_CHECKPOINT_LIFETIME)
    about: dict[Anchor, list[Consent[Checkpoint]]] = {}
    for item in consents:
        if item.value.ref == root.trust_ref:
            about.setdefault(Anchor(item.value.commit, item.value.version), []).append(item)
    accepted = [anchor for anchor, same in about.items() if completed(same, quorum)]
    awaited = [
        Awaited(anchor, frozenset(item.value.identity for item in standing), wanted(standing, quorum))
        for anchor, same in about.items()
        if anchor not in accepted and (standing := alive(same, now))
    ]
    awaited.sort(key=lambda item: (-len(item.signed), item.anchor))
    return Checkpoints(tuple(sorted(accepted)), tuple(awaited[:MAX_SHOWN]))


def newest(
    accepted: Iterable[Anchor],
    line: Iterable[CommitId],
    version_at: Callable[[CommitId], int | None],
    *,
    lowest: int,
) -> CommitId | None:
    """The newest accepted revision of a line; None: there is none.

    Args:
        line: the ref's first-parent line, newest first; read only as far as needed.
        version_at: the policy's version at an accepted commit; None: it cannot be read.
        lowest: the version that is trusted already: the policy's version only grows.
    """
    known = frozenset(accepted)
    commits = {anchor.commit for anchor in known}
    for commit in line:
        if commit in commits:
            version = version_at(commit)
            if version is not None and version >= lowest and Anchor(commit, version) in known:
                return commit
    return None
