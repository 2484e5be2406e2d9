"""Deploy and watch, again and again (pull mode).

Every environment that the tenant grants is fetched, judged, deployed if its
'auto_deploy' is on, and compared with what was warranted. Killed at any point,
it starts again and converges.
"""

import argparse
import asyncio
import sys

import structlog

from gitwarrant.agent.loop import Event, Loop, Mood
from gitwarrant.cli.configured import add_config, working
from gitwarrant.cli.reaching import connection
from gitwarrant.cli.terminal import Terminal
from gitwarrant.pipeline.delivery import alone

EXAMPLES = """\
examples:
  gitwarrant run
  gitwarrant run --environment staging --rounds 1
  gitwarrant run --output json | jq .event
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take which environments, and how often."""
    parser.add_argument(
        "--environment", action="append", default=[], help="only this one; may be repeated (default: all)"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="stop after N rounds (default: never)")
    add_config(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run until interrupted; each event is one line."""
    log = _log(terminal)

    def tell(event: Event) -> None:
        level = log.warning if event.mood is Mood.BAD else log.info
        level(event.what, environment=event.environment, **event.details)

    with working(arguments) as work, alone(work.agent.state):
        names = arguments.environment or [grant.environment for grant in work.agent.tenant.grants]
        log.info("started", environments=names, interval=str(work.agent.interval))
        loop = Loop(work, names, lambda name: connection(work, name), tell)
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
