"""`gitwarrant trust add-key`: write a key into `.gitwarrant/` of the work tree."""

import argparse
from pathlib import Path

from gitwarrant.cli.keyfiles import public_key_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.config.editing import add_key, raise_version
from gitwarrant.config.find import repository_folder
from gitwarrant.config.repository import CONFIG_FOLDER
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.store.content import write_atomically


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 written; the next steps are said."""
    folder = repository_folder(Path.cwd())
    people, trust = (folder / CONFIG_FOLDER / name for name in ("identities.yaml", "trust.yaml"))
    line = public_key_of(arguments.public)
    after = add_key(_read(people), arguments.identity, line, start=arguments.start, until=arguments.until)
    raised, version = raise_version(_read(trust))
    for path, data in ((people, after), (trust, raised)):  # both are known to be right before one is written
        write_atomically(path, data, mode=path.stat().st_mode & 0o777)
    terminal.say(f"{people.relative_to(folder)}: a key of {arguments.identity}", "good")
    terminal.say(f"{trust.relative_to(folder)}: version {version}", "good")
    terminal.say("next, signed with a root key, or with statements of the root holders:")
    steps = [
        f"git add {CONFIG_FOLDER}",
        f'git commit -S -m "Add a key of {arguments.identity}"',
        "gitwarrant verify",
    ]
    for step in steps:
        terminal.say(f"  {step}", "bold")
    terminal.result({"identity": arguments.identity, "public": line, "version": version, "next": steps})
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GitwarrantError(
            f"{path} cannot be read: {error.strerror}",
            remedy="give this user the right to read it",
        ) from error
