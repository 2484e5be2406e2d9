"""`gitwarrant trust withdraw`: a statement no longer counts."""

import argparse
import secrets
from collections.abc import Iterator
from pathlib import Path

from gitwarrant.cli.configured import agent, now
from gitwarrant.cli.pushing import NONCE_BYTES, signed, signer_name, signing_key
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import NotCanonical
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import (
    AnyStatement,
    Checkpoint,
    KeyRevocation,
    RootChange,
    Statement,
    Withdrawal,
)
from gitwarrant.pipeline.local import LocalView, look
from gitwarrant.trust.opened import Opened, open_statement

FEWEST = 4  # digits of a digest that may stand for it


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 signed, or asked and not signed."""
    if bool(arguments.statement) == arguments.mine:
        raise GitwarrantError(
            "what is withdrawn is either one statement or all of yours",
            remedy="name its digest, or say --mine",
        )
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    key = signing_key(clone, arguments)
    by = signer_name(view, key)
    chosen = _mine(view, by) if arguments.mine else [_named(view, arguments.statement)]
    if not chosen:
        terminal.say(f"{by} has no statement that still lives", "dim")
    done = []
    for item in chosen:
        terminal.say(f"{item.digest[7:19]}  {describe(item.value)}", "bold")
        withdrawal = Withdrawal(
            identity=by,
            repository=view.agent.root.repository,
            statement=item.digest,
            reason=arguments.reason,
            made=now(),
            nonce=secrets.token_bytes(NONCE_BYTES).hex(),
        )
        saying = f"that {item.digest[7:19]} no longer counts"
        done.append(signed(clone, withdrawal, key, arguments, terminal, saying=saying))
    terminal.result({"withdrawn": done})
    return 0


def _living(view: LocalView) -> Iterator[Opened]:
    """The statements about this repository that could still count."""
    for signed_ in view.repository.statements():
        try:
            item = open_statement(signed_)
        except NotCanonical:
            continue
        value = item.value
        if value.repository != view.agent.root.repository or isinstance(value, Withdrawal | KeyRevocation):
            continue  # what is taken back stays so
        if value.expires > now():
            yield item


def _mine(view: LocalView, by: str) -> list[Opened]:
    taken = {
        open_.value.statement
        for open_ in _opened(view)
        if isinstance(open_.value, Withdrawal) and open_.value.identity == by
    }
    return [item for item in _living(view) if item.value.identity == by and item.digest not in taken]


def _opened(view: LocalView) -> Iterator[Opened]:
    for signed_ in view.repository.statements():
        try:
            yield open_statement(signed_)
        except NotCanonical:
            continue


def _named(view: LocalView, prefix: str) -> Opened:
    """The statement whose digest begins so.

    Raises:
        GitwarrantError: none or several do.
    """
    wanted = prefix.rpartition("/")[2].removeprefix("sha256:").lower()
    found = [item for item in _living(view) if item.digest[7:].startswith(wanted)]
    if len(wanted) >= FEWEST and len(found) == 1:
        return found[0]
    raise GitwarrantError(
        f"{prefix!r} names {'several statements' if found else 'no statement that still lives'}",
        remedy="name more digits of it; gitwarrant approvals lists them, git fetch brings those of others",
    )


def describe(value: AnyStatement) -> str:
    """A statement in a few words."""
    match value:
        case Statement():
            return (
                f"{value.identity}: {value.kind.value} {value.from_commit[:12]} to tree {value.to_tree[:12]}"
            )
        case RootChange():
            return f"{value.identity}: root keys version {value.roots.version}"
        case Checkpoint():
            return f"{value.identity}: {value.ref} is trusted at {value.commit[:12]}"
        case _:
            return f"{value.identity}: {type(value).__name__}"
