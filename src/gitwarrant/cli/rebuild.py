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
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.candidates import advance_trust
from gitwarrant.pipeline.delivery import Delivery, alone
from gitwarrant.pipeline.deploy import Deployment, cluster_uid
from gitwarrant.pipeline.rebuilding import Rebuilding, in_order, rebuild, rebuilding, until_healthy


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 all is in the cluster; 1 refused, or an object failed."""
    told: list[object] = []
    with working(arguments) as work, alone(work.agent.state):
        environments = _environments(work, arguments)
        awaited = {before for item in environments for before in item.depends_on}
        for item in environments:
            done = _one(work, item.name, arguments, terminal, told)
            if not done or (item.name in awaited and not _came_to_rest(work, item, arguments, terminal)):
                terminal.result(told)
                return 1
    terminal.result(told)
    return 0


def _environments(work: Delivery, arguments: argparse.Namespace) -> tuple[Environment, ...]:
    """The environments that were named, or all that are granted; each behind those that it waits for."""
    granted = {grant.environment for grant in work.agent.tenant.grants}
    wanted = set(arguments.environment) or granted
    _, trusted = advance_trust(work)
    return in_order(trusted.environment(name) for name in sorted(wanted))


def _came_to_rest(
    work: Delivery, environment: Environment, arguments: argparse.Namespace, terminal: Terminal
) -> bool:
    """Whether an environment that others wait for is healthy in time."""
    if arguments.dry_run:
        return True

    async def wait() -> bool:
        async with reach(work, environment.name) as cluster:
            return await until_healthy(work, environment.name, cluster, limit=environment.health_deadline)

    terminal.progress(f"{environment.name}: waiting for its health")
    if asyncio.run(wait()):
        return True
    seconds = environment.health_deadline
    terminal.say(f"{environment.name} is not healthy within {seconds} s, and others wait for it", "bad")
    return False


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
            raise GitwarrantError("nothing was rebuilt", remedy="answer with y, or give --yes")
        done = await rebuild(work, found, cluster)
    if done is None:
        terminal.say(f"{name} is in this cluster already; to bring what is missing: gitwarrant apply {name}")
    return done
