"""`gitwarrant trust explain COMMIT`: every rule, signature and verdict in words."""

import argparse
from pathlib import Path

from gitwarrant.cli.accounts import data, tell
from gitwarrant.cli.configured import agent, missing_statements, now, unasked_forges
from gitwarrant.cli.revisions import commit_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.local import containing, explained, look, proposed


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 it is proven, 1 it is refused."""
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    environment = view.trusted.environment(arguments.environment) if arguments.environment else None
    commit = commit_of(view, arguments.commit, terminal)
    try:
        change = containing(view, commit)
    except GitwarrantError:
        ref = environment.ref if environment else view.agent.root.trust_ref
        change = proposed(view, ref, commit)
    explanation = explained(view, change, environment, now=now())
    terminal.result(data(explanation))
    tell(explanation, terminal)
    terminal.note("times are judged now: a clone has no log that saw the commit first")
    hints = missing_statements(clone), unasked_forges(view.trusted.config.policy)
    for hint in filter(None, hints if explanation.refusal else ()):
        terminal.note(hint)
    return 1 if explanation.refusal else 0
