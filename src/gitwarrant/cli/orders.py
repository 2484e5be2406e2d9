"""What `suspend`, `resume` and `break-glass` share: an order about an environment, signed and pushed."""

import argparse
import secrets
from pathlib import Path

from gitwarrant.cli.configured import agent, duration_of, now
from gitwarrant.cli.pushing import NONCE_BYTES, sign_and_push, signer_name, signing_key
from gitwarrant.cli.revisions import commit_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import Order, OrderKind
from gitwarrant.pipeline.local import look
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import LONGEST, not_entitled
from gitwarrant.trust.ownership import owner_of_line
from gitwarrant.trust.sshsig import public_line


def give(kind: OrderKind, arguments: argparse.Namespace, terminal: Terminal, *, commit: str = "") -> int:
    """Sign an order and push it; the agent judges it when it next looks."""
    lifetime = duration_of(arguments.expires)
    if lifetime > LONGEST[kind]:
        longest = LONGEST[kind].total_seconds() / 3600
        raise GitwarrantError(
            f"{arguments.expires} is too long for {kind.value!r}",
            remedy=f"say {longest:.0f}h at most, and sign again when it has run out",
        )
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    environment, at = view.trusted.environment(arguments.environment), now()
    key = signing_key(clone, arguments)
    order = Order(
        kind=kind,
        identity=signer_name(view, key),
        repository=view.agent.root.repository,
        environment=environment.name,
        commit=commit_of(view, commit, terminal) if commit else "",
        reason=arguments.reason,
        incident=getattr(arguments, "incident", ""),
        made=at,
        expires=at + lifetime,
        nonce=secrets.token_bytes(NONCE_BYTES).hex(),
    )
    registry = Registry(view.trusted.config.policy, view.agent.root.keys)
    line = public_line(key)
    if reason := not_entitled(order, line, owner_of_line(line, registry), environment, registry):
        raise GitwarrantError(
            reason, remedy="ask one of them; see 'operators' and 'break_glass' of the environment"
        )
    what = f"{kind.value} {environment.name}" + (f" for {order.commit[:12]}" if commit else "")
    terminal.say(f"{what}, until {order.expires:%Y-%m-%d %H:%M}: {order.reason}", "bold")
    if kind is OrderKind.BREAK_GLASS and not line.startswith("sk-"):
        terminal.note("without a security key it takes two root holders: the other gives the same order")
    return sign_and_push(clone, order, key, arguments, terminal, saying=f"the order to {what}")
