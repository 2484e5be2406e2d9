"""`gitwarrant inbox`: what awaits me, across repositories."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitwarrant.cli.accounts import wanted_data
from gitwarrant.cli.configured import agent_for, duration_of, now
from gitwarrant.cli.letters import Letter, command_for, fetch, git, me, tell_letter
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.awaiting import awaiting
from gitwarrant.pipeline.local import look

LISTED = "gitwarrant.inbox"
"""The setting of git, global and repeated, that names the clones to look into."""


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 nothing awaits me, 1 something does, 2 a clone could not be looked into."""
    if arguments.add or arguments.remove:
        return _edit(arguments, terminal)
    letters: list[Letter] = []
    failed: list[tuple[Path, GitwarrantError]] = []
    for folder in _clones(arguments):
        try:
            letters += _letters(folder, arguments, terminal)
        except GitwarrantError as error:
            failed.append((folder, error))
    shown = [letter for letter in letters if letter.mine or arguments.all]
    broken = [_failed(folder, problem) for folder, problem in failed]
    terminal.result({"awaiting": [_data(letter) for letter in shown], "failed": broken})
    for letter in shown:
        tell_letter(letter, terminal, now())
    for folder, problem in failed:
        terminal.note(f"{folder}: {problem}")
    if not shown and not failed:
        others = f"; {len(letters)} await others (--all)" if letters else ""
        terminal.say(f"nothing awaits you{others}", "good")
    return 2 if failed else int(bool(shown))


def _letters(folder: Path, arguments: argparse.Namespace, terminal: Terminal) -> Iterator[Letter]:
    clone = Clone.around(folder)
    if not arguments.no_fetch:
        fetch(clone, terminal)
    view = look(clone, agent_for(clone, arguments.config), now=now(), doubtful=True)
    name = me(view, None)
    for item in awaiting(view, since=duration_of(arguments.since), now=now()):
        yield Letter(clone.root, item, bool(name) and item.awaits(name))


def _clones(arguments: argparse.Namespace) -> list[Path]:
    named = [Path(folder) for folder in arguments.clones]
    if named:
        return named
    done = git(["git", "config", "--global", "--get-all", LISTED])
    listed = [Path(line).expanduser() for line in done.stdout.splitlines()] if done else []
    return listed or [Path.cwd()]


def _edit(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Add clones to the list, or take them off."""
    for folder in arguments.add:
        root = str(Clone.around(Path(folder)).root)
        git(["git", "config", "--global", "--fixed-value", "--replace-all", LISTED, root, root])
    for folder in arguments.remove:
        root = str(Path(folder).absolute())
        git(["git", "config", "--global", "--fixed-value", "--unset-all", LISTED, root])
    arguments.clones = []
    listed = [str(clone) for clone in _clones(arguments)]
    terminal.result({"clones": listed})
    terminal.say("the inbox looks into: " + ", ".join(listed))
    return 0


def _data(letter: Letter) -> dict[str, Any]:
    item = letter.item
    return {
        "clone": str(letter.clone),
        "name": item.name,
        "ref": item.ref,
        "base": item.base,
        "head": item.head,
        "made": item.made.isoformat(),
        "title": item.title,
        "authors": list(item.authors),
        "missing": wanted_data(item.wanted),
        "mine": letter.mine,
        "command": f"gitwarrant approve {command_for(item)}",
    }


def _failed(folder: Path, error: GitwarrantError) -> dict[str, str]:
    return {"clone": str(folder), "what": error.what, "remedy": error.remedy}
