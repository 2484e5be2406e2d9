"""`gitwarrant trust what-if`: what a theft would allow to deploy, from the rules."""

import argparse
from pathlib import Path

from gitwarrant.cli.configured import agent, now
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import plain
from gitwarrant.pipeline.local import look
from gitwarrant.trust.what_if import Possibility, Reach, Stolen, what_if

STYLES = {Reach.ALONE: "bad", Reach.WITH_OTHERS: "warn", Reach.NOTHING: "good"}


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 nothing could be deployed alone, 1 something could."""
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
