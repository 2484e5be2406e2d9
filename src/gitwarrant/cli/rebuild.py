"""`gitwarrant rebuild`: bring environments into an empty cluster."""

import argparse
import asyncio

from gitwarrant.cli.apply import say_deployment
from gitwarrant.cli.configured import working
from gitwarrant.cli.plan import as_data, say
from gitwarrant.cli.pushing import agreed
from gitwarrant.cli.reaching import reach
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.canonical import plain
from gitwarrant.pipeline.candidates import advance_trust
from gitwarrant.pipeline.delivery import Delivery, alone
from gitwarrant.pipeline.deploy import Deployment, cluster_uid
from gitwarrant.pipeline.rebuilding import Rebuilding, in_order, rebuild, rebuilding


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 all is in the cluster; 1 refused, or an object failed."""
    told: list[object] = []
    with working(arguments) as work, alone(work.agent.state):
        for name in _names(work, arguments):
            if not _one(work, name, arguments, terminal, told):
                terminal.result(told)
                return 1
    terminal.result(told)
    return 0


def _names(work: Delivery, arguments: argparse.Namespace) -> list[str]:
    """The environments that were named, or all that are granted; each behind those that it waits for."""
    granted = {grant.environment for grant in work.agent.tenant.grants}
    wanted = set(arguments.environment) or granted
    _, trusted = advance_trust(work)
    known = [trusted.environment(name) for name in sorted(wanted)]
    return [item.name for item in in_order(known)]


def _one(
    work: Delivery, name: str, arguments: argparse.Namespace, terminal: Terminal, told: list[object]
) -> bool:
    """Rebuild one environment; whether the next one may follow."""
    found = rebuilding(work, name)
    judgement, warrant = found.judgement, found.last.warrant
    terminal.say(f"{name}: {warrant.commit[:12]}, as warrant {warrant.sequence} left it", "bold")
    say(judgement, judgement.plan, terminal)
    if judgement.refusals or arguments.dry_run:
        told.append({"environment": name, **as_data(judgement, judgement.plan)})
        return not judgement.refusals
    done = asyncio.run(_deploy(work, found, arguments, terminal))
    if done is None:
        told.append({"environment": name, "rebuilt": False})
        return True
    told.append({"environment": name, "warrant": plain(done.warrant), "applied": plain(done.applied)})
    say_deployment(done, terminal)
    return done.applied is None or done.applied.complete


async def _deploy(
    work: Delivery, found: Rebuilding, arguments: argparse.Namespace, terminal: Terminal
) -> Deployment | None:
    name, old = found.judgement.question.environment.name, found.last.warrant.cluster
    async with reach(work, name) as cluster:
        uid = await cluster_uid(work, name, cluster)
        if uid != old and not (arguments.yes or agreed(f"rebuild {name}, of {old}, in {uid}?", terminal)):
            terminal.say("nothing was rebuilt")
            return None
        done = await rebuild(work, found, cluster)
    if done is None:
        terminal.say(f"{name} is in this cluster already; to bring what is missing: gitwarrant apply {name}")
    return done
