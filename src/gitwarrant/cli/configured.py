"""What commands share that work for an operator: the agent's configuration, the state folder, the cluster."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gitwarrant.config.agent import Agent
from gitwarrant.config.agent_reading import read
from gitwarrant.config.fields import duration
from gitwarrant.config.find import AGENT_FILE, agent_file
from gitwarrant.forge.forge import Forge
from gitwarrant.git.clone import STATEMENTS_REFSPEC, Clone
from gitwarrant.git.objects import NotAStore
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.delivery import Delivery, open_delivery


def agent(arguments: argparse.Namespace) -> Agent:
    """Read the agent's configuration that the arguments or the environment name."""
    return agent_at(arguments.config)


def agent_at(named: str | None) -> Agent:
    """Read the agent's configuration that is named, or the one in a usual place."""
    return _read(agent_path(named))


def agent_for(clone: Clone, named: str | None) -> Agent:
    """The agent's configuration that belongs to a clone: its own comes before the environment's."""
    own = (clone.git_folder / AGENT_FILE).is_file()
    environment = None if own else os.environ.get("GITWARRANT_CONFIG")
    return _read(agent_file(named, environment, clone.git_folder))


def _read(path: Path) -> Agent:
    """Read a configuration, and the token to fetch with, which never stands in it."""
    found = read(path)
    return replace(found, git=replace(found.git, token=os.environ.get("GITWARRANT_GIT_TOKEN", "")))


def agent_path(named: str | None) -> Path:
    """Where that configuration lies; never in a work tree (see `agent_file`)."""
    return agent_file(named, os.environ.get("GITWARRANT_CONFIG"), git_folder(Path.cwd()))


def git_folder(start: Path) -> Path | None:
    """The Git folder of the clone around a folder: private to the clone, never part of a commit."""
    try:
        return Clone.around(start).git_folder
    except NotAStore:
        return None


@contextmanager
def working(arguments: argparse.Namespace) -> Iterator[Delivery]:
    """Open the state folder of the agent's configuration."""
    configured = agent(arguments)
    with open_delivery(configured, now, forge(configured)) as work:
        yield work


def forge(configured: Agent) -> Forge | None:
    """The forge that the configuration names; None: it names none. Nothing is asked yet."""
    if configured.forge is None:
        return None
    from gitwarrant.forge.registry import TOKEN_VARIABLE, connect  # noqa: PLC0415 - imports urllib3

    return connect(configured.forge, os.environ.get(TOKEN_VARIABLE, ""))


def missing_statements(clone: Clone) -> str:
    """What to do where this clone cannot know of others' approvals; empty where it fetches them."""
    remote = next(iter(clone.remotes()), "")
    if not remote or clone.fetches_statements(remote):
        return ""
    return (
        "this clone does not fetch the statements of others, so an approval may be missing here:\n"
        f"  git config --add remote.{remote}.fetch '{STATEMENTS_REFSPEC}' && git fetch"
    )


def duration_of(text: str) -> timedelta:
    """A duration that a person wrote.

    Raises:
        GitwarrantError: it is none.
    """
    try:
        return duration(text)
    except (ValueError, OverflowError) as error:
        raise GitwarrantError(f"{text!r} is no duration", remedy="write it like 14d or 12h") from error


def now() -> datetime:
    """The clock of every command."""
    return datetime.now(UTC)
