"""`gitwarrant blocked ENV`: what stops this environment, and the shortest legitimate way on."""

import argparse
from pathlib import Path

from gitwarrant.audit.queries import last_warrant
from gitwarrant.audit.recorder import Recorder
from gitwarrant.cli.configured import agent, missing_statements, now, unasked_forges, working
from gitwarrant.cli.revisions import commit_of
from gitwarrant.cli.terminal import Terminal, describe
from gitwarrant.config.agent import Agent
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.pipeline.blocked import Blockage, blockage
from gitwarrant.pipeline.candidates import candidate
from gitwarrant.pipeline.judge import judge
from gitwarrant.pipeline.local import judged, look, proposed, question, tracked


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 nothing stops it, 1 something does."""
    configured = agent(arguments)
    try:
        found, hint = _find(configured, arguments, terminal)
    except Refused as refusal:  # not even the question could be put
        terminal.result({"blocked": True, "refusals": [describe(refusal)], "steps": []})
        if not terminal.as_json:
            terminal.refuse(refusal)
        return 1
    terminal.result(
        {
            "blocked": bool(found.refusals),
            "environment": found.environment,
            "base": found.change.base,
            "head": found.change.head,
            "refusals": [describe(refusal) for refusal in found.refusals],
            "steps": plain(found.steps),
        }
    )
    tell(found, terminal)
    if found.refusals and hint:
        terminal.note(hint)
    return 1 if found.refusals else 0


def tell(found: Blockage, terminal: Terminal) -> None:
    """What stops it, then the way on, numbered."""
    count = len(found.change.landings)
    waiting = f"{count} landing{' waits' if count == 1 else 's wait'}, up to {found.change.head[:12]}"
    if not found.refusals:
        what = waiting if found.change.landings else "nothing new waits"
        terminal.say(f"nothing stops {found.environment}; {what}", "good")
        return
    terminal.say(f"{found.environment} is blocked: {waiting}", "bad")
    for refusal in found.refusals:
        where = f"   ({refusal.place})" if refusal.place else ""
        terminal.say_wrapped(f"{refusal.what}{where}", f"  {refusal.stage:<9} ")
    terminal.say("the shortest way on:", "bold")
    for number, step in enumerate(found.steps, 1):
        who = f"{' and '.join(step.who)}: " if step.who else ""
        # Never broken: it is there to be copied.
        terminal.say(f"  {number}. {terminal.style(who, 'bold')}{step.what}")
        terminal.say_wrapped(step.why, "     ", "dim")


def _find(configured: Agent, arguments: argparse.Namespace, terminal: Terminal) -> tuple[Blockage, str]:
    """With the agent's log where it is on this machine, else from the clone and a base that is named."""
    if configured.log.exists() and not arguments.base:
        with working(arguments) as work:
            _tell_standing(work.recorder, arguments.environment, terminal)
            found = candidate(work, arguments.environment)
            return blockage(judge(found.repository, found.question)), ""
    if not arguments.base:
        raise GitwarrantError(
            f"the agent's log is not on this machine ({configured.log}), so what runs now is not known",
            remedy="run it where the agent runs; or say what runs, in a clone: --base REV",
        )
    clone = Clone.around(Path.cwd())
    view = look(clone, configured, now=now(), doubtful=True)
    environment = view.trusted.environment(arguments.environment)
    head = tracked(clone, environment.ref)
    change = proposed(view, environment.ref, head, commit_of(view, arguments.base, terminal))
    judgement = judged(view, question(view, environment, change, now=now()))
    hints = missing_statements(clone), unasked_forges(view.trusted.config.policy)
    return blockage(judgement), "\n".join(filter(None, hints))


def _tell_standing(recorder: Recorder, environment: str, terminal: Terminal) -> None:
    last = last_warrant(recorder, environment)
    if last:
        terminal.say(
            f"{environment} runs {last.warrant.commit[:12]}, warrant {last.warrant.sequence} "
            f"of {last.time:%Y-%m-%d %H:%M}",
            "dim",
        )
