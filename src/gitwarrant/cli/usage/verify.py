"""Prove who wrote and who accepted every landing.

Without arguments: what your branch adds to the protected branch of an
environment, judged as the deployer will judge it. Reads the clone's commits
and statements; your work tree does not matter.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant verify                          what HEAD adds, by the rules of the trust ref
  gitwarrant verify --environment production    and by the approvals that production asks for
  gitwarrant verify origin/main --base v1.4  everything that landed since v1.4

exit status: 0 every landing is proven; 1 one is not; 2 could not run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to prove, and for what."""
    parser.add_argument("revision", nargs="?", default="HEAD", help="what to prove (default: HEAD)")
    parser.add_argument("--environment", help="prove it for this environment, with its own approvals")
    parser.add_argument("--base", metavar="REV", help="where to begin (default: where the line left the ref)")
    add_config(parser)
