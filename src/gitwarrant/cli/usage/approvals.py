"""Show who approved a change, who is missing, and why an approval does not count.

Of a branch: what it would add to the protected ref. Of a commit that landed:
the landing that brought it.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant approvals                              the branch that is checked out
  gitwarrant approvals origin/web-3-replicas        a colleague's branch
  gitwarrant approvals origin/main                  the newest landing
  gitwarrant approvals --environment production     with what production asks besides

exit status: 0 everything is there; 1 something is missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what it is about."""
    parser.add_argument("revision", nargs="?", default="HEAD", help="a branch or commit (default: HEAD)")
    parser.add_argument("--base", metavar="REV", help="where it begins (default: where it left the ref)")
    parser.add_argument("--environment", help="also count what this environment asks for")
    add_config(parser)
