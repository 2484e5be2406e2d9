"""Sign that you read and accept a change.

Without arguments it takes what awaits you: the one change, or the one you pick.
Shows what the change does to every environment first. The approval counts if
the rules let you approve those paths, and never for what you wrote yourself.
"""

import argparse

from gitwarrant.cli.usage.options import add_signing

EXAMPLES = """\
examples:
  gitwarrant approve                          what awaits me
  gitwarrant approve origin/web-3-replicas    a colleague's branch
  gitwarrant approve origin/main --base v1.4  what already landed, and waits
  gitwarrant approve --bind tree              exactly this result, nothing else
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the interval and how the statement binds to it."""
    add_signing(parser, "14d", default="what awaits you, as 'gitwarrant inbox' shows it")
