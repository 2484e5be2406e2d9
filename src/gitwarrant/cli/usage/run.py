"""Deploy and watch, again and again (pull mode).

Every environment that the tenant grants is fetched, judged and deployed if its
'auto_deploy' is on, round after round. What was deployed is watched all the
time: drift is told, or put back, when it happens. Killed at any point, it
starts again and converges.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant run
  gitwarrant run --environment staging --rounds 1
  gitwarrant run --output json | jq .event
  gitwarrant run --metrics 9100
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take which environments, and how often."""
    parser.add_argument(
        "--environment", action="append", default=[], help="only this one; may be repeated (default: all)"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="stop after N rounds (default: never)")
    parser.add_argument(
        "--metrics",
        metavar="[HOST:]PORT",
        help="serve counts of requests to API servers for Prometheus (host: 127.0.0.1)",
    )
    add_config(parser)
