"""What git's own `git verify-commit` says of a commit, given the same people and keys."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.attack.registry import Git
from tests.attack.scene import Scene

WORDS: tuple[tuple[str, Git], ...] = (
    ("No principal matched", Git.STRANGER),
    ("Could not verify signature", Git.BAD),
    ("Signature verification failed", Git.BAD),
    ("incorrect signature", Git.BAD),
    ("This key has expired", Git.EXPIRED),
    ("bad/incompatible signature", Git.UNREADABLE),
)
"""What git says when it rejects, first match first; nothing at all means that it found no signature."""

OPENPGP = "-----BEGIN PGP"


def ask(scene: Scene, commit: str) -> Git:
    """Ask git in the repository that the scene shows.

    Raises:
        ValueError: git says something that this table does not know.
    """
    return _asked(scene, "verify-commit", commit)


def ask_tag(scene: Scene, tag: str) -> Git:
    """Ask git about a tag; as `ask`."""
    return _asked(scene, "verify-tag", tag)


def _asked(scene: Scene, command: str, name: str) -> Git:
    allowed, revoked = scene.folder / "allowed_signers", scene.folder / "revoked_keys"
    allowed.write_text("".join(f"{line}\n" for line in _allowed(scene.people)))
    revoked.write_text("".join(f"{line}\n" for line in _revoked(scene.people)))
    settings = {"gpg.ssh.allowedSignersFile": str(allowed), "gpg.ssh.revocationFile": str(revoked)}
    done = _git(scene.shown_in, scene.gnupg or scene.folder, settings, [command, name])
    said = done.stdout + done.stderr
    if done.returncode == 0:
        return Git.ACCEPTS
    for words, verdict in WORDS:
        if words in said:
            return verdict
    if not said.strip():
        return Git.UNSIGNED
    raise ValueError(f"git {command} ended with {done.returncode} and says: {said}")


def _allowed(people: Mapping[str, Any]) -> Iterator[str]:
    """Lines of an allowed_signers file: each key with its owner's addresses and its validity."""
    for identity in people.values():
        for key in (key for key in identity["keys"] if not key["public"].startswith(OPENPGP)):
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
    folder: Path, keys: Path, settings: Mapping[str, str], question: Sequence[str]
) -> "subprocess.CompletedProcess[str]":
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    command = ["git", f"--git-dir={folder}", *options, *question]
    told = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_GLOBAL": os.devnull}
    told |= {"GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), "GNUPGHOME": str(keys)}
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False, errors="replace")
