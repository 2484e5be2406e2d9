"""`gitwarrant audit`: ask the log what happened, and who changed an object."""

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gitwarrant.audit.answers import ObjectQuery, parse_query, who
from gitwarrant.audit.log import Log
from gitwarrant.audit.recorder import Selection, object_of
from gitwarrant.audit.telling import answer_data, record_data, summary, tell
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.record import Record, RecordKind

FOLLOW_SECONDS = 1.0


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 answered; 2 no such object, or no log."""
    path = Path(arguments.file) if arguments.file else _log_of_agent(arguments.config)
    with Log(path, _now, read_only=True) as log:
        if arguments.question == "who":
            _who(arguments, log, terminal)
        else:
            _list(arguments, log, terminal)
    return 0


def _who(arguments: argparse.Namespace, log: Log, terminal: Terminal) -> None:
    query = parse_query(" ".join(arguments.object), arguments.namespace)
    answers = who(log, query, _moment(arguments.at, end_of_day=True) if arguments.at else None)
    for text, style in tell(answers):
        terminal.say(text, style)
    terminal.result([answer_data(answer) for answer in answers])


def _list(arguments: argparse.Namespace, log: Log, terminal: Terminal) -> None:
    if arguments.follow and terminal.as_json:
        raise GitwarrantError("--follow has no end, JSON has one", remedy="leave one of them out")
    since = _moment(arguments.since, end_of_day=False) if arguments.since else None
    query = parse_query(arguments.object) if arguments.object else None
    selection = Selection(
        frozenset(RecordKind(kind) for kind in arguments.kind),
        arguments.environment,
        name=query.name if query else None,
        newest_first=True,
    )
    records = list(_newest(log, selection, query, since, arguments.limit))[::-1]
    for record in records:
        terminal.say(*summary(record))
    terminal.result([record_data(record) for record in records])
    if not records:
        terminal.note("no such records")
    if arguments.follow:
        _follow(log, selection, query, terminal)


def _newest(
    log: Log, selection: Selection, query: ObjectQuery | None, since: datetime | None, limit: int
) -> Iterator[Record]:
    given = 0
    for record in log.read(0, selection):
        if (since and record.time < since) or (limit > 0 and given == limit):
            return
        if _about(record, query):
            given += 1
            yield record


def _follow(log: Log, selection: Selection, query: ObjectQuery | None, terminal: Terminal) -> None:
    """Show records as they come, until interrupted."""
    newest = next(log.read(0, Selection(newest_first=True)), None)
    last = newest.number if newest else 0
    onward = Selection(selection.kinds, selection.environment, name=selection.name)
    while True:
        time.sleep(FOLLOW_SECONDS)
        for record in log.read(last, onward):
            last = record.number
            if _about(record, query):
                terminal.say(*summary(record))


def _about(record: Record, query: ObjectQuery | None) -> bool:
    key = object_of(record.body) if query else None
    return query is None or (key is not None and query.matches(key))


def _log_of_agent(argument: str | None) -> Path:
    # Pydantic is slow to import, and a log that is named needs none of it.
    from gitwarrant.cli.configured import agent_at  # noqa: PLC0415

    return agent_at(argument).log


def _moment(text: str, *, end_of_day: bool) -> datetime:
    from gitwarrant.config.fields import DURATION, duration, moment  # noqa: PLC0415 - imports Pydantic

    try:
        return _now() - duration(text) if DURATION.fullmatch(text) else moment(text, end_of_day=end_of_day)
    except (ValueError, OverflowError) as error:
        raise GitwarrantError(
            f"{text!r} is no time", remedy="write it like 24h, 2026-11-17 or 2026-11-17T12:00:00Z"
        ) from error


def _now() -> datetime:
    return datetime.now(UTC)
