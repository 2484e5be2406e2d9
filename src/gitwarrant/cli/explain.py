"""List the checks, or teach one: why it matters, what to do, before and after."""

import argparse
import difflib
import textwrap
from typing import Any

from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.policy.pages import page, sets_of, standard
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.subject import Check

EXAMPLES = """\
examples:
  gitwarrant explain                        all checks, the worst first
  gitwarrant explain privileged-container   one of them
  gitwarrant explain --format markdown host-path > docs/checks/host-path.md
"""

WIDTH = 88


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the check's id."""
    parser.add_argument("id", nargs="?", metavar="ID", help="the check to teach (default: list all)")
    parser.add_argument(
        "--format", choices=("human", "markdown"), default="human", help="markdown: the page in docs/checks/"
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show texts of the registry; nothing is read."""
    if arguments.id is None:
        _list(terminal)
        return 0
    check = find(arguments.id)
    terminal.result(_plain(check))
    if arguments.format == "markdown":
        terminal.say(page(check).rstrip("\n"))
    else:
        _teach(check, terminal)
    return 0


def find(name: str) -> Check:
    """The check of this id.

    Raises:
        GitwarrantError: there is none.
    """
    for check in CHECKS:
        if check.id == name:
            return check
    near = difflib.get_close_matches(name, [check.id for check in CHECKS], 1)
    raise GitwarrantError(
        f"there is no check {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
        remedy="'gitwarrant explain' lists all checks",
    )


def _list(terminal: Terminal) -> None:
    terminal.result([_plain(check) for check in CHECKS])
    width = max(len(check.id) for check in CHECKS)
    for check in CHECKS:
        terminal.say(f"{check.id:<{width}}  {check.severity.value:<8}  {check.title}")


def _teach(check: Check, terminal: Terminal) -> None:
    terminal.say(check.id, "bold")
    terminal.say(f"{check.title}. Severity: {check.severity.value}.")
    for title, body in (("why", check.why), ("what to do", check.remedy)):
        terminal.say()
        terminal.say(title, "bold")
        terminal.say(textwrap.fill(body, WIDTH, initial_indent="  ", subsequent_indent="  "))
    for title, example, style in (("before", check.before, "remove"), ("after", check.after, "add")):
        terminal.say()
        terminal.say(title, "bold")
        terminal.say(textwrap.indent(example.rstrip("\n"), "  "), style)
    terminal.say()
    terminal.say("policy sets: " + ", ".join(policy.name for policy in sets_of(check)))
    for paragraph in check.maps_to:
        terminal.say(f"answers: {standard(paragraph)}")


def _plain(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "severity": check.severity.value,
        "title": check.title,
        "why": check.why,
        "remedy": check.remedy,
        "before": check.before,
        "after": check.after,
        "maps_to": list(check.maps_to),
        "sets": [policy.name for policy in sets_of(check)],
    }
