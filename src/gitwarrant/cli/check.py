"""Judge manifests by the built-in checks, without Git or a cluster."""

import argparse
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.change import NO_BLOB, File
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.finding import Severity
from gitwarrant.policy.report.checked import Skipped
from gitwarrant.policy.sets import BUILTIN_SETS, PURPOSES
from gitwarrant.render.plain import SUFFIXES
from gitwarrant.yaml.encoding import MAX_FILE_BYTES

DEFAULT_SET = "production-security"
STANDARD_INPUT = "-"
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
    from gitwarrant.pipeline.check import check_files  # noqa: PLC0415 - neither --list nor --help needs it
    from gitwarrant.policy.report.formats import FORMATS  # noqa: PLC0415 - as above

    skipped: list[Skipped] = []
    files = list(_files(arguments.paths, skipped))
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


def _files(paths: Sequence[str], skipped: list[Skipped]) -> Iterator[File]:
    """Every file to read, each once. One named by the user is read whatever its name."""
    seen: set[str] = set()
    for path in paths:
        found = [path] if path == STANDARD_INPUT or not Path(path).is_dir() else _walk(path, skipped)
        for name in found:
            if name not in seen:
                seen.add(name)
                yield File(name, 0o100644, NO_BLOB, _read(name))


def _walk(folder: str, skipped: list[Skipped]) -> Iterator[str]:
    """Manifest files below a folder, sorted; hidden folders, links and other files are skipped by name."""
    for at, folders, names in os.walk(folder, onerror=_cannot_list):
        folders.sort()
        for name in list(folders):
            if name.startswith("."):
                folders.remove(name)
                skipped.append(Skipped(os.path.join(at, name), "a hidden folder"))  # noqa: PTH118 - as os.walk
        for name in sorted(names):
            path = os.path.join(at, name)  # noqa: PTH118 - Path would drop the './' that the user wrote
            reason = _why_not(path)
            if reason:
                skipped.append(Skipped(path, reason))
            else:
                yield path


def _why_not(path: str) -> str:
    if not path.endswith(SUFFIXES):
        return "neither YAML nor JSON"
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return "a symbolic link, which no environment may hold"
    return "" if stat.S_ISREG(mode) else "no regular file"


def _read(path: str) -> bytes:
    """At most one byte more than is taken, so that what is too large is refused and not read whole."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _cannot_list(error: OSError) -> None:
    raise _unreadable(str(error.filename), error) from error


def _unreadable(path: str, error: OSError) -> GitwarrantError:
    return GitwarrantError(
        f"cannot be read: {error.strerror or error}",
        remedy="check the spelling and the rights of the path",
        place=Place(path),
    )
