"""`gitwarrant heartbeat`: look at the repository again and again, and sign what is there."""

import argparse
import secrets
import time
from datetime import timedelta

from gitwarrant.cli.configured import now, working
from gitwarrant.cli.terminal import Terminal
from gitwarrant.config.fields import DURATION, NAME, duration
from gitwarrant.git.statements import push
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import GitwarrantError, Refused, Unreachable
from gitwarrant.model.identity import Heart
from gitwarrant.model.statement import HEARTBEAT_NAMESPACE
from gitwarrant.pipeline.delivery import Delivery, alone
from gitwarrant.pipeline.heart import beat
from gitwarrant.trust.sshsig import public_line, sign

NONCE_BYTES = 16


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 signed and pushed (once); 1 refused, for example a ref that moved backwards."""
    every = _every(arguments.every)
    if not NAME.fullmatch(arguments.name):
        raise GitwarrantError(
            f"{arguments.name!r} is no name", remedy="use up to 63 letters, digits, '.', '_' and '-'"
        )
    heart = Heart(arguments.name, public_line(arguments.key))
    with working(arguments) as work, alone(work.agent.state):
        while True:
            try:
                _beat(work, heart, arguments, terminal)
            except (Unreachable, Refused) as error:
                if arguments.once:
                    raise
                # Nothing is signed meanwhile. To end would let whoever pushes nonsense once stop the heart.
                terminal.refuse(error)
            if arguments.once:
                return 0
            time.sleep(every.total_seconds())


def _beat(work: Delivery, heart: Heart, arguments: argparse.Namespace, terminal: Terminal) -> None:
    made = beat(
        work,
        heart,
        lambda body: sign(arguments.key, body, HEARTBEAT_NAMESPACE),
        secrets.token_bytes(NONCE_BYTES),
        rewound=frozenset(arguments.rewound),
    )
    arguments.rewound = []  # for the first beat only
    push(work.quarantine, arguments.push_to or work.agent.root.url, made.refs)
    shown = made.heartbeat
    refs = ", ".join(f"{tip.ref.removeprefix('refs/heads/')} {tip.commit[:12]}" for tip in shown.refs)
    taken = f", {len(shown.negatives)} taken back" if shown.negatives else ""
    terminal.say(f"{now():%Y-%m-%d %H:%M:%S} UTC  beat {shown.sequence}: {refs}{taken}", "good")
    for ref in made.refs[1:]:
        terminal.note(f"the server no longer showed {ref}; it was pushed again")
    if arguments.once:
        terminal.result({"heartbeat": plain(shown), "pushed": list(made.refs)})


def _every(text: str) -> timedelta:
    if not DURATION.fullmatch(text):
        raise GitwarrantError(f"{text!r} is no duration", remedy="write it like 5m or 30s")
    return duration(text)
