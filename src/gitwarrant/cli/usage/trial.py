"""See what a repository shows of itself: no configuration, nothing is changed.

Who could land alone, what is signed and by whom, what the built-in checks find,
what the last 90 days would have been refused for, and the 'gitwarrant init' line
that would start. An analysis and no verdict: it reads shallow clones and odd old
commits too, and says what it could not see. Fetching an address takes as long as
its server takes; looking ends after --seconds.
"""

import argparse

EXAMPLES = """\
examples:
  gitwarrant try                                       the clone you are in
  gitwarrant try https://github.com/fluxcd/flux2       a repository somewhere else
  gitwarrant try ../environments --branch release --since 30d
  gitwarrant try --output json                         every number, with its commits

exit status: 0 it could look, whatever it saw; 2 it could not; 3 the server does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to look at, and how far."""
    parser.add_argument(
        "repository", nargs="?", default=".", help="a folder, or https://, ssh:// or file:// (default: here)"
    )
    parser.add_argument("--branch", metavar="NAME", help="the branch to look at (default: the default one)")
    parser.add_argument("--since", metavar="TIME", default="90d", help="how far to look back (default: 90d)")
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="N", help="how long to look (default: 10)"
    )
    parser.add_argument("--details", action="store_true", help="list every landing, person and finding")
    parser.add_argument(
        "--ca-file", metavar="FILE", help="for https: the server's authority, if no public one"
    )
    parser.add_argument(
        "--ssh-key", metavar="FILE", help="for SSH: the key to fetch with (default: the first in ~/.ssh)"
    )
    parser.add_argument(
        "--known-hosts",
        metavar="FILE",
        help="for SSH: the server's host keys (default: ~/.ssh/known_hosts)",
    )
