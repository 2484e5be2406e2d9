"""What is signed besides commits: statements about intervals, and what bounds, withdraws or renews trust.

Each is one value whose canonical bytes are signed by one key. Their types are
told apart by the bytes themselves (`is`). Source: docs/trust-protocol.md, section 3.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId, TreeId
from gitwarrant.model.identity import RootKey

STATEMENT_NAMESPACE = "gitwarrant-statement"
"""The SSHSIG namespace of statements: a signature over a commit can never pass as one."""

STATEMENT_REFS = "refs/gitwarrant/statements/"
"""Where statements lie in Git: one ref each, named by the SHA-256 of the statement's bytes."""

HEARTBEAT_NAMESPACE = "gitwarrant-heartbeat"
"""The SSHSIG namespace of heartbeats: their keys lie on machines and must sign nothing else."""

HEARTBEAT_REFS = "refs/gitwarrant/heartbeats/"
"""Where heartbeats lie in Git: one ref for each heart, moved by each beat."""


class StatementKind(Enum):
    """`author`: I wrote this. `approve`: I read this and accept it."""

    AUTHOR = "author"
    APPROVE = "approve"


class Bind(Enum):
    """`diff` covers these path changes wherever they land; `tree` covers the exact result."""

    DIFF = "diff"
    TREE = "tree"


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an identity about the interval from `from_commit` to `to_tree` of one ref.

    `diff` digests the path changes of the interval (`change.diff_digest`).
    """

    kind: StatementKind
    identity: str
    repository: str
    ref: str
    environment: str
    """The one environment it speaks for; empty: wherever the ref is deployed."""
    from_commit: CommitId
    to_tree: TreeId
    bind: Bind
    diff: Digest
    made: datetime
    expires: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A statement no longer counts. Never expires."""

    identity: str
    repository: str
    statement: Digest
    reason: str
    made: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class KeyRevocation:
    """A key no longer signs; what was first seen before `compromised_since` stands; without it nothing."""

    identity: str
    repository: str
    fingerprint: str
    compromised_since: datetime | None
    reason: str
    made: datetime
    nonce: str


class OrderKind(Enum):
    """`break-glass` lets one revision pass without approvals, once its alarm was acknowledged.

    `rollback` brings an environment back to one revision and holds it there until `release`.
    """

    SUSPEND = "suspend"
    RESUME = "resume"
    BREAK_GLASS = "break-glass"
    ROLLBACK = "rollback"
    RELEASE = "release"


ABOUT_A_COMMIT = frozenset({OrderKind.BREAK_GLASS, OrderKind.ROLLBACK})
"""The orders that name a revision."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator says about an environment, until it expires."""

    kind: OrderKind
    identity: str
    repository: str
    environment: str
    commit: str
    """`break-glass`: the one revision that it lets through; `rollback`: the one to return to; else empty."""
    reason: str
    incident: str
    made: datetime
    expires: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class Roots:
    """The root keys of a repository at one version; `previous` digests the ones before (first: empty)."""

    version: int
    keys: tuple[RootKey, ...]
    threshold: int
    previous: str


@dataclass(frozen=True, slots=True)
class RootChange:
    """A root holder's consent that these roots follow the ones before."""

    identity: str
    repository: str
    roots: Roots
    made: datetime
    expires: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A root holder's word that a ref is trusted at a commit, with the policy's version there."""

    identity: str
    repository: str
    ref: str
    commit: CommitId
    version: int
    made: datetime
    expires: datetime
    nonce: str


@dataclass(frozen=True, slots=True, order=True)
class RefTip:
    """A ref and where it was."""

    ref: str
    commit: CommitId


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a heart saw of a repository: its refs, and all withdrawals and revocations."""

    repository: str
    refs: tuple[RefTip, ...]
    negatives: tuple[Digest, ...]
    sequence: int
    made: datetime
    nonce: str


AnyStatement: TypeAlias = Statement | Withdrawal | KeyRevocation | Order | RootChange | Checkpoint
"""Everything that is signed in `STATEMENT_NAMESPACE`."""
