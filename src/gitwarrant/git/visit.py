"""Bringing a repository here that nobody configured: only to look at it."""

from dataclasses import replace
from pathlib import Path

from gitwarrant.git.command import SOURCE, Limits, run
from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import BRANCH, NOWHERE, fetch, incoming
from gitwarrant.git.past import NothingToSee
from gitwarrant.git.remote import Remote

VISIT_LIMITS = Limits(seconds=300, bytes=2 * 1024**3)
ASK_SECONDS = 30
HEAD_LINE = "ref: "


def is_address(text: str) -> bool:
    """Whether a person means a server's repository and not a folder: `https://...`, `git@host:path`."""
    return "://" in text or (":" in text and not Path(text).exists())


def visit(remote: Remote, folder: Path, branch: str | None = None) -> str:
    """Fetch one branch into a new bare repository at `folder` and return the full name it has there.

    Args:
        branch: its short name; None: the server's default branch.

    Raises:
        Unreachable, Refused, FetchError: as `fetch.fetch`.
        NothingToSee: the server names no default branch: it has no commit yet.
    """
    ref = f"refs/heads/{branch.removeprefix('refs/heads/')}" if branch else default_branch(remote)
    fetch(remote, folder, [ref], limits=VISIT_LIMITS)
    return incoming(ref)


def default_branch(remote: Remote) -> str:
    """Ask a server for its default branch (`refs/heads/main`)."""
    limits = replace(VISIT_LIMITS, seconds=ASK_SECONDS, bytes=1024 * 1024)
    said = run(remote, NOWHERE, ["ls-remote", "--symref", SOURCE, "HEAD"], limits=limits)
    for line in said.decode(errors="replace").splitlines():
        name = line.removeprefix(HEAD_LINE).partition("\t")[0]
        if line.startswith(HEAD_LINE) and BRANCH.fullmatch(name):
            return name
    if said:
        raise FetchError(f"{remote.shown} names no default branch", remedy="name one: --branch NAME")
    raise NothingToSee(
        f"{remote.shown} has no commit on its default branch", remedy="push something, or name --branch NAME"
    )
