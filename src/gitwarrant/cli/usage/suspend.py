"""Stop an environment: no new warrant, and drift is reported, not put back.

It ends by itself, with an alarm, or by `resume`. Operators of the environment
may give it (`operators` in environments.yaml; without them its approvers), and
root holders. Seven days at most.
"""

import argparse

from gitwarrant.cli.usage.options import add_order

EXAMPLES = """\
examples:
  gitwarrant suspend production --reason "incident 4711" --expires 2h
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment and the reason."""
    add_order(parser, "4h")
