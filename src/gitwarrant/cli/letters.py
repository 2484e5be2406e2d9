"""What awaits a person: shown, chosen, answered."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gitwarrant.cli.accounts import tell_wanted
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import STATEMENTS_REFSPEC, Clone
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.awaiting import Awaiting, awaiting
from gitwarrant.pipeline.local import LocalView
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.ownership import owner_of_line
from gitwarrant.trust.sshsig import public_line

FETCH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Letter:
    """One thing that waits, and the clone it waits in."""

    clone: Path
    item: Awaiting
    mine: bool


def choose(
    view: LocalView, key: str | None, terminal: Terminal, *, since: timedelta, at: datetime
) -> Awaiting:
    """What a person who named nothing wants to approve: the one thing that awaits them, or the one they pick.

    Raises:
        GitwarrantError: nothing awaits him, or several things and nobody is there to ask.
    """
    name = me(view, key)
    items = [item for item in awaiting(view, since=since, now=at) if item.awaits(name)]
    if len(items) == 1:
        return items[0]
    if not items:
        raise GitwarrantError(
            f"nothing awaits the approval of {name or 'whoever signs here'}",
            remedy="name a branch or commit; 'gitwarrant inbox --all' shows what awaits others",
        )
    for number, item in enumerate(items, 1):
        terminal.note(f"{number}  {item.name} by {', '.join(item.authors) or 'somebody'}  {item.title}", "")
    names = ", ".join(item.name for item in items)
    if not sys.stdin.isatty():
        raise GitwarrantError(f"{len(items)} changes await you: {names}", remedy="name one of them")
    terminal.note(f"\nwhich one? [1-{len(items)}] ", "bold")
    return items[_number(input(), len(items)) - 1]


def _number(text: str, highest: int) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= highest:
        raise GitwarrantError(f"{text!r} is none of them", remedy=f"answer with 1 to {highest}")
    return int(text)


def me(view: LocalView, key: str | None) -> str:
    """The identity whose key git signs with in a clone; empty: nobody's here."""
    key = key or view.clone.setting("user.signingkey")
    if not key:
        return ""
    registry = Registry(view.trusted.config.policy, view.agent.root.keys)
    owner = owner_of_line(public_line(key), registry)
    return owner.identity.name if owner else ""


def tell_letter(letter: Letter, terminal: Terminal, at: datetime) -> None:
    """One thing that waits, and the command that answers it."""
    item = letter.item
    by = f" by {', '.join(item.authors)}" if item.authors else ""
    old = ago((at - item.made).total_seconds())
    terminal.say(f"{terminal.style(item.name, 'bold')}{by}, {old}  {item.title}")
    for wanted in item.wanted:
        tell_wanted(wanted, terminal)
    if not item.wanted and item.refusal:
        terminal.say(f"  refused: {item.refusal.what}", "bad")
    if letter.mine:
        folder = shlex.quote(str(letter.clone))
        terminal.say(f"  answer it: cd {folder} && gitwarrant approve {command_for(item)}", "bold")


def command_for(item: Awaiting) -> str:
    """The arguments of `approve` for something that waits; quoted: a branch may be named like a command."""
    landed = [item.head[:12], "--base", item.base[:12]]
    what = landed if item.name == item.ref else [item.name]
    return shlex.join([*what, "--ref", item.ref])


def fetch(clone: Clone, terminal: Terminal) -> None:
    """Bring branches and statements, with the person's own git, proxy and credentials."""
    for remote in clone.remotes()[:1]:
        terminal.progress(f"fetching {clone.root.name}")
        command = ["git", "-C", str(clone.root), "fetch", "--quiet", "--prune", remote]
        done = git([*command, f"+refs/heads/*:refs/remotes/{remote}/*", STATEMENTS_REFSPEC])
        if done is None or done.returncode:
            terminal.note(f"{clone.root}: git fetch did not work, so this is as of the last one")


def git(command: Sequence[str]) -> subprocess.CompletedProcess[str] | None:
    """Run the person's git; None: it did not start, or took too long."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


def ago(seconds: float) -> str:
    """How long ago something was, as people say it."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
