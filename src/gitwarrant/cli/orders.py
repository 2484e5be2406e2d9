"""What `suspend`, `resume`, `break-glass` and `rollback` share: an order, signed and pushed."""

import argparse
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitwarrant.cli.configured import agent, duration_of, now
from gitwarrant.cli.pushing import NONCE_BYTES, signed, signer_name, signing_key
from gitwarrant.cli.revisions import commit_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import Order, OrderKind
from gitwarrant.pipeline.local import LocalView, look
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import LONGEST, not_entitled
from gitwarrant.trust.ownership import owner_of_line
from gitwarrant.trust.sshsig import public_line

PREPOSITIONS: Mapping[OrderKind, str] = {OrderKind.BREAK_GLASS: "for", OrderKind.ROLLBACK: "to"}
"""How an order is said to be about its revision."""


def give(kind: OrderKind, arguments: argparse.Namespace, terminal: Terminal, *, commit: str = "") -> int:
    """Sign an order and push it; the agent judges it when it next looks."""
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    named = commit_of(view, commit, terminal) if commit else ""
    terminal.result(order(view, kind, arguments, terminal, commit=named))
    return 0


def order(
    view: LocalView, kind: OrderKind, arguments: argparse.Namespace, terminal: Terminal, *, commit: str = ""
) -> dict[str, Any]:
    """Sign an order about a commit, or none, and push it; what was done, for programs."""
    made = _order(view, kind, arguments, commit)
    key = signing_key(view.clone, arguments)
    registry = Registry(view.trusted.config.policy, view.agent.root.keys)
    line = public_line(key)
    environment = view.trusted.environment(made.environment)
    if reason := not_entitled(made, line, owner_of_line(line, registry), environment, registry):
        raise GitwarrantError(
            reason, remedy="ask one of them; see 'operators' and 'break_glass' of the environment"
        )
    what = f"{kind.value} {made.environment}" + (f" {PREPOSITIONS[kind]} {commit[:12]}" if commit else "")
    terminal.say(f"{what}, until {made.expires:%Y-%m-%d %H:%M}: {made.reason}", "bold")
    if kind is OrderKind.BREAK_GLASS and not line.startswith("sk-"):
        terminal.note("without a security key it takes two root holders: the other gives the same order")
    return signed(view.clone, made, key, arguments, terminal, saying=f"the order to {what}")


def _order(view: LocalView, kind: OrderKind, arguments: argparse.Namespace, commit: str) -> Order:
    """The order as it would be signed.

    Raises:
        GitwarrantError: it is to live too long, nobody here has the key, or there is no such environment.
    """
    lifetime = duration_of(arguments.expires)
    if lifetime > LONGEST[kind]:
        longest = LONGEST[kind].total_seconds() / 3600
        raise GitwarrantError(
            f"{arguments.expires} is too long for {kind.value!r}",
            remedy=f"say {longest:.0f}h at most, and sign again when it has run out",
        )
    at = now()
    return Order(
        kind=kind,
        identity=signer_name(view, signing_key(view.clone, arguments)),
        repository=view.agent.root.repository,
        environment=view.trusted.environment(arguments.environment).name,
        commit=commit,
        reason=arguments.reason,
        incident=getattr(arguments, "incident", ""),
        made=at,
        expires=at + lifetime,
        nonce=secrets.token_bytes(NONCE_BYTES).hex(),
    )
