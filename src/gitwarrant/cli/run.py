"""`gitwarrant run`: deploy and watch, again and again."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from gitwarrant.agent.loop import Event, Loop, Mood
from gitwarrant.cli.configured import working
from gitwarrant.cli.reaching import reach
from gitwarrant.cli.terminal import Terminal
from gitwarrant.cluster.metrics import Metrics
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.delivery import alone


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run until interrupted; each event is one line."""
    log = _log(terminal)

    def tell(event: Event) -> None:
        level = log.warning if event.mood is Mood.BAD else log.info
        level(event.what, environment=event.environment, **event.details)

    with ExitStack() as stack:
        work = stack.enter_context(working(arguments))
        stack.enter_context(alone(work.agent.state))
        metrics = stack.enter_context(_served(arguments.metrics)) if arguments.metrics else None
        names = arguments.environment or [grant.environment for grant in work.agent.tenant.grants]
        log.info("started", environments=names, interval=str(work.agent.interval))
        loop = Loop(work, names, partial(reach, work, metrics=metrics), tell)
        asyncio.run(loop.run(rounds=arguments.rounds))
    return 0


@contextmanager
def _served(address: str) -> Iterator[Metrics]:
    """Counts, given to Prometheus by a thread of its own.

    Raises:
        GitwarrantError: nothing can listen at this address.
    """
    registry = CollectorRegistry()
    host, _, port = address.rpartition(":")
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(int(port), host.strip("[]") or "127.0.0.1", registry)
    except (OSError, OverflowError, ValueError) as error:
        raise GitwarrantError(
            f"metrics cannot be served at {address!r}: {error}",
            remedy="give a free port, or HOST:PORT: --metrics 9100",
        ) from error
    try:
        yield Metrics(registry)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
