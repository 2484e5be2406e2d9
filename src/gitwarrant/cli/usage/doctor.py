"""Say what is missing on this machine, and how to get it.

Every line is ok, missing or optional. What is needed for work on pull requests
(init, check, verify, plan, propose, approve) decides the exit status; a cluster
and the parts of the sandbox are optional.
"""

import argparse

EXAMPLES = """\
examples:
  gitwarrant doctor
  gitwarrant doctor --config /etc/gitwarrant/gitwarrant.yaml
  gitwarrant doctor --output json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the agent's configuration."""
    parser.add_argument(
        "--config", metavar="FILE", help="look at the state folder and clusters it names, too"
    )
