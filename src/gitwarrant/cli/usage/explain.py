"""List the checks, or teach one."""

import argparse
from pathlib import Path

import gitwarrant

EXAMPLES = """\
examples:
  gitwarrant explain                       every check in a line
  gitwarrant explain privileged-container  what it means, and how to mend it
"""

# One file for each check, named like it; importing them all takes longer than the help may.
CHECKS = sorted(
    file.stem.replace("_", "-")
    for file in Path(gitwarrant.__file__).with_name("policy").joinpath("builtin").glob("[!_]*.py")
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the check's name."""
    parser.add_argument("check", nargs="?", metavar="ID", choices=CHECKS, help="the check to teach")
    parser.add_argument("--markdown", action="store_true", help="as the page in docs/checks/")
