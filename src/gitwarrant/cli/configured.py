"""What commands share that work for an operator: the agent's configuration, the state folder, the cluster."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gitwarrant.config.agent import Agent, read
from gitwarrant.config.find import agent_file
from gitwarrant.git.clone import Clone
from gitwarrant.git.objects import NotAStore
from gitwarrant.pipeline.delivery import Delivery, open_delivery


def agent(arguments: argparse.Namespace) -> Agent:
    """Read the agent's configuration that the arguments or the environment name."""
    named = os.environ.get("GITWARRANT_CONFIG")
    return read(agent_file(arguments.config, named, git_folder(Path.cwd())))


def git_folder(start: Path) -> Path | None:
    """The Git folder of the clone around a folder: private to the clone, never part of a commit."""
    try:
        return Clone.around(start).git_folder
    except NotAStore:
        return None


@contextmanager
def working(arguments: argparse.Namespace) -> Iterator[Delivery]:
    """Open the state folder of the agent's configuration."""
    with open_delivery(agent(arguments), now) as work:
        yield work


def now() -> datetime:
    """The clock of every command."""
    return datetime.now(UTC)
