"""Judge manifests by the built-in checks, without Git or a cluster."""

import argparse
from dataclasses import replace

from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.finding import Severity
from gitwarrant.policy.sets import BUILTIN_SETS, PURPOSES

DEFAULT_SET = "production-security"
EXAMPLES = """\
exit status:
  0  no finding at or above the threshold
  1  findings, or something that could not be read or judged
  2  could not run; also when no manifest was read

examples:
  gitwarrant check deploy/                           a folder and all below it
  gitwarrant check web.yaml --policy basic-security  one file, the basics only
  helm template . | gitwarrant check -               what a tool prints
  gitwarrant check deploy/ --output json             for programs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take paths, policy sets and a threshold."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="file or folder; - is standard input")
    parser.add_argument(
        "--policy",
        action="append",
        choices=tuple(BUILTIN_SETS),
        metavar="SET",
        help=f"policy set, may be repeated (default: {DEFAULT_SET})",
    )
    parser.add_argument(
        "--threshold",
        choices=[severity.value for severity in Severity],
        help="severity from which a finding fails, instead of the set's own",
    )
    parser.add_argument("--list", action="store_true", help="list the policy sets and end")


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
