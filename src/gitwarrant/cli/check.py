"""`gitwarrant check`: judge manifests by the built-in checks."""

import argparse
from dataclasses import replace

from gitwarrant.cli.terminal import Terminal
from gitwarrant.cli.usage.check import DEFAULT_SET
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.finding import Severity
from gitwarrant.policy.sets import BUILTIN_SETS, PURPOSES


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 nothing at or above the threshold, 1 findings or unjudged, 2 could not run."""
    if arguments.list:
        _list(terminal)
        return 0
    if not arguments.paths:
        raise GitwarrantError("no path was given", remedy="name a file or folder, or - for standard input")
    from gitwarrant.cli.manifest_files import find  # noqa: PLC0415 - neither --list nor --help needs it
    from gitwarrant.pipeline.check import check_files  # noqa: PLC0415 - as above
    from gitwarrant.policy.report.formats import FORMATS  # noqa: PLC0415 - as above

    files, skipped = find(arguments.paths)
    checked = check_files(files, _sets(arguments), skipped=skipped)
    for line in FORMATS[arguments.output](checked):
        print("".join(terminal.style(text, style) for style, text in line), file=terminal.out)
    return 1 if checked.refused else 0


def _sets(arguments: argparse.Namespace) -> list[PolicySet]:
    sets = [BUILTIN_SETS[name] for name in dict.fromkeys(arguments.policy or [DEFAULT_SET])]
    if arguments.threshold:
        return [replace(policy, threshold=Severity(arguments.threshold)) for policy in sets]
    return sets


def _list(terminal: Terminal) -> None:
    for policy in BUILTIN_SETS.values():
        terminal.say(policy.name, "bold")
        terminal.say(f"  {PURPOSES[policy.name]}; refuses from {policy.threshold.value}")
        terminal.say(f"  {', '.join(policy.checks)}", "dim")
    sets = [
        {"name": one.name, "checks": list(one.checks), "threshold": one.threshold.value}
        for one in BUILTIN_SETS.values()
    ]
    terminal.result({"policies": sets})
