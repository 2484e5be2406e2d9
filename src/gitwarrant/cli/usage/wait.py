"""Wait until an environment is applied, or healthy as a whole.

Says what it waits for whenever that changes. A revision that is later than the
one named will do: it contains it.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant wait production
  gitwarrant wait production --revision 3f2a1b9c0d1e --timeout 15m
  gitwarrant wait staging --for applied

exit status: 0 it is; 1 it was not in time; 2 could not run; 3 a server did not answer to the end
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment, and what to wait for."""
    parser.add_argument("environment", help="the environment to wait for")
    parser.add_argument(
        "--for",
        dest="wanted",
        choices=("healthy", "applied"),
        default="healthy",
        help="healthy: applied, and every object does its work (default); applied: written to the cluster",
    )
    parser.add_argument("--revision", metavar="SHA", default="", help="wait for this commit, or a later one")
    parser.add_argument("--timeout", metavar="TIME", default="10m", help="such as 90s or 10m (default: 10m)")
    add_config(parser)
