"""End a suspension before it ends by itself.

Who may suspend an environment may resume it.
"""

import argparse

from gitwarrant.cli.usage.options import add_order

EXAMPLES = """\
examples:
  gitwarrant resume production --reason "incident 4711 is over"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment and the reason."""
    add_order(parser, "7d")  # as long as any suspension: whoever has no log must not see it come back
