"""Statements: making them, and judging what one found in Git says and covers.

A statement counts when every sentence below holds; each has its reason, which
is shown to the person who wonders why an approval does not count.

1. Its bytes are the canonical form of a statement, of bounded size.
2. It is about this repository and this ref.
3. Its signature is an SSHSIG in the namespace of statements: neither a commit's
   nor a file's signature passes.
4. The key belongs to the identity it names, and may sign now. Statements carry
   no trusted time of their own, so an expired key never speaks again.
5. It was not made in the future, is not expired, and was not made to live
   longer than `MAX_LIFETIME`.
6. Only a person approves.
7. It covers landings of this change (`covered`).
8. Nobody used its nonce for another statement that already counts.

Not checked here: whether the identity is entitled or enough (verify), and
whether the statement was used for an earlier, already deployed change.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from gitwarrant.model.canonical import Digest, NotCanonical, decode, sha256
from gitwarrant.model.change import (
    OBJECT_ID,
    Change,
    CommitId,
    PathChange,
    SignedStatement,
    TreeId,
    compose,
    diff_digest,
)
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, Purpose
from gitwarrant.model.statement import STATEMENT_NAMESPACE, Bind, Statement, StatementKind
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.ownership import doubt, owner_of
from gitwarrant.trust.proven import NamedKey, Proven
from gitwarrant.trust.sshsig import BadSignature, examine

MAX_STATEMENT_BYTES = 16 * 1024  # ten times the longest that people can make
MAX_LIFETIME = timedelta(days=90)  # an approval older than a quarter was for another world
MAX_SKEW = timedelta(minutes=5)  # how far a person's clock may be ahead of ours
MAX_INTERVAL = 100  # landings that one approval bound by `diff` may span; each costs a digest
NONCE = re.compile(r"[0-9a-f]{32}")  # 128 bits: never drawn twice
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


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
    now: datetime,
    lifetime: timedelta,
    nonce: bytes,
) -> Statement:
    """Make a statement; `canonical.encode` gives the bytes to sign in `STATEMENT_NAMESPACE`.

    Args:
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
    key: NamedKey
    identity: Identity
    landings: range
    hardware: Hardware = Hardware.NONE


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


class Intervals:
    """Where statements lie in a change's chain. Digests are computed when first asked for, once."""

    def __init__(self, change: Change) -> None:
        self._landings = change.landings
        self._starts = {landing.parent: place for place, landing in enumerate(change.landings)}
        self._single: dict[Digest, int] | None = None
        self._from: dict[int, dict[Digest, int]] = {}

    def covered(self, statement: Statement) -> range:
        """The landings that a statement covers; empty when it covers none.

        Bound by tree: from `from_commit` to the first landing with exactly that
        tree, if the difference between them is the one that was signed. Bound
        by diff: from `from_commit` to the first landing where the difference so
        far is the one that was signed; else the first landing anywhere that
        makes exactly this difference, so that an approval survives unrelated
        merges before it. Each statement covers one place, so landing the same
        difference again after a revert needs a new one.
        """
        start = self._starts.get(statement.from_commit)
        if statement.bind is Bind.TREE:
            return self._to_tree(start, statement) if start is not None else range(0)
        if start is not None:
            end = self._differences(start).get(statement.diff)
            if end is not None:
                return range(start, end + 1)
        place = self._singles().get(statement.diff)
        return range(0) if place is None else range(place, place + 1)

    def _to_tree(self, start: int, statement: Statement) -> range:
        for end in range(start, len(self._landings)):
            if self._landings[end].tree == statement.to_tree:
                difference = compose([landing.changes for landing in self._landings[start : end + 1]])
                return range(start, end + 1) if diff_digest(difference) == statement.diff else range(0)
        return range(0)

    def _differences(self, start: int) -> dict[Digest, int]:
        """From the digest of the difference so far to the first landing that reaches it."""
        if start not in self._from:
            reached: dict[Digest, int] = {}
            so_far: tuple[PathChange, ...] = ()
            for end in range(start, min(start + MAX_INTERVAL, len(self._landings))):
                so_far = compose([so_far, self._landings[end].changes])
                reached.setdefault(diff_digest(so_far), end)
            self._from[start] = reached
        return self._from[start]

    def _singles(self) -> dict[Digest, int]:
        if self._single is None:
            self._single = {}
            for place, landing in enumerate(self._landings):
                self._single.setdefault(diff_digest(landing.changes), place)
        return self._single


def judge_all(
    change: Change, registry: Registry, intervals: Intervals, *, now: datetime
) -> tuple[Judged, ...]:
    """Judge all statements that came with a change; the same bytes found twice are one statement."""
    unique: dict[Digest, Judged] = {}
    for signed in change.statements:
        judged = judge(signed, change, registry, intervals, now=now)
        if isinstance(judged, Counted) or judged.digest not in unique:
            unique[judged.digest] = judged  # a copy with a broken signature does not hide the good one
    return _one_per_nonce(tuple(unique.values()))


def judge(
    signed: SignedStatement, change: Change, registry: Registry, intervals: Intervals, *, now: datetime
) -> Judged:
    """Judge one statement against a change. Never raises: what does not count says why."""
    statement: Statement | None = None
    digest = sha256(signed.body)
    try:
        statement = read(signed.body)
        _about_this(statement, change)
        proven = _signed(signed)
        identity = _own(statement, proven, registry, now)
        _in_time(statement, now)
        landings = intervals.covered(statement)
        if not landings:
            raise _Reason("it is for other content: no landing here makes the difference it was signed for")
    except (_Reason, NotCanonical) as error:
        reason = error.what if isinstance(error, NotCanonical) else str(error)
        return Ignored(statement, digest, reason)
    return Counted(statement, digest, proven.key, identity, landings, proven.hardware)


def read(body: bytes) -> Statement:
    """Read a statement's bytes (1). Nothing in it is proven.

    Raises:
        NotCanonical: too large, not the canonical form, or a field is not of its form.
    """
    if len(body) > MAX_STATEMENT_BYTES:
        raise NotCanonical(f"{len(body)} bytes exceed a statement's limit of {MAX_STATEMENT_BYTES}")
    statement = decode(Statement, body)
    ids = (statement.from_commit, statement.to_tree)
    if not all(OBJECT_ID.fullmatch(id_) for id_ in ids) or not DIGEST.fullmatch(statement.diff):
        raise NotCanonical("a statement's commit, tree or digest is not written as one")
    if not (statement.identity + statement.repository + statement.ref).isprintable():
        raise NotCanonical("a statement names something with characters that cannot be shown")
    if not NONCE.fullmatch(statement.nonce):
        raise NotCanonical("a statement's nonce is not 32 hexadecimal digits")
    return statement


def _about_this(statement: Statement, change: Change) -> None:  # 2
    if statement.repository != change.repository:
        raise _Reason(f"it is for repository {statement.repository!r}, not {change.repository!r}")
    if statement.ref != change.ref:
        raise _Reason(f"it is for {statement.ref!r}, not {change.ref!r}")


def _signed(signed: SignedStatement) -> Proven:  # 3
    try:
        return _verified(signed)
    except BadSignature as error:
        raise _Reason(error.what) from error


@lru_cache(maxsize=1024)
def _verified(signed: SignedStatement) -> Proven:
    """Cached: on the trust ref, one statement is judged by the policy of each landing."""
    return examine(signed.signature, signed.body, STATEMENT_NAMESPACE)


def _own(statement: Statement, proven: Proven, registry: Registry, now: datetime) -> Identity:  # 4 and 6
    key = proven.key
    owner = owner_of(proven, registry)
    if owner is None:
        raise _Reason(f"nobody here owns the key {key.fingerprint} that signed it")
    if owner.identity.name != statement.identity:
        raise _Reason(f"it was signed by a key of {owner.identity.name!r}")
    what, problem = doubt(proven, owner, registry, at=now, purpose=Purpose.STATEMENTS)
    if what:
        raise _Reason(f"its {what} {key.fingerprint} {problem}")
    if statement.kind is StatementKind.APPROVE and owner.identity.kind is not IdentityKind.PERSON:
        raise _Reason("a bot cannot approve")
    return owner.identity


def _in_time(statement: Statement, now: datetime) -> None:  # 5
    if statement.made > now + MAX_SKEW:
        raise _Reason(f"it says it was made in the future, at {statement.made:%Y-%m-%d %H:%M}")
    if statement.expires <= now:
        raise _Reason(f"it expired {statement.expires:%Y-%m-%d %H:%M}")
    if statement.expires - statement.made > MAX_LIFETIME:
        raise _Reason(f"it was made to live longer than {MAX_LIFETIME.days} days")


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
