"""Order an environment back to an earlier revision, and hold it there; or let go of it.

Shows first what going back does not undo, then the plan as today's rules and
checks see it, and signs an order. It takes as many operators of the environment
as a landing that undoes the change would take people, or one touched security
key of somebody who may break glass. The agent takes the order up, if that
revision was applied here before, and stays there whatever lands, until
--release. Without --to, the log says which revision was last healthy.
"""

import argparse

from gitwarrant.cli.usage.options import add_order

EXAMPLES = """\
examples:
  gitwarrant rollback production --reason "checkout fails since noon"
  gitwarrant rollback production --to 8ba3f5d --reason "checkout fails" --dry-run
  gitwarrant rollback production --release --reason "fixed in 9cd01e2"

exit status: 0 ordered; 1 a gate would refuse the way back; 2 could not run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment, the reason, and where to."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--to", metavar="REV", help="a revision that was applied here (default: the last healthy)"
    )
    what.add_argument("--release", action="store_true", help="end the hold: what is newest passes again")
    parser.add_argument("--cluster", action="store_true", help="ask the cluster, too, what cannot be undone")
    add_order(parser, "4h")
