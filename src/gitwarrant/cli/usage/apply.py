"""Deploy once, from any pipeline (push mode).

Fetches, judges, issues a warrant and applies exactly its leaves. The state
folder must be the same at every run: it holds the log, which refuses to go
backwards.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant apply staging
  gitwarrant apply production --dry-run     judge and ask the server, change nothing
  gitwarrant apply production --output json

exit status: 0 the cluster is as warranted; 1 refused, or an object failed; 2 could not run;
  3 a server does not answer: run it again, it goes on where it stopped
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment."""
    parser.add_argument("environment", help="the environment to deploy")
    parser.add_argument("--dry-run", action="store_true", help="judge and ask the server, change nothing")
    add_config(parser)
