"""`gitwarrant run`: deploy and watch, again and again."""

import argparse
import asyncio
import sys
from functools import partial

import structlog

from gitwarrant.agent.loop import Event, Loop, Mood
from gitwarrant.cli.configured import working
from gitwarrant.cli.reaching import reach
from gitwarrant.cli.terminal import Terminal
from gitwarrant.pipeline.delivery import alone


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run until interrupted; each event is one line."""
    log = _log(terminal)

    def tell(event: Event) -> None:
        level = log.warning if event.mood is Mood.BAD else log.info
        level(event.what, environment=event.environment, **event.details)

    with working(arguments) as work, alone(work.agent.state):
        names = arguments.environment or [grant.environment for grant in work.agent.tenant.grants]
        log.info("started", environments=names, interval=str(work.agent.interval))
        loop = Loop(work, names, partial(reach, work), tell)
        asyncio.run(loop.run(rounds=arguments.rounds))
    return 0


def _log(terminal: Terminal) -> structlog.typing.FilteringBoundLogger:
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if terminal.as_json
        else structlog.dev.ConsoleRenderer(colors=terminal.colour)
    )
    structlog.configure(
        processors=[*shared, last], logger_factory=structlog.PrintLoggerFactory(file=sys.stdout)
    )
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
