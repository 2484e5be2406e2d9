"""Broken glass: carol's order, and a program that takes the alarm about it."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from gitwarrant.git.statements import push, store
from gitwarrant.model.canonical import encode
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.statement import STATEMENT_NAMESPACE, Order, OrderKind
from tests.support.chain import sign
from tests.support.deployers import Deployer
from tests.support.one_approval import now


def break_glass(shop: Deployer, commit: str, **fields: Any) -> None:
    """Carol touches her key."""
    at = now()
    order = Order(
        kind=OrderKind.BREAK_GLASS,
        identity="carol",
        repository="shop-environments",
        environment="production",
        commit=commit,
        reason="payments are down",
        incident="4711",
        made=at,
        expires=at + timedelta(hours=1),
        nonce="0a" * 16,
    )
    body = encode(order)
    signed = SignedStatement(body, sign("carol+touched", body, STATEMENT_NAMESPACE))
    push(shop.forge.clone, "origin", [store(shop.forge.clone, signed)])


def pager(folder: Path) -> dict[str, Any]:
    """A program that takes alarms, and writes down what it got."""
    script = folder / "pager.py"
    script.write_text(
        f"import pathlib, sys\npathlib.Path({str(folder / 'paged')!r}).write_text(sys.stdin.read())\n"
        "print('ticket 12')\n"
    )
    return {"program": [sys.executable, str(script)]}
