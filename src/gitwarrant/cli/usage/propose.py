"""Sign that you wrote a change.

Needed where the forge will rewrite your commits when it lands them (squash,
rebase), and never harmful. The statement covers the difference, so it holds
however the change lands.
"""

import argparse

from gitwarrant.cli.usage.options import add_signing

EXAMPLES = """\
examples:
  gitwarrant propose                 what HEAD adds to the trust ref
  gitwarrant propose --dry-run       show what would be signed
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the interval and how the statement binds to it."""
    add_signing(parser, "30d", default="HEAD")
