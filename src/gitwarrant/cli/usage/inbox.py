"""Show what awaits your approval, across repositories.

Looks into the clones that are named, else into those on your list (`--add`),
else into the one around this folder: branches that would land, and landings
that nobody accepted yet. Fetches first, with your own git.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant inbox                          what awaits me
  gitwarrant inbox --add ~/shop ~/payments  look into these clones from now on
  gitwarrant inbox --all --since 30d        what awaits anybody, for a month

exit status: 0 nothing awaits me; 1 something does; 2 a clone could not be looked into
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the clones to look into."""
    parser.add_argument("clones", nargs="*", metavar="CLONE", help="clones to look into (default: your list)")
    parser.add_argument("--all", action="store_true", help="also what awaits others")
    parser.add_argument("--since", metavar="TIME", default="14d", help="how old it may be (default: 14d)")
    parser.add_argument("--no-fetch", action="store_true", help="as of the last git fetch")
    parser.add_argument("--add", nargs="+", metavar="CLONE", default=[], help="put clones on your list")
    parser.add_argument("--remove", nargs="+", metavar="CLONE", default=[], help="take clones off your list")
    add_config(parser)
