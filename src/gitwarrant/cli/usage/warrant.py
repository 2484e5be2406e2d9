"""Show, verify and hand over warrants.

`warrant show` says what a warrant allows. `warrant verify` believes nothing but
public keys: it needs no network, no cluster and, for a file, no configuration.
`warrant export` writes files that others verify by cosign, an in-toto
verifier, or openssl and jq.
"""

import argparse

from gitwarrant.cli.usage.options import add_config

EXAMPLES = """\
examples:
  gitwarrant warrant show                          the newest of each environment
  gitwarrant warrant show production --sequence 7  what number 7 allowed, object by object
  gitwarrant warrant verify production             by the keys of the agent's configuration
  gitwarrant warrant verify production --chain     and every one before it
  gitwarrant warrant verify ./warrant.dsse.json --key warrant.pub
  gitwarrant warrant verify ./evidence --key warrant.pub --object "ConfigMap shop/database"
  gitwarrant warrant export production --out evidence --object configmap/shop/database

exit status: 0 shown, verified or written; 1 it is not a valid warrant; 2 could not run
"""

OBJECT_HELP = "'ConfigMap shop/database', configmap/shop/database, or database; may be repeated"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to do with which warrant."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|verify|export")
    show = actions.add_parser("show", help="say what it allows", description="Say what a warrant allows.")
    show.add_argument("environment", nargs="?", help="of this environment (default: the newest of each)")
    verify = actions.add_parser(
        "verify", help="verify it by public keys alone", description="Verify a warrant by public keys alone."
    )
    verify.add_argument(
        "target",
        metavar="ENVIRONMENT|FILE",
        help="an environment of the log; or, with a '/' or '.' in it, an envelope or the folder of an export",
    )
    _add_verify(verify)
    export = actions.add_parser(
        "export", help="write it as files for others", description="Write a warrant as files for others."
    )
    export.add_argument("environment", help="the environment")
    export.add_argument("--out", metavar="DIR", required=True, help="a folder: empty, or not there yet")
    export.add_argument(
        "--object", action="append", default=[], metavar="OBJECT", help=f"prove this one too: {OBJECT_HELP}"
    )
    for one in (show, verify, export):
        one.add_argument("--sequence", type=int, metavar="N", help="its number (default: the newest)")
        add_config(one)
        one.add_argument("--log", dest="file", metavar="FILE", help="a log file, in place of the agent's")
        # Common to all commands; here they may also stand behind the action.
        for option, choices in (("--output", ("text", "json")), ("--color", ("auto", "always", "never"))):
            one.add_argument(option, choices=choices, default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _add_verify(verify: argparse.ArgumentParser) -> None:
    verify.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="PEM",
        help="a public key that may sign; may be repeated (default: those of the agent's configuration)",
    )
    verify.add_argument(
        "--signatures",
        type=int,
        metavar="N",
        help="how many keys must have signed (default: as configured; with --key: each that is given)",
    )
    verify.add_argument(
        "--revoked", action="append", default=[], metavar="KEYID", help="a key that no longer counts"
    )
    verify.add_argument("--leaves", metavar="FILE", help="its leaves (default: leaves.json beside the file)")
    verify.add_argument("--previous", metavar="FILE", help="the envelope of the one before it")
    verify.add_argument("--chain", action="store_true", help="and every one before it, to the first")
    verify.add_argument(
        "--object", action="append", default=[], metavar="OBJECT", help=f"is it covered? {OBJECT_HELP}"
    )
    verify.add_argument("--proof", metavar="FILE", help="a proof of one object, in place of all leaves")
