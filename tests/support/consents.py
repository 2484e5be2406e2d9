"""What root holders sign: changes of the roots and checkpoints, in one line each."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from gitwarrant.model.canonical import encode
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.identity import RootKey
from gitwarrant.model.statement import STATEMENT_NAMESPACE, AnyStatement, Checkpoint, RootChange, Roots
from gitwarrant.trust.roots import ordered, roots_digest
from tests.support.chain import DAY, MAIN, NOW, REPOSITORY, public_key, sign


def signed(value: AnyStatement, key: str) -> SignedStatement:
    body = encode(value)
    return SignedStatement(body, sign(key, body, STATEMENT_NAMESPACE))


def nonce(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def roots(*holders: str, threshold: int = 2, version: int = 1, after: Roots | None = None) -> Roots:
    """Roots of these holders, each with the key of his name (or `holder=key`)."""
    keys = [RootKey(name.partition("=")[0], public_key(name.rpartition("=")[2])) for name in holders]
    number, previous = (after.version + 1, roots_digest(after)) if after else (version, "")
    return Roots(number, ordered(keys), threshold, previous)


def change(
    proposed: Roots,
    by: str,
    *,
    key: str = "",
    repository: str = REPOSITORY,
    made: datetime = NOW - DAY,
    lives: timedelta = 30 * DAY,
) -> SignedStatement:
    value = RootChange(by, repository, proposed, made, made + lives, nonce(by, key, proposed, made))
    return signed(value, key or by)


def changes(proposed: Roots, *by: str) -> list[SignedStatement]:
    """Consents of several, each `holder` or `holder=key`."""
    return [change(proposed, name.partition("=")[0], key=name.rpartition("=")[2]) for name in by]


def checkpoint(
    commit: str,
    by: str,
    *,
    key: str = "",
    version: int = 1,
    ref: str = MAIN,
    made: datetime = NOW - DAY,
    lives: timedelta = 30 * DAY,
) -> SignedStatement:
    value = Checkpoint(by, REPOSITORY, ref, CommitId(commit), version, made, made + lives, nonce(by, commit))
    return signed(value, key or by)


def checkpoints(commit: str, *by: str, version: int = 1) -> Sequence[SignedStatement]:
    return [checkpoint(commit, name, version=version) for name in by]
