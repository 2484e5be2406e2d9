"""What every command that signs shares: the key, the question, the signature, the push."""

import argparse
from typing import Any

from gitwarrant.audit.witness import witness_of
from gitwarrant.cli.configured import agent
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git import statements as stored
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import Digest, encode, plain, sha256
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import STATEMENT_NAMESPACE, AnyStatement
from gitwarrant.pipeline.local import LocalView
from gitwarrant.pipeline.notices import witness
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.ownership import owner_of_line
from gitwarrant.trust.sshsig import public_line, sign

NONCE_BYTES = 16


def signing_key(clone: Clone, arguments: argparse.Namespace) -> str:
    """The key that was named, or the one that git signs with in this clone.

    Raises:
        GitwarrantError: neither is there.
    """
    key = arguments.key or clone.setting("user.signingkey")
    if key:
        return str(key)
    raise GitwarrantError(
        "there is no key to sign with",
        remedy="git config user.signingkey ~/.ssh/id_ed25519.pub, or name one with --key",
    )


def signer_name(view: LocalView, key: str) -> str:
    """The identity, or the root holder, that a key belongs to.

    Raises:
        GitwarrantError: nobody here has it.
    """
    registry = Registry(view.trusted.config.policy, view.agent.root.keys)
    owner = owner_of_line(public_line(key), registry)
    if owner is None:
        raise GitwarrantError(
            f"nobody in .gitwarrant/identities.yaml has the key {key}",
            remedy="sign with a key that is listed there, or have it added",
        )
    return owner.identity.name


def sign_and_push(
    clone: Clone,
    statement: AnyStatement,
    key: str,
    arguments: argparse.Namespace,
    terminal: Terminal,
    *,
    saying: str,
) -> int:
    """Ask, sign, keep in the clone, push, and tell; see `signed`."""
    terminal.result(signed(clone, statement, key, arguments, terminal, saying=saying))
    return 0


def signed(
    clone: Clone,
    statement: AnyStatement,
    key: str,
    arguments: argparse.Namespace,
    terminal: Terminal,
    *,
    saying: str,
) -> dict[str, Any]:
    """Ask, sign, keep in the clone, push, and post to the witness; what was done, for programs.

    Args:
        saying: ends the question 'sign, as NAME, ...?'
    """
    asked = f"sign, as {statement.identity}, {saying}?"
    if arguments.dry_run or not (arguments.yes or agreed(asked, terminal)):
        terminal.say("nothing was signed")
        return {"signed": False, "statement": plain(statement)}
    body = encode(statement)
    made = stored.store(clone.root, SignedStatement(body, sign(key, body, STATEMENT_NAMESPACE)))
    pushed = _push(clone, made, arguments, terminal)
    if pushed:
        _post(clone, statement.repository, sha256(body), arguments, terminal)
    return {"signed": True, "ref": made, "pushed": pushed, "statement": plain(statement)}


def agreed(question: str, terminal: Terminal) -> bool:
    """Whether a person says yes; nobody there: no."""
    terminal.note(f"\n{question} [y/N] ", "bold")
    try:
        return input().strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _push(clone: Clone, ref: str, arguments: argparse.Namespace, terminal: Terminal) -> bool:
    remote = next(iter(clone.remotes()), "")
    by_hand = f"git push {remote or 'REMOTE'} {ref}:{ref}"
    if arguments.no_push or not remote:
        terminal.say(f"signed and kept here; push it with: {by_hand}", "good")
        return False
    stored.push(clone.root, remote, [ref])
    terminal.say(f"signed and pushed to {remote}", "good")
    return True


def _post(
    clone: Clone, repository: str, digest: Digest, arguments: argparse.Namespace, terminal: Terminal
) -> None:
    """Tell the witness what was pushed, so that the agent misses it if the server hides it.

    A witness that is gone does not undo what was signed: it is said, and no more.
    """
    setting = clone.setting("gitwarrant.witness")
    try:
        keeper = witness_of(setting) if setting else witness(agent(arguments))
        if keeper:
            keeper.post(repository, digest)
    except GitwarrantError as error:
        terminal.note(f"not posted to the witness: {error}", "warn")
