"""The revisions that commands are given, each by a name of which a person is told what there is to know."""

from gitwarrant.cli.configured import now
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.change import CommitId
from gitwarrant.pipeline.local import LocalView
from gitwarrant.pipeline.revisions import revision


def commit_of(view: LocalView, name: str, terminal: Terminal) -> CommitId:
    """The commit that a revision means.

    Raises:
        CloneError: there is none.
        Refused: its name is a tag that lies, was moved, or may mean something else.
    """
    found = revision(view, name, now=now())
    if found.note:
        terminal.note(found.note)
    return found.commit


def base_of(view: LocalView, name: str | None, terminal: Terminal) -> CommitId | None:
    """The commit that `--base` means; None: it was not given."""
    return commit_of(view, name, terminal) if name else None
