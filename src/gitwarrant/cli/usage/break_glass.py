"""In an emergency, let one revision into one environment without approvals, and through closed windows.

Takes a security key (`sk-...`) with a touch, of somebody whom the environment
names under `break_glass`; or two root holders, who run it both. Never excuses
an unsigned commit, a change of the rules, nor what render, check and plan
refuse. It counts once somebody acknowledged the alarm about it, for four hours
at most. The approvals are owed: until they are there, nothing after it passes.
"""

import argparse

from gitwarrant.cli.usage.options import add_order

EXAMPLES = """\
examples:
  gitwarrant break-glass production origin/main --incident 4711 --reason "card payments are down"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment, the revision, the reason and the incident."""
    add_order(parser, "1h", revision=True)
    parser.add_argument("--incident", required=True, metavar="ID", help="the incident it is for")
