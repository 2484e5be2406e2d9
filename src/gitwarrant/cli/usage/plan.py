"""Show what a change would create, update and delete, before it does.

In a clone of the environment repository: what your branch would do to an
environment once it lands, with every gate's opinion. With --fetched, or outside
of a clone: what the deployer would do now with what the Git server holds.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant plan production               what HEAD would change there once it lands
  gitwarrant plan staging --base main~3    compared with three landings ago
  gitwarrant plan production --fetched     what the deployer would do now
  gitwarrant plan production --cluster     and what the API server says to it (dry run)

exit status: 0 every gate passes; 1 a gate refuses; 2 could not run; 3 a server does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment, and what to compare."""
    parser.add_argument("environment", help="the environment to plan for")
    parser.add_argument("revision", nargs="?", default="HEAD", help="what would land (default: HEAD)")
    parser.add_argument("--base", metavar="REV", help="what to compare with (default: the protected ref)")
    parser.add_argument("--fetched", action="store_true", help="fetch, and compare with the last warrant")
    parser.add_argument("--cluster", action="store_true", help="ask the API server too (implies --fetched)")
    add_config(parser)
