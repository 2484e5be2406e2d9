"""`gitwarrant explain`: list the checks, or teach one."""

import argparse

from gitwarrant.cli.terminal import Terminal
from gitwarrant.policy.lesson import lines, page, value
from gitwarrant.policy.registry import CHECKS


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show the list, or the lesson of one check."""
    chosen = [check for check in CHECKS if arguments.check in (None, check.id)]
    terminal.result({"checks": [value(check) for check in chosen]})
    if arguments.markdown:
        terminal.say("\n".join(page(check) for check in chosen).rstrip("\n"))
        return 0
    if arguments.check is None:
        for check in chosen:
            severity = terminal.style(f"{check.severity.value:<9}", "dim")
            terminal.say(f"{check.id:<24}{severity}{check.title}")
        return 0
    for line in lines(chosen[0]):
        terminal.say("".join(terminal.style(text, style) for style, text in line))
    return 0
