"""What `propose` and `approve` share: which interval, who signs, where the statement goes."""

import argparse
import secrets
from datetime import timedelta
from difflib import unified_diff
from pathlib import Path

from gitwarrant.cli.configured import agent, duration_of, now
from gitwarrant.cli.letters import choose, fetch
from gitwarrant.cli.plan import show
from gitwarrant.cli.pushing import NONCE_BYTES, sign_and_push, signer_name, signing_key
from gitwarrant.cli.revisions import base_of, commit_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.change import NO_BLOB, BlobId, Change, PathChange
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import Bind, StatementKind
from gitwarrant.pipeline.local import LocalView, judged, look, proposed, question
from gitwarrant.pipeline.trusting import is_rule
from gitwarrant.trust.statements import MAX_LIFETIME, interval, make

MAX_SHOWN_BYTES = 1024 * 1024  # .gitwarrant/ files are smaller, or refused
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
    environment = view.trusted.environment(arguments.environment).name if arguments.environment else ""
    key = signing_key(clone, arguments)
    statement = make(
        kind,
        signer_name(view, key),
        interval(change),
        bind=Bind(arguments.bind),
        environment=environment,
        now=now(),
        lifetime=lifetime,
        nonce=secrets.token_bytes(NONCE_BYTES),
    )
    verb = "wrote" if kind is StatementKind.AUTHOR else "read and accept"
    return sign_and_push(clone, statement, key, arguments, terminal, saying=f"that you {verb} this")


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
    base = base_of(view, arguments.base, terminal)
    change = proposed(view, ref, commit_of(view, revision, terminal), base)
    if change.landings:
        return change
    raise GitwarrantError(
        f"{revision} adds nothing to {ref}",
        remedy="name the branch or commit it is about, or --base REV for what already landed",
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
    count = len(change.landings)
    commits = f"{count} commit{'' if count == 1 else 's'}"
    between = f"from {change.base[:12]} to {change.head[:12]}"
    terminal.say(f"{commits} {between}, for {change.ref}:", "bold")
    for path in change.changes:
        sign_ = "+" if not path.old_blob else "-" if not path.new_blob else "~"
        terminal.say(f"  {sign_} {path.path}", {"+": "add", "-": "remove", "~": "change"}[sign_])
    for path in change.changes:
        if is_rule(path.path):
            _show_text(view, path, terminal)
    for environment in view.trusted.config.environments:
        if environment.ref == change.ref and any(environment.covers(item.path) for item in change.changes):
            terminal.say(f"\n{environment.name}:", "bold")
            judgement = judged(view, question(view, environment, change, now=now()))
            if not terminal.as_json:
                show(judgement, judgement.plan, terminal, unsaid=("verify",))


def _show_text(view: LocalView, path: PathChange, terminal: Terminal) -> None:
    """The lines of a file that judges others: whoever signs must see what the rules become."""
    terminal.say(f"\n{path.path}:", "bold")
    before, after = (_lines(view, blob) for blob in (path.old_blob, path.new_blob))
    for line in list(unified_diff(before, after, lineterm="", n=2))[2:]:
        style = {"+": "add", "-": "remove", "@": "dim"}.get(line[:1], "")
        terminal.say(f"  {line}", style)


def _lines(view: LocalView, blob: BlobId) -> list[str]:
    if blob == NO_BLOB:
        return []
    return view.repository.blob(blob, MAX_SHOWN_BYTES).decode(errors="replace").splitlines()
