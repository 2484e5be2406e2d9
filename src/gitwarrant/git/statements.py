"""Keeping signed statements in Git: one commit without parents over two files, below its digest's name.

Used in a person's own clone, by `propose` and `approve`; so pushing uses that
person's own configuration and credentials, as any push of theirs does.
"""

import os
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, RepositoryOpenFlag

from gitwarrant.git.failures import FetchError, failure
from gitwarrant.git.history import git_folder
from gitwarrant.git.remote import without_secrets
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import Unreachable
from gitwarrant.model.statement import HEARTBEAT_REFS, STATEMENT_REFS

PUSH_SECONDS = 120
WRITER = pygit2.Signature("gitwarrant", "gitwarrant@localhost", 0, 0)
"""The same for everybody: its signature says who made a statement, and equal ones get equal ids."""


def store(repository: Path, statement: SignedStatement) -> str:
    """Write a statement into a clone and return its ref, which names it by its digest.

    Writing the same statement again changes nothing.

    Raises:
        FetchError: the clone cannot be written.
    """
    return _write(repository, STATEMENT_REFS + sha256(statement.body).hexdigest(), statement)


def store_heartbeat(repository: Path, name: str, heartbeat: SignedStatement) -> str:
    """Write a heart's beat in place of the one before, kept as statements are, and return its ref.

    Raises:
        FetchError: the repository cannot be written.
    """
    return _write(repository, HEARTBEAT_REFS + name, heartbeat)


def _write(repository: Path, ref: str, signed: SignedStatement) -> str:
    try:
        clone = pygit2.Repository(str(git_folder(repository)), RepositoryOpenFlag.NO_SEARCH)
        files = clone.TreeBuilder()
        files.insert("statement", clone.create_blob(signed.body), FileMode.BLOB)
        files.insert("signature", clone.create_blob(signed.signature), FileMode.BLOB)
        commit = clone.create_commit(None, WRITER, WRITER, "A signed statement\n", files.write(), [])
        clone.references.create(ref, commit, force=True)
    except (pygit2.GitError, OSError, KeyError, ValueError) as error:
        raise FetchError(
            f"the statement cannot be written into {repository}: {error}",
            remedy="check that the clone is yours and that the disk has room",
        ) from error
    return ref


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
            remedy=f"push them by hand: git push {remote} '{STATEMENT_REFS}*:{STATEMENT_REFS}*'",
        ) from error
    except OSError as error:
        raise FetchError(f"git cannot be started: {error.strerror}", remedy="install git") from error
    if done.returncode:
        raise failure(without_secrets(remote), done.stderr)
