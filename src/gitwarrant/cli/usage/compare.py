"""Prove that two clusters are the same in all that an environment declares.

Each object that the last warrant left in place is read from both and compared
field by field, fields that somebody added included. Left out is only what a
cluster decides for itself: status and what else the server writes into
metadata, values that it picks (addresses, ports), what its controllers write,
and what the environment ignores. Nothing is changed.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant compare production --with ~/.kube/rebuilt
  gitwarrant compare production --with ~/.kube/config:east --with ~/.kube/config:west

exit status: 0 the same; 1 different, missing, or not to be judged; 2 could not run;
  3 a server does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the environment and the clusters."""
    parser.add_argument("environment", help="the environment whose objects are compared")
    parser.add_argument(
        "--with",
        dest="with_",
        action="append",
        required=True,
        metavar="KUBECONFIG[:CONTEXT]",
        help="the other cluster; given twice: these two, and not the configured one",
    )
    add_config(parser)
