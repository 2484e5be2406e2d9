"""`gitwarrant rollback`: order an environment back to an earlier revision, or let go of it."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gitwarrant.audit.log import Log
from gitwarrant.audit.recorder import Recorder
from gitwarrant.cli.configured import agent, now
from gitwarrant.cli.orders import give, order
from gitwarrant.cli.plan import as_data, say
from gitwarrant.cli.revisions import commit_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import plain
from gitwarrant.model.plan import Lasting
from gitwarrant.model.statement import OrderKind
from gitwarrant.pipeline.foreseen import Foreseen, foresee
from gitwarrant.pipeline.local import LocalView, look


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 ordered, or nothing refused; 1 a gate would refuse the way back."""
    if arguments.release:
        return give(OrderKind.RELEASE, arguments, terminal)
    view = look(Clone.around(Path.cwd()), agent(arguments), now=now(), doubtful=True)
    found = _foreseen(view, arguments, terminal)
    live = _live(view, found, arguments) if arguments.cluster else ()
    _say(found, live, terminal)
    done: dict[str, Any] = {}
    if not (found.judgement.refusals or arguments.dry_run):
        done = order(view, OrderKind.ROLLBACK, arguments, terminal, commit=found.target)
    terminal.result(_data(found, live, done))
    return 1 if found.judgement.refusals else 0


def _foreseen(view: LocalView, arguments: argparse.Namespace, terminal: Terminal) -> Foreseen:
    environment = view.trusted.environment(arguments.environment)
    to = commit_of(view, arguments.to, terminal) if arguments.to else None
    with _log(view) as log:
        if log is None:
            terminal.note(
                "the agent's log is not here: what stands is taken to be what the ref held when fetched"
            )
        return foresee(view, environment, to, log, now=now())


@contextmanager
def _log(view: LocalView) -> Iterator[Recorder | None]:
    """The agent's log, where its state folder is here."""
    if not view.agent.log.is_file():
        yield None
        return
    with Log(view.agent.log, now, read_only=True) as log:
        yield log


def _live(view: LocalView, found: Foreseen, arguments: argparse.Namespace) -> Sequence[Lasting]:
    from gitwarrant.cli.reaching import lasting_in  # noqa: PLC0415 - needs the extra 'cluster'

    return lasting_in(view.agent, arguments.environment, found.judgement)


def _say(found: Foreseen, live: Sequence[Lasting], terminal: Terminal) -> None:
    """First what cannot be undone, then the plan, then who it takes."""
    terminal.say(f"from {found.left[:12]} back to {found.target[:12]}", "bold")
    everything = (*found.lasting, *live)
    if everything:
        terminal.say("this is not undone:", "warn")
    for item in everything:
        terminal.say_wrapped(f"{item.key}: {item.what}", begin="  ! ", style="warn")
    terminal.say()
    say(found.judgement, found.judgement.plan, terminal)
    if found.needed.people > 1:
        terminal.note(
            f"it takes {found.needed.people} people: each gives the same order, for {found.target[:12]}"
        )


def _data(found: Foreseen, live: Sequence[Lasting], done: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": found.left,
        "to": found.target,
        "people_needed": found.needed.people,
        "lasting": [{"object": str(item.key), "what": item.what} for item in (*found.lasting, *live)],
        **as_data(found.judgement, found.judgement.plan),
        "order": plain(done) if done else None,
    }
