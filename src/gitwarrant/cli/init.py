"""`gitwarrant init`: make a working .gitwarrant/."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.errors import GitwarrantError

if TYPE_CHECKING:
    from gitwarrant.config.starter import Owners, Start

LIFETIME = timedelta(days=180)
SIGNS = {"gitlab": ".gitlab-ci.yml", "gitea": ".gitea", "github": ".github"}
"""What tells for whose forge a CODEOWNERS file is that lies where several look."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A public key, and the file it came from, when it came from one."""

    public: str
    file: Path | None


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 made; 2 it could not, and nothing was written."""
    from gitwarrant.config import starter  # noqa: PLC0415 - imports Pydantic; --help needs none of it
    from gitwarrant.config.repository import CONFIG_FOLDER  # noqa: PLC0415 - as above

    top = _top(Path.cwd())
    folder = top / CONFIG_FOLDER
    if folder.exists() or folder.is_symlink():
        raise GitwarrantError(
            f"{folder} is there already", remedy="change its files, or move it away and run this again"
        )
    key = _key(arguments.key, top)
    start = _start(arguments, top, key, _asker(terminal, ask=not arguments.yes and sys.stdin.isatty()))
    files = starter.repository_files(start)
    _judge(files)
    _write(folder, files)
    if arguments.configure_git:
        _configure(top, key)
    _tell(terminal, top, start, key, files, configured=arguments.configure_git)
    return 0


def _start(
    arguments: argparse.Namespace, top: Path, key: FoundKey, ask: Callable[[str, str], str]
) -> "Start":
    """Put together what was given, asked and found."""
    from gitwarrant.config import starter  # noqa: PLC0415 - imports Pydantic
    from gitwarrant.git.clone import repository_name  # noqa: PLC0415 - imports libgit2

    url = _origin(top)
    email = arguments.email or ask("your e-mail address", _git(top, "config", "user.email"))
    if not email:
        raise GitwarrantError(
            "your e-mail address is not known", remedy="give --email, or set git's user.email"
        )
    name = arguments.name or ask("your name in the rules", starter.owner_name(email))
    environment = arguments.environment or ask("the first environment", "production")
    folder = environment if (top / environment).is_dir() else "."
    return starter.Start(
        repository=repository_name(url) or top.name,
        url=url or f"ssh://git@git.example.com/{top.name}.git",
        name=name,
        email=email,
        key=key.public,
        environment=environment,
        branch=_git(top, "symbolic-ref", "--short", "HEAD") or "main",
        path=arguments.path or ask("the folder of its manifests", folder),
        namespace=arguments.namespace or ask("its namespace", environment),
        expires=datetime.now(UTC).date() + LIFETIME,
        owners=_owners(top),
    )


def _asker(terminal: Terminal, *, ask: bool) -> Callable[[str, str], str]:
    """A function that asks a question with a default, or takes the default."""

    def question(text: str, default: str) -> str:
        if not ask:
            return default
        # On standard error: standard output carries the agent configuration.
        print(f"{text} [{default}]: " if default else f"{text}: ", end="", file=terminal.err, flush=True)
        return sys.stdin.readline().strip() or default

    return question


def _top(folder: Path) -> Path:
    top = _git(folder, "rev-parse", "--show-toplevel")
    if not top:
        raise GitwarrantError(
            f"{folder} is in no Git repository", remedy="go into one, or make one: git init"
        )
    return Path(top)


def _origin(top: Path) -> str:
    """Where the clone came from, without the token that may stand in its address; empty: from nowhere."""
    from gitwarrant.git.clone import Clone, CloneError  # noqa: PLC0415 - imports libgit2

    try:
        return Clone(top).remote_url()
    except CloneError:
        return ""


def _git(folder: Path, *arguments: str) -> str:
    """What git answers; empty when it has no answer."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=30
        )
    except FileNotFoundError as error:
        raise GitwarrantError(
            "git is not installed", remedy="install it; 'gitwarrant doctor' tells more"
        ) from error
    return done.stdout.strip() if done.returncode == 0 else ""


def _key(given: str | None, top: Path) -> FoundKey:
    """The key that is given, else git's signing key, else the only one in ~/.ssh (ed25519 first)."""
    if given:
        return _key_file(Path(given).expanduser())
    signing = _git(top, "config", "user.signingkey")
    if signing.startswith(("ssh-", "ecdsa-", "sk-", "key::")):
        return FoundKey(_public(signing.removeprefix("key::"), "git config user.signingkey"), None)
    if signing and _git(top, "config", "gpg.format") == "ssh":
        return _key_file(Path(signing).expanduser())
    found = sorted(
        (Path.home() / ".ssh").glob("*.pub"), key=lambda file: (file.name != "id_ed25519.pub", file)
    )
    if not found:
        raise GitwarrantError(
            "there is no SSH public key in ~/.ssh",
            remedy="make one: ssh-keygen -t ed25519; or name yours: --key FILE",
        )
    if len(found) > 1 and found[0].name != "id_ed25519.pub":
        names = ", ".join(file.name for file in found)
        raise GitwarrantError(f"there are several keys in ~/.ssh: {names}", remedy="name yours: --key FILE")
    return _key_file(found[0])


def _key_file(path: Path) -> FoundKey:
    public = path if path.suffix == ".pub" else path.with_name(path.name + ".pub")
    try:
        text = public.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise GitwarrantError(
            f"the public key {public} cannot be read", remedy="name the .pub file: --key FILE"
        ) from error
    return FoundKey(_public(text.strip(), str(public)), public)


def _public(text: str, where: str) -> str:
    from gitwarrant.trust.sshkey import read_line  # noqa: PLC0415 - imports cryptography

    line = " ".join(text.split()[:2])
    try:
        read_line(line)
    except GitwarrantError as error:
        raise GitwarrantError(f"{where}: {error.what}", remedy=error.remedy) from error
    return line


def _owners(top: Path) -> "Owners | None":
    """The first CODEOWNERS file: in a forge's own folder, else where all of them look."""
    from gitwarrant.config.starter import Owners  # noqa: PLC0415 - imports Pydantic
    from gitwarrant.model.owners import OWNERS_FILES, Forge  # noqa: PLC0415 - only with it
    from gitwarrant.trust.codeowners.registry import read_codeowners  # noqa: PLC0415 - only where there is one

    places = [(path, forge) for forge in Forge for path in OWNERS_FILES[forge]]
    own = [(path, forge) for path, forge in places if path.startswith(f".{forge.value}/")]
    likely = next((forge for forge in Forge if (top / SIGNS[forge.value]).exists()), Forge.GITHUB)
    shared = [(path, likely) for path in OWNERS_FILES[likely] if (path, likely) not in own]
    for path, forge in [*own, *shared]:
        if (top / path).is_file():
            file = read_codeowners((top / path).read_bytes(), path, forge)
            return Owners(path, forge, tuple(sorted(file.owners)))
    return None


def _judge(files: Mapping[str, str]) -> None:
    """Read what would be written as every gate will; an answer that does not fit is said before."""
    from gitwarrant.config.repository import load  # noqa: PLC0415 - imports Pydantic
    from gitwarrant.model.environment import PolicySet  # noqa: PLC0415 - as above
    from gitwarrant.model.finding import Severity  # noqa: PLC0415 - as above

    basic = PolicySet("basic-security", ("any",), Severity.HIGH)
    load({path: text.encode() for path, text in files.items()}, sets={basic.name: basic}, checks=frozenset())


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Make the folder whole: beside its place first, then renamed."""
    with tempfile.TemporaryDirectory(prefix=".gitwarrant-new-", dir=folder.parent) as temporary:
        made = Path(temporary) / folder.name
        made.mkdir()
        for path, text in files.items():
            (made / Path(path).name).write_text(text)
        made.rename(folder)


def _signing_lines(key: FoundKey) -> list[list[str]]:
    # A private key's file signs too, but the .pub works with an agent and a hardware key.
    signer = str(key.file.absolute()) if key.file else f"key::{key.public}"
    return [["gpg.format", "ssh"], ["user.signingkey", signer], ["commit.gpgsign", "true"]]


def _configure(top: Path, key: FoundKey) -> None:
    from gitwarrant.git.clone import STATEMENTS_REFSPEC, Clone  # noqa: PLC0415 - imports libgit2

    lines = _signing_lines(key)
    clone = Clone.around(top)
    for remote in clone.remotes()[:1]:
        if not clone.fetches_statements(remote):
            lines.append(["--add", f"remote.{remote}.fetch", STATEMENTS_REFSPEC])
    for line in lines:
        subprocess.run(["git", "config", "--local", *line], cwd=top, check=True)


def _tell(
    terminal: Terminal,
    top: Path,
    start: "Start",
    key: FoundKey,
    files: Mapping[str, str],
    *,
    configured: bool,
) -> None:
    """The agent configuration on standard output, all else beside it."""
    from gitwarrant.config.starter import agent_text  # noqa: PLC0415 - imports Pydantic

    steps = _steps(top, start, key, configured=configured)
    for path in files:
        terminal.note(f"made {path}", "good")
    terminal.note("\nan agent configuration, to be saved outside of this repository:\n")
    terminal.say(agent_text(start))
    terminal.note("next:", "bold")
    for number, step in enumerate(steps, 1):
        terminal.note(f"  {number}. {step}", "")
    terminal.result({"files": sorted(files), "agent_configuration": agent_text(start), "next": steps})


def _steps(top: Path, start: "Start", key: FoundKey, *, configured: bool) -> list[str]:
    signs = configured or (
        _git(top, "config", "commit.gpgsign") == "true" and _git(top, "config", "gpg.format") == "ssh"
    )
    lines = [f"git config {name} {value!r}" for name, value in _signing_lines(key)]
    first = (
        "read the files, then commit them signed: git add .gitwarrant && git commit -S -m 'Begin the rules'"
    )
    if not signs:
        first += "\n     git does not sign with your SSH key yet (or run with --configure-git):\n       "
        first += "\n       ".join(lines)
    return [
        first,
        "save the agent configuration outside of the repository, with that commit's id: git rev-parse HEAD",
        f"see what would be deployed: gitwarrant plan {start.environment} --fetched --config FILE",
    ]
