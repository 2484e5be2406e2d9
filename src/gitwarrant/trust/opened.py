"""Open what somebody signed: bounded bytes in canonical form, of a known type, with a right signature.

Nothing more is proven than that the holder of a key signed these bytes: whose
key it is, whether it may sign, and whether what is said counts, is for the one
who asks. Source: docs/trust-protocol.md, section 3.
"""

import re
import typing
from dataclasses import dataclass
from functools import lru_cache

from gitwarrant.model.canonical import TAG, Digest, NotCanonical, decode, loads, sha256
from gitwarrant.model.change import OBJECT_ID, SignedStatement
from gitwarrant.model.statement import (
    ABOUT_A_COMMIT,
    HEARTBEAT_NAMESPACE,
    STATEMENT_NAMESPACE,
    AnyStatement,
    Checkpoint,
    Heartbeat,
    Order,
    RootChange,
    Statement,
    Withdrawal,
)
from gitwarrant.trust.proven import NamedKey, Proven
from gitwarrant.trust.sshsig import BadSignature, examine

MAX_STATEMENT_BYTES = 16 * 1024  # ten times the longest that people can make
NONCE = re.compile(r"[0-9a-f]{32}")  # 128 bits: never drawn twice
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TYPES = {kind.__name__: kind for kind in typing.get_args(AnyStatement)}


class NotAStatement(NotCanonical):
    """Bytes that are no statement, or none that this key signed: left out, with the reason."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A statement that the holder of a key signed. What it says is not judged yet."""

    value: AnyStatement
    digest: Digest
    proven: Proven
    mark: Digest
    """By what a log remembers it: its bytes together with the signature over them.

    Anybody can show the bytes before the key's holder, or whoever stole the key
    later, signs them: the bytes alone must not have a first-seen time.
    """

    @property
    def key(self) -> NamedKey:
        """The key that signed it."""
        return self.proven.key


def open_statement(signed: SignedStatement) -> Opened:
    """Read a statement and verify its signature.

    Raises:
        NotAStatement: too large, no statement, not in its one form, or the signature is wrong.
    """
    opened = _opened(signed)
    if isinstance(opened, NotCanonical):
        raise NotAStatement(opened.what)
    return opened


def mark_of(signed: SignedStatement) -> Digest | None:
    """By what a log remembers a signed statement (`Opened.mark`); None: nobody signed it."""
    opened = _opened(signed)
    return opened.mark if isinstance(opened, Opened) else None


@lru_cache(maxsize=16_384)
def _opened(signed: SignedStatement) -> Opened | NotCanonical:
    """Cached: on the trust ref, the policy of every landing judges each statement, round after round."""
    try:
        value, digest = read(signed.body), sha256(signed.body)
        mark = sha256(f"{digest} {sha256(signed.signature)}".encode())
        return Opened(value, digest, _proven(signed, STATEMENT_NAMESPACE), mark)
    except NotCanonical as error:
        return error


def open_heartbeat(signed: SignedStatement) -> tuple[Heartbeat, NamedKey]:
    """Read a heartbeat and verify its signature, made in its own namespace.

    Raises:
        NotAStatement: as for `open_statement`.
    """
    return read_heartbeat(signed.body), _proven(signed, HEARTBEAT_NAMESPACE).key


def read_heartbeat(body: bytes) -> Heartbeat:
    """Read a heartbeat's bytes. Nothing in it is proven.

    Raises:
        NotCanonical: too large, not the canonical form of a heartbeat, or a field is not of its form.
    """
    _bound(body, MAX_STATEMENT_BYTES * 64)  # it lists all withdrawals
    heartbeat = decode(Heartbeat, body)
    ids = [tip.commit for tip in heartbeat.refs]
    if not all(map(OBJECT_ID.fullmatch, ids)) or not all(map(DIGEST.fullmatch, heartbeat.negatives)):
        raise NotAStatement("a heartbeat's commit or digest is not written as one")
    in_order = (tuple(sorted(set(heartbeat.refs))), tuple(sorted(set(heartbeat.negatives))))
    if (heartbeat.refs, heartbeat.negatives) != in_order:
        raise NotAStatement("a heartbeat's lists are not sorted, or name something twice")
    _check_names(heartbeat.repository, heartbeat.nonce, *(tip.ref for tip in heartbeat.refs))
    return heartbeat


def read(body: bytes) -> AnyStatement:
    """Read a statement's bytes, of whichever type. Nothing in it is proven.

    Raises:
        NotCanonical: too large, not the canonical form of a statement, or a field is not of its form.
    """
    _bound(body, MAX_STATEMENT_BYTES)
    data = loads(body)
    kind = TYPES.get(str(data.get(TAG))) if isinstance(data, dict) else None
    if kind is None:
        raise NotAStatement("it is not of a type that is a statement")
    value = typing.cast("AnyStatement", decode(kind, body))
    _check_names(value.repository, value.nonce, value.identity)
    _check_form(value)
    return value


def _proven(signed: SignedStatement, namespace: str) -> Proven:
    try:
        return examine(signed.signature, signed.body, namespace)
    except BadSignature as error:
        raise NotAStatement(error.what) from error


def _bound(body: bytes, limit: int) -> None:
    if len(body) > limit:
        raise NotAStatement(f"{len(body)} bytes exceed a statement's limit of {limit}")


def _check_names(repository: str, nonce: str, *names: str) -> None:
    if not "".join((repository, *names)).isprintable():
        raise NotAStatement("a statement names something with characters that cannot be shown")
    if not NONCE.fullmatch(nonce):
        raise NotAStatement("a statement's nonce is not 32 hexadecimal digits")


def _check_form(value: AnyStatement) -> None:
    """Ids, digests and texts of each type are written as such."""
    match value:
        case Statement():
            ids = [value.from_commit, value.to_tree]
            digests, texts = [value.diff], [value.ref, value.environment]
        case Withdrawal():
            ids, digests, texts = [], [value.statement], [value.reason]
        case Order():
            ids = [value.commit] if value.kind in ABOUT_A_COMMIT or value.commit else []
            digests, texts = [], [value.environment, value.reason, value.incident]
        case Checkpoint():
            ids, digests, texts = [value.commit], [], [value.ref]
        case RootChange():
            roots = value.roots
            ids, digests = [], [Digest(roots.previous)] if roots.previous else []
            texts = [part for key in roots.keys for part in (key.holder, key.public)]
        case _:
            ids, digests, texts = [], [], [value.fingerprint, value.reason]
    if not all(map(OBJECT_ID.fullmatch, ids)) or not all(map(DIGEST.fullmatch, digests)):
        raise NotAStatement("a statement's commit, tree or digest is not written as one")
    if not "".join(texts).isprintable():
        raise NotAStatement("a statement says something with characters that cannot be shown")
