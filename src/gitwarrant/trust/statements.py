"""Statements: making them, and judging what one found in Git says and covers.

A statement counts when every sentence below holds; each has its reason, which
is shown to the person who wonders why an approval does not count.

1. Its bytes are the canonical form of a statement, of bounded size.
2. It is about this repository, this ref, and this environment or any.
3. Its signature is an SSHSIG in the namespace of statements: neither a commit's
   nor a file's signature passes.
4. The key belongs to the identity it names, and was fit when the statement was
   first seen.
5. It was not made in the future, nor to live longer than `MAX_LIFETIME`, and
   was not expired when both it and the landing it covers had been seen.
6. Only a person approves.
7. It covers landings of this change (`covering`).
8. Nobody used its nonce for another statement that already counts.
9. It was not withdrawn, by its maker or by a root holder.
10. It was not spent: no earlier warrant of this environment stood on it.

Not checked here: whether the identity is entitled or enough (landings).
Source: docs/trust-protocol.md, section 5.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.model.canonical import Digest, NotCanonical, sha256
from gitwarrant.model.change import (
    Change,
    CommitId,
    PathChange,
    SignedStatement,
    TreeId,
    diff_digest,
)
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, Purpose
from gitwarrant.model.statement import AnyStatement, Bind, Statement, StatementKind
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.covering import Intervals
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.negatives import Negatives
from gitwarrant.trust.opened import Opened, open_statement, read
from gitwarrant.trust.ownership import doubt, owner_of
from gitwarrant.trust.proven import NamedKey, Proven

MAX_LIFETIME = timedelta(days=90)  # an approval older than a quarter was for another world
MAX_SKEW = timedelta(minutes=5)  # how far a person's clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class Interval:
    """What a statement is about: from a commit of a ref to the tree that comes of it."""

    repository: str
    ref: str
    from_commit: CommitId
    to_tree: TreeId
    changes: tuple[PathChange, ...]


def interval(change: Change) -> Interval:
    """The interval of a whole change.

    Raises:
        ValueError: the change has no landings, so there is nothing to say about it.
    """
    if not change.landings:
        raise ValueError("a change without landings has no interval")
    return Interval(change.repository, change.ref, change.base, change.landings[-1].tree, change.changes)


def make(
    kind: StatementKind,
    identity: str,
    about: Interval,
    *,
    bind: Bind,
    environment: str = "",
    now: datetime,
    lifetime: timedelta,
    nonce: bytes,
) -> Statement:
    """Make a statement; `canonical.encode` gives the bytes to sign in `STATEMENT_NAMESPACE`.

    Args:
        environment: the one it speaks for; empty: wherever the ref is deployed.
        nonce: 16 random bytes.

    Raises:
        ValueError: the nonce has another length, or the lifetime is not
            between nothing and `MAX_LIFETIME`.
    """
    if len(nonce) != 16:
        raise ValueError(f"a nonce has 16 bytes, got {len(nonce)}")
    if not timedelta() < lifetime <= MAX_LIFETIME:
        raise ValueError(f"a lifetime is positive and at most {MAX_LIFETIME.days} days, got {lifetime}")
    return Statement(
        kind=kind,
        identity=identity,
        repository=about.repository,
        ref=about.ref,
        environment=environment,
        from_commit=about.from_commit,
        to_tree=about.to_tree,
        bind=bind,
        diff=diff_digest(about.changes),
        made=now,
        expires=now + lifetime,
        nonce=nonce.hex(),
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """A statement that counts. `landings` are the places it covers in the change's chain, from 0."""

    statement: Statement
    digest: Digest
    proven: Proven
    identity: Identity
    landings: range

    @property
    def key(self) -> NamedKey:
        """The key that signed it."""
        return self.proven.key

    @property
    def hardware(self) -> Hardware:
        """What its signature proves about the device that made it."""
        return self.proven.hardware


@dataclass(frozen=True, slots=True)
class Ignored:
    """A statement that does not count, and why. `statement` is None when it could not even be read."""

    statement: Statement | None
    digest: Digest
    reason: str

    def __str__(self) -> str:
        if self.statement is None:
            return f"statement {self.digest[7:19]} does not count: {self.reason}"
        return (
            f"{self.statement.identity}'s {self.statement.kind.value} statement does not count: {self.reason}"
        )


Judged = Counted | Ignored


class _Reason(Exception):
    """Why a statement does not count."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What statements are judged against: one change for one environment, under one policy."""

    change: Change
    environment: str
    """Name of the environment it would go to; empty: it is judged for its rules only."""
    registry: Registry
    negatives: Negatives
    witnessed: Witnessed
    now: datetime


def judge_all(hearing: Hearing, intervals: Intervals) -> tuple[Judged, ...]:
    """Judge all statements that came with a change; the same bytes found twice are one statement.

    Withdrawals, orders and other types are not about landings: they are left out.
    """
    unique: dict[Digest, Judged] = {}
    for signed in hearing.change.statements:
        judged = judge(signed, hearing, intervals)
        if judged is None:
            continue
        if isinstance(judged, Counted) or judged.digest not in unique:
            unique[judged.digest] = judged  # a copy with a broken signature does not hide the good one
    return _one_per_nonce(tuple(unique.values()))


def judge(signed: SignedStatement, hearing: Hearing, intervals: Intervals) -> Judged | None:
    """Judge one statement against a change; None: it is of another type. What does not count says why."""
    try:
        opened = open_statement(signed)
    except NotCanonical as error:  # 1 and 3
        return _unopened(signed, error)
    statement = opened.value
    if not isinstance(statement, Statement):
        return None
    try:
        _about_this(statement, hearing)
        identity = _own(statement, opened, hearing)
        _standing(statement, opened.digest, hearing)
        landings = intervals.covered(statement)
        if not landings:
            raise _Reason("it is for other content: no landing here makes the difference it was signed for")
        _in_time(statement, opened.mark, landings, hearing)
    except _Reason as reason:
        return Ignored(statement, opened.digest, str(reason))
    return Counted(statement, opened.digest, opened.proven, identity, landings)


def _unopened(signed: SignedStatement, error: NotCanonical) -> Ignored | None:
    """A statement whose signature is wrong still says what it wanted to be, so that its maker is told."""
    try:
        value: AnyStatement | None = read(signed.body)
    except NotCanonical:
        value = None
    if value is not None and not isinstance(value, Statement):
        return None
    return Ignored(value, sha256(signed.body), error.what)


def _about_this(statement: Statement, hearing: Hearing) -> None:  # 2
    change = hearing.change
    if statement.repository != change.repository:
        raise _Reason(f"it is for repository {statement.repository!r}, not {change.repository!r}")
    if statement.ref != change.ref:
        raise _Reason(f"it is for {statement.ref!r}, not {change.ref!r}")
    if statement.environment not in ("", hearing.environment):
        here = f"{hearing.environment!r}" if hearing.environment else "the rules themselves"
        raise _Reason(f"it is for environment {statement.environment!r}, not {here}")


def _own(statement: Statement, opened: Opened, hearing: Hearing) -> Identity:  # 4 and 6
    key, registry = opened.key, hearing.registry
    owner = owner_of(opened.proven, registry)
    if owner is None:
        raise _Reason(f"nobody here owns the key {key.fingerprint} that signed it")
    if owner.identity.name != statement.identity:
        raise _Reason(f"it was signed by a key of {owner.identity.name!r}")
    at = hearing.witnessed.time_of([opened.mark], now=hearing.now)
    what, problem = doubt(opened.proven, owner, registry, at=at, purpose=Purpose.STATEMENTS)
    if what:
        raise _Reason(f"its {what} {key.fingerprint} {problem}")
    if statement.kind is StatementKind.APPROVE and owner.identity.kind is not IdentityKind.PERSON:
        raise _Reason("a bot cannot approve")
    return owner.identity


def _standing(statement: Statement, digest: Digest, hearing: Hearing) -> None:  # 9 and 10
    if hearing.negatives.withdrew(digest, statement.identity):
        raise _Reason("it was withdrawn")
    if digest in hearing.witnessed.spent:
        raise _Reason("it was used: what it speaks for was deployed, and landing it again needs a new one")


def _in_time(statement: Statement, mark: Digest, landings: range, hearing: Hearing) -> None:  # 5
    if statement.made > hearing.now + MAX_SKEW:
        raise _Reason(f"it says it was made in the future, at {statement.made:%Y-%m-%d %H:%M}")
    if statement.expires - statement.made > MAX_LIFETIME:
        raise _Reason(f"it was made to live longer than {MAX_LIFETIME.days} days")
    covered = [hearing.change.landings[place].commit for place in landings]
    if statement.expires <= hearing.witnessed.time_of([mark, *covered], now=hearing.now):
        raise _Reason(f"it expired {statement.expires:%Y-%m-%d %H:%M}")


def _one_per_nonce(judged: Sequence[Judged]) -> tuple[Judged, ...]:  # 8
    """Of one identity's statements with equal nonces keep the one made first; the rest are copies."""
    first: dict[tuple[str, str], Digest] = {}
    for counted in _by_age(judged):
        first.setdefault((counted.statement.identity, counted.statement.nonce), counted.digest)
    kept: list[Judged] = []
    for item in judged:
        if isinstance(item, Counted):
            one = first[item.statement.identity, item.statement.nonce]
            if one != item.digest:
                kept.append(
                    Ignored(item.statement, item.digest, f"its nonce was used by statement {one[7:19]}")
                )
                continue
        kept.append(item)
    return tuple(kept)


def _by_age(judged: Iterable[Judged]) -> list[Counted]:
    counted = [item for item in judged if isinstance(item, Counted)]
    return sorted(counted, key=lambda item: (item.statement.made, item.digest))
