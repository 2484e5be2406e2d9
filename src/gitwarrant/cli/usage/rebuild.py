"""Bring environments into an empty cluster, as they were last warranted.

The agent's configuration says which cluster that is: point it there, and remove
or correct a pinned uid. Every gate judges again, a new warrant is issued for the
new cluster, and the log notes that the environment moved: from then on the old
cluster is refused. A new agent beside the old one names that one's log as
'trusted_log'. Without a name: all environments, each behind those that it
waits for; run again, it goes on where it stopped.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant rebuild                          every environment of this agent
  gitwarrant rebuild production --dry-run     judge, show the plan, change nothing
  gitwarrant rebuild production --yes --output json

exit status: 0 all is in the cluster; 1 refused, or an object failed; 2 could not run;
  3 a server does not answer: run it again
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environments."""
    parser.add_argument("environment", nargs="*", help="the environments (default: all that are granted)")
    parser.add_argument("--dry-run", action="store_true", help="judge and show the plan, change nothing")
    parser.add_argument("--yes", action="store_true", help="rebuild without asking")
    add_config(parser)
