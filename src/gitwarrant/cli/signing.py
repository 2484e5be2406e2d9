"""What `propose` and `approve` share: which interval, who signs, where the statement goes."""

import argparse
import secrets
from datetime import timedelta
from pathlib import Path

from gitwarrant.cli.configured import agent, duration_of, now
from gitwarrant.cli.letters import choose, fetch
from gitwarrant.cli.plan import show
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git import statements as stored
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import encode, plain
from gitwarrant.model.change import Change, SignedStatement
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import STATEMENT_NAMESPACE, Bind, Statement, StatementKind
from gitwarrant.pipeline.judge import judge
from gitwarrant.pipeline.local import LocalView, look, proposed, question
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.sshsig import public_line, sign
from gitwarrant.trust.statements import MAX_LIFETIME, interval, make

NONCE_BYTES = 16
CHOICE_AGE = timedelta(days=30)  # how old something may be that awaits a person who named nothing


def sign_statement(kind: StatementKind, arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show what would change, ask, sign, keep and push."""
    lifetime = _lifetime(arguments.expires)
    clone = Clone.around(Path.cwd())
    if _chooses(kind, arguments):
        fetch(clone, terminal)
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    change = _change(kind, view, arguments, terminal)
    _show(view, change, terminal)
    key = arguments.key or clone.setting("user.signingkey")
    if not key:
        raise GitwarrantError(
            "there is no key to sign with",
            remedy="git config user.signingkey ~/.ssh/id_ed25519.pub, or name one with --key",
        )
    environment = view.trusted.environment(arguments.environment).name if arguments.environment else ""
    bind = Bind(arguments.bind)
    statement = _statement(kind, view, change, key, bind=bind, environment=environment, lifetime=lifetime)
    if arguments.dry_run or not (arguments.yes or _agreed(statement, terminal)):
        terminal.result({"signed": False, "statement": plain(statement)})
        terminal.say("nothing was signed")
        return 0
    body = encode(statement)
    made = stored.store(clone.root, SignedStatement(body, sign(key, body, STATEMENT_NAMESPACE)))
    pushed = _push(clone, made, arguments, terminal)
    terminal.result({"signed": True, "ref": made, "pushed": pushed, "statement": plain(statement)})
    return 0


def _chooses(kind: StatementKind, arguments: argparse.Namespace) -> bool:
    """Whether what to sign is chosen from what awaits the person: he named nothing."""
    return kind is StatementKind.APPROVE and not (arguments.revision or arguments.base)


def _change(
    kind: StatementKind, view: LocalView, arguments: argparse.Namespace, terminal: Terminal
) -> Change:
    """What is signed: what was named, or what awaits the person.

    Raises:
        GitwarrantError: there is nothing to sign.
    """
    if _chooses(kind, arguments):
        item = choose(view, arguments.key, terminal, since=CHOICE_AGE, at=now())
        terminal.say(f"{item.name} by {', '.join(item.authors) or 'somebody'}: {item.title}", "bold")
        return proposed(view, item.ref, item.head, item.base)
    revision, ref = arguments.revision or "HEAD", arguments.ref or view.agent.root.trust_ref
    base = view.clone.commit(arguments.base) if arguments.base else None
    change = proposed(view, ref, view.clone.commit(revision), base)
    if change.landings:
        return change
    raise GitwarrantError(
        f"{revision} adds nothing to {ref}",
        remedy="name the branch or commit it is about, or --base REV for what already landed",
    )


def _statement(
    kind: StatementKind,
    view: LocalView,
    change: Change,
    key: str,
    *,
    bind: Bind,
    environment: str,
    lifetime: timedelta,
) -> Statement:
    registry = Registry(view.trusted.config.policy, view.agent.root.keys)
    owner = registry.owner(public_line(key))
    if owner is None:
        raise GitwarrantError(
            f"nobody in .gitwarrant/identities.yaml has the key {key}",
            remedy="sign with a key that is listed there, or have it added",
        )
    return make(
        kind,
        owner.identity.name,
        interval(change),
        bind=bind,
        environment=environment,
        now=now(),
        lifetime=lifetime,
        nonce=secrets.token_bytes(NONCE_BYTES),
    )


def _lifetime(text: str) -> timedelta:
    lifetime = duration_of(text)
    if lifetime > MAX_LIFETIME:
        raise GitwarrantError(
            f"{text} is longer than a statement may live",
            remedy=f"say {MAX_LIFETIME.days}d at most, and sign again when it has run out",
        )
    return lifetime


def _show(view: LocalView, change: Change, terminal: Terminal) -> None:
    """What the change means: its paths, and its effect on every environment of the ref."""
    terminal.say(f"{len(change.landings)} commit(s) from {change.base[:12]} to {change.head[:12]}:", "bold")
    for path in change.changes:
        sign_ = "+" if not path.old_blob else "-" if not path.new_blob else "~"
        terminal.say(f"  {sign_} {path.path}", {"+": "add", "-": "remove", "~": "change"}[sign_])
    for environment in view.trusted.config.environments:
        if environment.ref == change.ref and _touches(change, environment):
            terminal.say(f"\n{environment.name}:", "bold")
            judgement = judge(view.repository, question(view, environment, change, now=now()))
            if not terminal.as_json:
                show(judgement, judgement.plan, terminal, unsaid=("verify",))


def _touches(change: Change, environment: Environment) -> bool:
    folder = environment.path.strip("./")
    return not folder or any(item.path.startswith(f"{folder}/") for item in change.changes)


def _agreed(statement: Statement, terminal: Terminal) -> bool:
    verb = "wrote" if statement.kind is StatementKind.AUTHOR else "read and accept"
    terminal.note(f"\nsign, as {statement.identity}, that you {verb} this? [y/N] ", "bold")
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
