"""Compare the cluster with what was warranted.

Shows every field that differs from what a clean create of the warranted
manifests gives, also fields that somebody added, and who wrote them; and objects
that nobody declared, where the environment has a namespace to itself. Nothing is
changed unless --revert is given.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant drift production
  gitwarrant drift production --explain
  gitwarrant drift production --propose --write wanted.patch
  gitwarrant drift production --revert
  gitwarrant drift production --output json

exit status: 0 as warranted; 1 drifted (with --revert: and could not be put back); 2 could not run;
  3 a server does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment, and what to do about drift."""
    parser.add_argument("environment", help="the environment to compare")
    parser.add_argument("--revert", action="store_true", help="put everything back as it was warranted")
    parser.add_argument(
        "--propose",
        action="store_true",
        help="show what the environment repository would say if all this were wanted, as a patch",
    )
    parser.add_argument(
        "--write", metavar="FILE", help="with --propose: write the patch there, for 'git apply FILE'"
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="show every difference, exempt and ignored ones too, who wrote it, and the rules in force",
    )
    add_config(parser)
