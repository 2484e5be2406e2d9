"""A Git server and the people who use it, on this machine, with real keys.

The forge is a bare repository that takes every push, as a forge does for
whoever owns an account with the right to push.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from gitwarrant.model.errors import GitwarrantError

BRANCH = "main"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a name, an address and a signing key. `public` is the key's line without its comment."""

    name: str
    email: str
    key: Path
    public: str


@dataclass(frozen=True, slots=True)
class Forge:
    """The folder of the story: the server's repository, and one clone that people share a chair at."""

    folder: Path

    @property
    def server(self) -> Path:
        """The bare repository: what a stolen account can write to."""
        return self.folder / "forge.git"

    @property
    def clone(self) -> Path:
        """The work tree in which changes are made."""
        return self.folder / "environments"

    @property
    def url(self) -> str:
        """Where the agent fetches from."""
        return self.server.absolute().as_uri()

    def found(self, object_format: str = "sha1") -> None:
        """Make both repositories, empty; `object_format` is the hash that names their objects."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["-q", f"--initial-branch={BRANCH}", f"--object-format={object_format}"]
        run_git(self.folder, "init", *options, "--bare", str(self.server))
        run_git(self.folder, "init", *options, str(self.clone))
        run_git(self.clone, "remote", "add", "origin", self.url)

    def lay_out(self, configuration: Mapping[str, str]) -> None:
        """Put the shop's manifests and a `.gitwarrant/` into the work tree."""
        with as_file(files("gitwarrant.demo") / "shop") as shop:
            shutil.copytree(shop, self.clone, dirs_exist_ok=True)
        for path, text in configuration.items():
            target = self.clone / path
            target.parent.mkdir(exist_ok=True)
            target.write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace one piece of text in a file of the work tree."""
        target = self.clone / path
        text = target.read_text()
        if old not in text:
            raise GitwarrantError(f"{path} has no {old!r}", remedy="start the demo afresh: gitwarrant demo")
        target.write_text(text.replace(old, new))

    def commit(self, person: Person, message: str, *, signed: bool = True) -> str:
        """Commit everything in the work tree as a person; the commit's id."""
        signing = ("-S",) if signed else ("--no-gpg-sign",)
        run_git(self.clone, "add", "-A", person=person)
        run_git(self.clone, "commit", "-q", *signing, "-m", message, person=person)
        return run_git(self.clone, "rev-parse", "HEAD")

    def push(self, *, force: bool = False) -> None:
        """Push to the protected branch with the account of whoever stole it; the forge takes it."""
        run_git(self.clone, "push", "-q", *(("--force",) if force else ()), "origin", f"HEAD:{BRANCH}")

    def reset(self, commit: str) -> None:
        """Put the work tree back to a commit."""
        run_git(self.clone, "reset", "-q", "--hard", commit)


def make_person(folder: Path, name: str) -> Person:
    """Make somebody a new ed25519 key."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = folder / name
    _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)], folder)
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    return Person(name, f"{name}@shop.example", key, public)


def run_git(folder: Path, *arguments: str, person: Person | None = None) -> str:
    """Run git for somebody, without this machine's own configuration; its output without the line end."""
    settings: dict[str, str] = {"core.hooksPath": os.devnull}
    if person:
        settings |= {
            "user.name": person.name.capitalize(),
            "user.email": person.email,
            "gpg.format": "ssh",
            "user.signingkey": str(person.key),
        }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return _run(["git", *options, *arguments], folder)


def _run(command: list[str], folder: Path) -> str:
    environment = {
        "PATH": os.pathsep.join(os.get_exec_path()),
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
    except FileNotFoundError as error:
        raise GitwarrantError(
            f"{command[0]} is not installed", remedy="install git and the OpenSSH client, then run it again"
        ) from error
    except subprocess.SubprocessError as error:
        said = getattr(error, "stderr", "") or str(error)
        raise GitwarrantError(
            f"{command[0]} failed: {said.strip()}", remedy="see what it says; 'gitwarrant doctor' may help"
        ) from error
    return done.stdout.rstrip("\n")
