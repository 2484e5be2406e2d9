"""What a person signs about an interval of a repository: `author` or `approve`."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId, TreeId

STATEMENT_NAMESPACE = "gitwarrant-statement"
"""The SSHSIG namespace of statements: a signature over a commit can never pass as one."""

STATEMENT_REFS = "refs/gitwarrant/statements/"
"""Where statements lie in Git: one ref each, named by the SHA-256 of the statement's bytes."""


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
    Its canonical bytes are what is signed, in namespace `gitwarrant-statement`.
    """

    kind: StatementKind
    identity: str
    repository: str
    ref: str
    from_commit: CommitId
    to_tree: TreeId
    bind: Bind
    diff: Digest
    made: datetime
    expires: datetime
    nonce: str
