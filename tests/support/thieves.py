"""What can be done by who may push, or has a person's key: any statement, shown, replaced, hidden."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from gitwarrant.demo.forge import Person, run_git
from gitwarrant.git.reading import Repository
from gitwarrant.git.statements import store
from gitwarrant.model.canonical import encode
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.statement import (
    STATEMENT_NAMESPACE,
    STATEMENT_REFS,
    AnyStatement,
    Bind,
    Order,
    OrderKind,
    StatementKind,
)
from gitwarrant.trust.sshsig import sign
from gitwarrant.trust.statements import interval, make
from tests.support.deployers import REPOSITORY, Deployer

MAIN = "refs/heads/main"


def approval(shop: Deployer, base: str, head: str, *, by: str = "grace", clone: Path | None = None) -> bytes:
    """The bytes of an approval, as whoever knows a change can write them without any key."""
    change = Repository(clone or shop.forge.clone).change(REPOSITORY, MAIN, CommitId(base), CommitId(head))
    return encode(
        make(
            StatementKind.APPROVE,
            by,
            interval(change),
            bind=Bind.DIFF,
            now=datetime.now(UTC),
            lifetime=timedelta(days=1),
            nonce=secrets.token_bytes(16),
        )
    )


def order(kind: OrderKind, by: str, *, made: datetime | None = None, **fields: Any) -> Order:
    """An order about production that lives an hour."""
    at = made or datetime.now(UTC)
    told = {"commit": "", "reason": "incident", "incident": "", "expires": at + timedelta(hours=1), **fields}
    return Order(
        kind=kind,
        identity=by,
        repository=REPOSITORY,
        environment="production",
        made=at,
        nonce=secrets.token_hex(16),
        **told,
    )


def signed(person: Person, said: AnyStatement | bytes) -> SignedStatement:
    """What a person says, signed by their key."""
    body = said if isinstance(said, bytes) else encode(said)
    return SignedStatement(body, sign(str(person.key), body, STATEMENT_NAMESPACE))


def show(shop: Deployer, statement: SignedStatement) -> None:
    """Let the server show these bytes with this signature, whatever it showed for the bytes before."""
    ref = store(shop.forge.clone, statement)
    run_git(shop.forge.clone, "push", "-q", "--force", "origin", f"{ref}:{ref}")


def hide(shop: Deployer, statement: SignedStatement) -> None:
    """Let the server no longer show a statement."""
    run_git(
        shop.forge.clone, "push", "-q", "origin", f":{STATEMENT_REFS}{sha256(statement.body).hexdigest()}"
    )
