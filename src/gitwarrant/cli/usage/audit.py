"""Ask the log: what happened, and who changed an object.

`audit log` lists records; `audit who` answers for one object: who wrote each
change, who approved it, which checks and warrant it passed, what the cluster
said, and what was changed past gitwarrant. Both only read.
"""

import argparse

from gitwarrant.cli.usage.options import add_config
from gitwarrant.model.record import RecordKind

EXAMPLES = """\
examples:
  gitwarrant audit who "ConfigMap shop/database"
  gitwarrant audit who configmap/database -n shop --at 2026-11-17
  gitwarrant audit who database --output json
  gitwarrant audit log --environment production --since 24h
  gitwarrant audit log --kind refused --kind drift-found --follow
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the question and the log to ask."""
    questions = parser.add_subparsers(dest="question", required=True, metavar="log|who")
    log = questions.add_parser("log", help="list what happened", description="List what happened.")
    log.add_argument("--environment", help="only records of this environment")
    log.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=[kind.value for kind in RecordKind],
        metavar="KIND",
        help="only records of this kind; may be repeated (docs/reference/records.md)",
    )
    log.add_argument(
        "--since", metavar="TIME", help="only from then on: 24h, 2026-11-17, 2026-11-17T12:00:00Z"
    )
    log.add_argument("--object", help="only records about this object")
    log.add_argument("--limit", type=int, default=50, help="the newest so many (default: 50; 0: all)")
    log.add_argument("--follow", action="store_true", help="go on as records are written")
    people = questions.add_parser(
        "who", help="who changed an object", description="Say who changed an object."
    )
    people.add_argument(
        "object", nargs="+", help="'ConfigMap shop/database', configmap/database, or database"
    )
    people.add_argument("-n", "--namespace", default="", help="the object's namespace")
    people.add_argument(
        "--at", metavar="TIME", help="what was in force then: 24h, 2026-11-17, 2026-11-17T12:00:00Z"
    )
    for one in (log, people):
        add_config(one)
        one.add_argument("--log", dest="file", metavar="FILE", help="a log file, in place of the agent's")
        # Common to all commands; here they may also stand behind the question.
        for option, choices in (("--output", ("text", "json")), ("--color", ("auto", "always", "never"))):
            one.add_argument(option, choices=choices, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
