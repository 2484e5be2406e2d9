"""What git's own `git verify-commit` says of a commit, given the same people and keys."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.attack.registry import Git
from tests.attack.scene import Scene

WORDS: tuple[tuple[str, Git], ...] = (
    ("No principal matched", Git.STRANGER),
    ("Could not verify signature", Git.BAD),
    ("Signature verification failed", Git.BAD),
    ("incorrect signature", Git.BAD),
    ("bad/incompatible signature", Git.UNREADABLE),
)
"""What git says when it rejects, first match first; nothing at all means that it found no signature."""


def ask(scene: Scene, commit: str) -> Git:
    """Ask git in the repository that the scene shows.

    Raises:
        ValueError: git says something that this table does not know.
    """
    return _asked(scene, "verify-commit", commit, Git.ACCEPTS)


def ask_tag(scene: Scene, tag: str) -> Git:
    """Ask git about a tag; as `ask`."""
    return _asked(scene, "verify-tag", tag, Git.TAG_ACCEPTS)


def _asked(scene: Scene, command: str, name: str, good: Git) -> Git:
    allowed, revoked = scene.folder / "allowed_signers", scene.folder / "revoked_keys"
    allowed.write_text("".join(f"{line}\n" for line in _allowed(scene.people)))
    revoked.write_text("".join(f"{line}\n" for line in _revoked(scene.people)))
    done = _git(scene.shown_in, allowed, revoked, command, name)
    said = done.stdout + done.stderr
    if done.returncode == 0:
        return good
    for words, verdict in WORDS:
        if words in said:
            return verdict
    if not said.strip():
        return Git.UNSIGNED
    raise ValueError(f"git {command} ended with {done.returncode} and says: {said}")


def _allowed(people: Mapping[str, Any]) -> Iterator[str]:
    """Lines of an allowed_signers file: each key with its owner's addresses and its validity."""
    for identity in people.values():
        for key in identity["keys"]:
            options = ['namespaces="git"', *(["cert-authority"] if key.get("authority") else [])]
            if "from" in key:
                options.append(f'valid-after="{_stamp(key["from"])}"')
            if "until" in key:
                options.append(f'valid-before="{_stamp(key["until"])}"')
            yield f"{','.join(identity['emails'])} {','.join(options)} {key['public']}"


def _revoked(people: Mapping[str, Any]) -> Iterator[str]:
    return (key["public"] for who in people.values() for key in who["keys"] if key.get("revoked"))


def _stamp(day: str) -> str:
    return day.replace("-", "")


def _git(
    folder: Path, allowed: Path, revoked: Path, asked: str, name: str
) -> "subprocess.CompletedProcess[str]":
    settings = {"gpg.ssh.allowedSignersFile": str(allowed), "gpg.ssh.revocationFile": str(revoked)}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    command = ["git", f"--git-dir={folder}", *options, asked, name]
    told = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_GLOBAL": os.devnull}
    told |= {"GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False, errors="replace")
