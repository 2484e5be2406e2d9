"""`gitwarrant apply`: deploy once."""

import argparse
import asyncio
from contextlib import AbstractContextManager, nullcontext

from gitwarrant.cli.configured import working
from gitwarrant.cli.plan import show
from gitwarrant.cli.reaching import reach, refined
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.canonical import plain
from gitwarrant.model.live import Applied, Result
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import Delivery, alone
from gitwarrant.pipeline.deploy import Deployment, deploy
from gitwarrant.pipeline.question import Judgement

STYLES = {
    Result.CREATED: "add",
    Result.CONFIGURED: "change",
    Result.DELETED: "remove",
    Result.UNCHANGED: "dim",
    Result.FINISHED: "good",
    Result.FAILED: "bad",
    Result.HELD: "warn",
}


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Deploy, and show what became of each object."""
    with working(arguments) as work, _alone(work, arguments):
        judgement = examine(work, candidate(work, arguments.environment))
        if judgement.refusals or arguments.dry_run:
            plan = judgement.plan
            show(judgement, refined(work, judgement) if plan and arguments.dry_run else plan, terminal)
            return 1 if judgement.refusals else 0
        done = asyncio.run(_deploy(work, judgement))
    terminal.result({"warrant": plain(done.warrant), "applied": plain(done.applied)})
    say_deployment(done, terminal)
    return 0 if done.applied is None or done.applied.complete else 1


def _alone(work: Delivery, arguments: argparse.Namespace) -> AbstractContextManager[None]:
    return nullcontext() if arguments.dry_run else alone(work.agent.state)


async def _deploy(work: Delivery, judgement: Judgement) -> Deployment:
    environment = judgement.question.environment.name
    async with reach(work, environment) as cluster:
        return await deploy(work, judgement, cluster)


def say_deployment(done: Deployment, terminal: Terminal) -> None:
    """What a deploy did, in words."""
    warrant = done.warrant
    named = (
        f"warrant {warrant.sequence} for {warrant.commit[:12]}, until {warrant.not_after:%Y-%m-%d %H:%M} UTC"
    )
    if done.applied is None:
        terminal.say(f"already as warranted: {named}", "good")
        return
    say_objects(done.applied, terminal)
    good = done.applied.complete
    terminal.say(f"{'applied' if good else 'not all applied'}: {named}", "good" if good else "bad")


def say_objects(applied: Applied, terminal: Terminal) -> None:
    """One line for each object that was written, or could not be."""
    for item in applied.objects:
        if item.result is not Result.UNCHANGED:
            message = f"  {item.message}" if item.message else ""
            terminal.say(f"{item.result.value:<10} {item.key}{message}", STYLES[item.result])
