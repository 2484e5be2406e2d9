"""`gitwarrant approvals`: who approved, who is missing, and why one does not count."""

import argparse
from pathlib import Path

from gitwarrant.cli.accounts import data, tell_approvals
from gitwarrant.cli.configured import agent, missing_statements, now, unasked_forges
from gitwarrant.cli.revisions import base_of, commit_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.change import Change
from gitwarrant.pipeline.local import LocalView, containing, explained, look, proposed


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 everything is there, 1 something is missing."""
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    environment = view.trusted.environment(arguments.environment) if arguments.environment else None
    ref = environment.ref if environment else view.agent.root.trust_ref
    change = _change(view, arguments, ref, terminal)
    explanation = explained(view, change, environment, now=now())
    terminal.result(data(explanation))
    tell_approvals(explanation, terminal)
    hints = missing_statements(clone), unasked_forges(view.trusted.config.policy)
    for hint in filter(None, hints if explanation.refusal else ()):
        terminal.note(hint)
    return 1 if explanation.refusal else 0


def _change(view: LocalView, arguments: argparse.Namespace, ref: str, terminal: Terminal) -> Change:
    """What the revision would add to the ref; of what landed already, the landing that brought it."""
    head = commit_of(view, arguments.revision, terminal)
    change = proposed(view, ref, head, base_of(view, arguments.base, terminal))
    return change if change.landings else containing(view, head)
