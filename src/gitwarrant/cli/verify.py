"""`gitwarrant verify`: each landing with its proof, or the refusal."""

import argparse
from pathlib import Path

from gitwarrant.cli.configured import agent, missing_statements, now
from gitwarrant.cli.revisions import base_of, commit_of
from gitwarrant.cli.terminal import Terminal, describe
from gitwarrant.git.clone import Clone
from gitwarrant.model.authorship import Authorship
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.local import look, proposed, prove


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show each landing with its proof, or the refusal."""
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now())
    environment = view.trusted.environment(arguments.environment) if arguments.environment else None
    ref = environment.ref if environment else view.agent.root.trust_ref
    base = base_of(view, arguments.base, terminal)
    change = proposed(view, ref, commit_of(view, arguments.revision, terminal), base)
    try:
        authorship = prove(view, change, environment, now=now())
    except Refused as refusal:
        terminal.result({"verified": False, "refusal": describe(refusal)})
        if not terminal.as_json:
            terminal.refuse(refusal)
        if hint := missing_statements(clone):
            terminal.note(hint)
        return 1
    terminal.result({"verified": True, "authorship": plain(authorship)})
    show(authorship, terminal)
    return 0


def show(authorship: Authorship, terminal: Terminal) -> None:
    """One line for each landing: who wrote it, how that is known, who accepted it."""
    if not authorship.landings:
        terminal.say(f"{authorship.ref} has nothing new after {authorship.base[:12]}", "dim")
    for landing in authorship.landings:
        authors = ", ".join(sorted(landing.authors)) or "somebody not known"
        approved = ", ".join(sorted({approval.identity for approval in landing.approvals}))
        mark, by = terminal.style("proven", "good"), f"by {authors} ({landing.proof.value})"
        accepted = f", approved by {approved}" if approved else ""
        terminal.say(f"{mark}  {landing.landing[:12]}  {by}{accepted}")
