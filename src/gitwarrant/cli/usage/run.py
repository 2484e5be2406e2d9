"""Deploy and watch, again and again (pull mode).

Every environment that the tenant grants is fetched, judged, deployed if its
'auto_deploy' is on, and compared with what was warranted. Killed at any point,
it starts again and converges.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant run
  gitwarrant run --environment staging --rounds 1
  gitwarrant run --output json | jq .event
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take which environments, and how often."""
    parser.add_argument(
        "--environment", action="append", default=[], help="only this one; may be repeated (default: all)"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="stop after N rounds (default: never)")
    add_config(parser)
