"""Judge manifests by the built-in checks, without Git or a cluster."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.change import NO_BLOB, NO_MODE, File
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.finding import Severity
from gitwarrant.pipeline.check import check_files
from gitwarrant.policy.report import FORMATS, Skipped, write
from gitwarrant.policy.sets import BUILTIN_SETS, PURPOSES
from gitwarrant.render.plain import SUFFIXES, is_manifest_file

EXAMPLES = """\
exit status:
  0  nothing at or above the threshold
  1  findings at or above it, or something that could not be judged
  2  could not run: a path that does not exist, an unknown policy set

examples:
  gitwarrant check deploy/
  gitwarrant check --policy basic-security --threshold critical web.yaml
  helm template web ./chart | gitwarrant check -
  gitwarrant check --format json deploy/ > report.json
  gitwarrant check --list                the policy sets and their checks
"""

DEFAULT_SET = "production-security"
STDIN = "-"
MAX_READ_BYTES = 16 * 1024 * 1024 + 1  # one more than the reader takes, so that it refuses instead of us
REFUSED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take paths, and by what to judge them."""
    parser.add_argument("path", nargs="*", metavar="PATH", help="files and folders; - reads standard input")
    parser.add_argument(
        "--policy",
        action="append",
        choices=tuple(BUILTIN_SETS),
        metavar="SET",
        help=f"a policy set; may be given several times (default: {DEFAULT_SET})",
    )
    parser.add_argument(
        "--threshold",
        choices=tuple(severity.value for severity in Severity),
        help="the severity from which a finding refuses (default: as the policy set says)",
    )
    parser.add_argument("--format", choices=tuple(FORMATS), help="how to report (default: human)")
    parser.add_argument(
        "--namespace",
        default="default",
        metavar="N",
        help="the namespace of objects that name none (default: default)",
    )
    parser.add_argument("--list", action="store_true", help="list the policy sets and their checks")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Read the files, judge them, report."""
    if arguments.list:
        _list(terminal)
        return 0
    if not arguments.path:
        raise GitwarrantError("nothing to check", remedy="name files or folders, or - for standard input")
    files, skipped = _gather(arguments.path)
    checked = check_files(files, sets=_sets(arguments), namespace=arguments.namespace, skipped=skipped)
    form = arguments.format or ("json" if terminal.as_json else "human")
    terminal.out.write(write(checked, form, terminal.style))
    return REFUSED if checked.refused else 0


def _sets(arguments: argparse.Namespace) -> tuple[PolicySet, ...]:
    sets = tuple(BUILTIN_SETS[name] for name in dict.fromkeys(arguments.policy or [DEFAULT_SET]))
    if arguments.threshold is None:
        return sets
    threshold = Severity(arguments.threshold)
    return tuple(PolicySet(policy.name, policy.checks, threshold) for policy in sets)


def _list(terminal: Terminal) -> None:
    terminal.result(
        [
            {"name": policy.name, "checks": list(policy.checks), "threshold": policy.threshold.value}
            for policy in BUILTIN_SETS.values()
        ]
    )
    for policy in BUILTIN_SETS.values():
        terminal.say(policy.name, "bold")
        terminal.say(f"  {PURPOSES[policy.name]}; refuses from {policy.threshold.value}")
        terminal.say(f"  {', '.join(policy.checks)}", "dim")


def _gather(paths: Sequence[str]) -> tuple[list[File], list[Skipped]]:
    """Read every file that was named or lies in a folder that was; each once, in the order of paths."""
    files: dict[str, File] = {}
    skipped: list[Skipped] = []
    for path in paths:
        if path == STDIN:
            files[path] = _file("stdin", sys.stdin.buffer.read(MAX_READ_BYTES))
        elif Path(path).is_dir():
            for inside, reason in _walk(path):
                if reason:
                    skipped.append(Skipped(inside, reason))
                elif inside not in files:
                    files[inside] = _read(inside)
        else:
            files[path] = _read(path)
    return list(files.values()), skipped


def _walk(folder: str) -> Iterator[tuple[str, str]]:
    """All files below a folder, sorted, with the reason where one is not looked at. Git's own: none."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            path = Path(here, name)
            yield os.path.normpath(path), _not_looked_at(path, os.path.relpath(path, folder))


def _not_looked_at(path: Path, inside: str) -> str:
    if not is_manifest_file(inside):
        return "hidden" if inside.endswith(SUFFIXES) else "neither YAML nor JSON"
    # A link or a device in a folder may lead anywhere; whoever means it names it.
    return "" if path.is_file() and not path.is_symlink() else "no regular file"


def _read(path: str) -> File:
    with Path(path).open("rb") as stream:
        return _file(os.path.normpath(path), stream.read(MAX_READ_BYTES))


def _file(path: str, data: bytes) -> File:
    return File(path, NO_MODE, NO_BLOB, data)
