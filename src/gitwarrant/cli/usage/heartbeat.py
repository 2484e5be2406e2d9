"""Say, signed, what the Git server shows now.

For a machine that is neither the Git server nor the cluster. It fetches and
verifies as the agent does, refuses to go on when a branch moved backwards, signs
what it saw with a key of its own, and pushes that to
refs/gitwarrant/heartbeats/NAME by this machine's git. An agent whose
configuration names the key deploys nothing new when the heartbeats stop, or when
the server shows it less than it showed here.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant heartbeat --key heart --name tower --every 5m
  gitwarrant heartbeat --key heart --name tower --once      from a timer or a CI schedule
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the heart's key, its name and its rhythm."""
    parser.add_argument("--key", metavar="FILE", required=True, help="the heart's own SSH key")
    parser.add_argument("--name", required=True, help="the heart's name in the agents' configurations")
    parser.add_argument("--every", metavar="TIME", default="5m", help="such as 5m or 30s (default: 5m)")
    parser.add_argument("--once", action="store_true", help="beat once and end")
    parser.add_argument(
        "--rewound",
        action="append",
        default=[],
        metavar="REF",
        help="a branch of an environment that you know was moved backwards; may be repeated",
    )
    parser.add_argument(
        "--push-to", metavar="URL", help="where to push, if not to the address that is fetched from"
    )
    add_config(parser)
