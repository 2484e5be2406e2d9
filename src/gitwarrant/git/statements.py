"""Keeping signed statements in Git: one commit without parents over two files, below its digest's name.

Used in a person's own clone, by `propose` and `approve`; so pushing uses that
person's own configuration and credentials, as any push of theirs does.
"""

import os
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from gitwarrant.git.clone import ask
from gitwarrant.git.failures import FetchError, failure, spoken
from gitwarrant.git.history import git_folder
from gitwarrant.git.remote import without_secrets
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import Unreachable
from gitwarrant.model.statement import HEARTBEAT_REFS, STATEMENT_REFS

PUSH_SECONDS = 120
COMMIT = (
    b"author gitwarrant <gitwarrant@localhost> 0 +0000\n"
    b"committer gitwarrant <gitwarrant@localhost> 0 +0000\n\nA signed statement\n"
)
"""The same for everybody: its signature says who made a statement, and equal ones get equal ids."""


def store(repository: Path, statement: SignedStatement) -> str:
    """Write a statement into a clone and return its ref, which names it by its digest.

    Writing the same statement again changes nothing.

    Raises:
        FetchError: the clone cannot be written.
    """
    return _keep(repository, STATEMENT_REFS + sha256(statement.body).hexdigest(), statement)


def store_heartbeat(repository: Path, name: str, heartbeat: SignedStatement) -> str:
    """Write a heart's beat in place of the one before, kept as statements are, and return its ref.

    Raises:
        FetchError: the repository cannot be written.
    """
    return _keep(repository, HEARTBEAT_REFS + name, heartbeat)


def _keep(repository: Path, ref: str, signed: SignedStatement) -> str:
    folder = git_folder(repository)
    body, signature = (_write(folder, "blob", data) for data in (signed.body, signed.signature))
    entries = (b"100644 %s\0%s" % item for item in ((b"signature", signature), (b"statement", body)))
    tree = _write(folder, "tree", b"".join(entries))
    commit = _write(folder, "commit", b"tree %s\n" % tree.hex().encode() + COMMIT)
    _ask(folder, "update-ref", ref, commit.hex())
    return ref


def _write(folder: Path, kind: str, content: bytes) -> bytes:
    """Write an object and return its id, in the hash of the clone."""
    return bytes.fromhex(_ask(folder, "hash-object", "-t", kind, "-w", "--stdin", given=content).decode())


def _ask(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = ask(folder, *arguments, given=given)
    if done.returncode:
        raise FetchError(
            f"the statement cannot be written into {folder}: {spoken(done.stderr.decode(errors='replace'))}",
            remedy="check that the clone is yours and that the disk has room",
        )
    return done.stdout


def push(repository: Path, remote: str, refs: Sequence[str]) -> None:
    """Push statements by git, with the configuration of the clone's owner.

    Args:
        remote: name of a remote of the clone, or an address.
        refs: names as `store` and `store_heartbeat` returned them; a heartbeat replaces the one before.

    Raises:
        Unreachable: the server does not answer, or not within two minutes.
        FetchError: it does not let us in, or refuses the refs.
        ValueError: a ref is no statement's, or the remote reads as an option.
    """
    if remote.startswith("-") or not all(ref.startswith((STATEMENT_REFS, HEARTBEAT_REFS)) for ref in refs):
        raise ValueError(f"only statements are pushed, to a named remote: {remote!r}, {refs}")
    refspecs = [f"{'+' if ref.startswith(HEARTBEAT_REFS) else ''}{ref}:{ref}" for ref in refs]
    command = ["git", "-C", str(repository), "push", "--quiet", "--no-verify", "--", remote, *refspecs]
    told = {**os.environ, "LC_ALL": "C"}  # the person's own git: their agent, their proxy; English to read
    try:
        done = subprocess.run(command, env=told, capture_output=True, timeout=PUSH_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unreachable(
            f"{without_secrets(remote)} did not take the statements within {PUSH_SECONDS} seconds",
            remedy=f"push them by hand: git push REMOTE '{STATEMENT_REFS}*:{STATEMENT_REFS}*'",
        ) from error
    except OSError as error:
        raise FetchError(f"git cannot be started: {error.strerror}", remedy="install git") from error
    if done.returncode:
        raise failure(without_secrets(remote), done.stderr)
