"""Say what stops an environment, and the shortest legitimate way on, by name and command.

Asks the agent's log where it is on this machine: what runs, what waits, and
what every gate says to it. Elsewhere, in a clone, name with --base what runs.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant blocked production                  where the agent runs
  gitwarrant blocked production --base v1.4      in a clone; v1.4 is what runs
  gitwarrant blocked production --output json

exit status: 0 nothing stops it; 1 something does
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment."""
    parser.add_argument("environment", help="the environment")
    parser.add_argument("--base", metavar="REV", help="what runs now (default: what the agent's log says)")
    add_config(parser)
