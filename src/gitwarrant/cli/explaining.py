"""`gitwarrant trust explain` and `gitwarrant trust what-if`: the rules, in words."""

import argparse
from pathlib import Path

from gitwarrant.cli.accounts import data, tell
from gitwarrant.cli.configured import agent, missing_statements, now
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.local import containing, explained, look, proposed
from gitwarrant.trust.what_if import Possibility, Reach, Stolen, what_if

STYLES = {Reach.ALONE: "bad", Reach.WITH_OTHERS: "warn", Reach.NOTHING: "good"}


def explain_commit(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Every rule, signature and verdict of the landing that brought a commit, or would bring it.

    Exit status: 0 it is proven, 1 it is refused.
    """
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    environment = view.trusted.environment(arguments.environment) if arguments.environment else None
    commit = clone.commit(arguments.commit)
    try:
        change = containing(view, commit)
    except GitwarrantError:
        ref = environment.ref if environment else view.agent.root.trust_ref
        change = proposed(view, ref, commit)
    explanation = explained(view, change, environment, now=now())
    terminal.result(data(explanation))
    tell(explanation, terminal)
    terminal.note("times are judged now: a clone has no log that saw the commit first")
    if explanation.refusal and (hint := missing_statements(clone)):
        terminal.note(hint)
    return 1 if explanation.refusal else 0


def suppose(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """What a theft would allow. Exit status: 0 nothing could be deployed alone, 1 something could."""
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    config, stolen = view.trusted.config, Stolen(arguments.stolen)
    found = what_if(stolen, arguments.name, config.policy, view.agent.root, config.environments)
    terminal.result([{name: value for name, value in plain(item).items() if name != "is"} for item in found])
    tell_possibilities(found, terminal)
    return 1 if any(item.reach is Reach.ALONE for item in found) else 0


def tell_possibilities(found: tuple[Possibility, ...], terminal: Terminal) -> None:
    """One line for each rule, then the sum."""
    for item in found:
        where = item.environment or "the rules"
        reach = terminal.style(f"{item.reach.value:<12}", STYLES[item.reach])
        terminal.say(f"{reach} {where:<14} {item.pattern:<24} {item.why}   ({item.place})")
    alone = sorted({item.environment or "the rules" for item in found if item.reach is Reach.ALONE})
    if alone:
        terminal.say(f"could be changed alone: {', '.join(alone)}", "bad")
    else:
        terminal.say("nothing could be deployed without another person", "good")
