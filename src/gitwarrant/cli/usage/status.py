"""Show how an environment stands: its warrant, its objects, and whether they do what they are for.

Below each workload stand the ReplicaSets, Jobs and Pods that the cluster made of
it, and why what is not healthy is not. Nothing is changed.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant status production
  gitwarrant status production --watch
  gitwarrant status production --output json

exit status: 0 all healthy; 1 not; 2 could not run; 3 a server does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment, and whether to go on looking."""
    parser.add_argument("environment", help="the environment to look at")
    parser.add_argument(
        "--watch", action="store_true", help="look again every two seconds, until interrupted"
    )
    add_config(parser)
