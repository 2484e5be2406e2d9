"""`gitwarrant compare`: prove that two clusters are the same in all that an environment declares."""

import argparse
import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

from gitwarrant.cli.configured import working
from gitwarrant.cli.reaching import configured_connection, deployed
from gitwarrant.cli.terminal import Terminal
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Connection, from_kubeconfig
from gitwarrant.model.canonical import plain
from gitwarrant.model.comparison import ComparedObject, Comparison
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.comparing import compare_with
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.plan.text import difference_lines

TWO = 2  # clusters are compared


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 the same in every declared object; 1 not."""
    with working(arguments) as work:
        stands = deployed(work, arguments.environment)
        found = asyncio.run(_compare(work, stands, arguments.with_))
    terminal.result({**plain(found), "identical": not found.differing})
    _say(found, terminal)
    return 1 if found.differing else 0


async def _compare(work: Delivery, stands: Standing, named: list[str]) -> Comparison:
    if len(named) > TWO:
        raise GitwarrantError(f"{len(named)} clusters were named", remedy="compare two at a time")
    connections = [_connection(name) for name in named]
    if len(connections) < TWO:
        connections.insert(0, configured_connection(work.agent, stands.environment.name))
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(Cluster(item)) for item in connections]
        return await compare_with(work, stands, one, other)


def _connection(name: str) -> Connection:
    """A cluster by the file of its kubeconfig and, behind a colon, the context there."""
    path, context = (name, "") if Path(name).exists() else (name.rpartition(":")[0], name.rpartition(":")[2])
    return from_kubeconfig(Path(path or name), environment=os.environ, context=context or None)


def _say(found: Comparison, terminal: Terminal) -> None:
    for item in found.differing:
        terminal.say(f"{item.likeness.value}: {item.key}{_note(item)}", "bold")
        for style, text in difference_lines(item.differences, {}):
            terminal.say(text, style)
    if found.drifted:
        named = ", ".join(str(item.key) for item in found.drifted)
        terminal.say(f"not as the repository has it, in one or both: {named}", "warn")
    same, total = len(found.objects) - len(found.differing), len(found.objects)
    style = "bad" if found.differing else "good"
    terminal.say(f"{same} of {total} objects are the same in both clusters, at {found.commit[:12]}", style)


def _note(item: ComparedObject) -> str:
    return f"  ({item.note})" if item.note else ""
