"""Look after the chain of trust: root keys, checkpoints, people's keys, and what is taken back.

`trust show` says how it stands, `trust explain` how a commit was judged, `trust what-if`
what a theft would allow. Root holders sign checkpoints and changes of the
root keys; people add and revoke their keys, and withdraw what they said.
"""

import argparse
from typing import TypeAlias

from gitwarrant.cli.usage.options import add_config, add_pushing, finish_action

EXAMPLES = """\
examples:
  gitwarrant trust show
  gitwarrant trust show --agent                       as the agent's log knows it
  gitwarrant trust explain origin/main                every rule, signature and verdict in words
  gitwarrant trust explain HEAD --environment production
  gitwarrant trust what-if --stolen both ada          what a thief of Ada's account and key could deploy
  gitwarrant trust checkpoint                         what is on the trust ref now is trusted
  gitwarrant trust rotate --add dora=dora.pub --remove grace
  gitwarrant trust rotate --sign 3f2a                 consent to what somebody proposed
  gitwarrant trust add-key ada ada-2.pub --from 2027-01-01
  gitwarrant trust revoke SHA256:... --compromised-since 2026-11-20 --reason "laptop lost"
  gitwarrant trust withdraw 9c01 --reason "read the wrong diff"
  gitwarrant trust withdraw --mine
  gitwarrant trust forget-tag v1.4                    it was moved on purpose

exit status: trust explain 0 proven, 1 refused; trust what-if 0 nothing could be deployed, 1 something could
"""


STOLEN = ("account", "key", "both")  # the values of trust.what_if.Stolen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what is to be done, each with arguments of its own."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for add in (_show, _explain, _what_if, _checkpoint, _rotate, _add_key, _revoke, _withdraw, _forget_tag):
        finish_action(add(actions), EXAMPLES)


Actions: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse names it no other way


def _action(actions: Actions, name: str, what: str) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")


def _show(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "show", "roots, rules, people and their keys, freshness, and what waits for whom")
    one.add_argument("--agent", action="store_true", help="as the agent's log knows it, though in a clone")
    add_config(one)
    return one


def _explain(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "explain", "every rule, signature and verdict of a commit's landing")
    one.add_argument("commit", help="a commit that landed, or one that would")
    one.add_argument("--environment", help="also what this environment asks for")
    add_config(one)
    return one


def _what_if(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "what-if", "what could be deployed with what was stolen, from the rules")
    one.add_argument("--stolen", required=True, choices=STOLEN, help="what the thief has")
    one.add_argument("name", help="whose: an identity, or a root holder")
    add_config(one)
    return one


def _checkpoint(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "checkpoint", "sign, as a root holder, that a revision is trusted")
    one.add_argument("revision", nargs="?", help="a commit on the trust ref (default: its tip)")
    one.add_argument("--expires", metavar="TIME", default="180d", help="such as 90d (default: 180d)")
    one.add_argument(
        "--unproven",
        action="store_true",
        help="although this clone cannot prove the way there: you looked at it yourself",
    )
    add_pushing(one)
    return one


def _rotate(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "rotate", "change the root keys: propose, consent, or list what is proposed")
    one.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="HOLDER=KEY",
        help="a holder and a .pub file or its line",
    )
    one.add_argument("--remove", action="append", default=[], metavar="HOLDER", help="with all keys")
    one.add_argument("--threshold", type=int, metavar="N", help="how many holders must consent from then on")
    one.add_argument("--sign", metavar="DIGEST", help="consent to what was proposed; its first digits")
    one.add_argument(
        "--expires",
        metavar="TIME",
        default="30d",
        help="such as 14d: until when to gather consents (default: 30d)",
    )
    add_pushing(one)
    return one


def _add_key(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "add-key", "write a key into .gitwarrant/ of the work tree, and raise its version")
    one.add_argument("identity", help="whose key it is: a name from identities.yaml")
    one.add_argument("public", metavar="KEY", help="a .pub file, or its line")
    one.add_argument("--from", dest="start", metavar="DAY", help="the first day it may sign")
    one.add_argument("--until", metavar="DAY", help="the last day it may sign")
    return one


def _revoke(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "revoke", "say that a key of yours signs no more; a root holder: anybody's")
    one.add_argument("who", metavar="FINGERPRINT|IDENTITY", help="a key, or whose only key it is")
    one.add_argument(
        "--compromised-since",
        metavar="TIME",
        help="what agents saw before stands: 2026-11-20, 24h (default: nothing of it stands)",
    )
    one.add_argument("--reason", default="", metavar="TEXT", help="why; everybody will read it")
    add_pushing(one)
    return one


def _withdraw(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "withdraw", "say that a statement no longer counts: one of yours, or all of them")
    one.add_argument("statement", nargs="?", metavar="DIGEST", help="its first digits")
    one.add_argument("--mine", action="store_true", help="all of yours that are not expired")
    one.add_argument("--reason", default="", metavar="TEXT", help="why; everybody will read it")
    add_pushing(one)
    return one


def _forget_tag(actions: Actions) -> argparse.ArgumentParser:
    one = _action(actions, "forget-tag", "let a tag lead elsewhere than when this clone first used it")
    one.add_argument("tag", metavar="TAG", help="its name, such as v1.4")
    return one
