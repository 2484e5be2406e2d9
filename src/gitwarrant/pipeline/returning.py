"""The way back to an earlier warrant, as a question to the same gates. Pure: no log, no network, no cluster.

Source: docs/trust-protocol.md, section 7.6.
"""

from collections.abc import Iterable

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import Change, CommitId, SignedStatement
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.plan import LeafList
from gitwarrant.model.rendered import Rendered
from gitwarrant.pipeline.question import Question


def going_back(
    repository: str, environment: Environment, commit: CommitId, statements: Iterable[SignedStatement]
) -> Change:
    """The way back as a change: no landing is new, what stood there once is what is asked for."""
    return Change(repository, environment.ref, commit, commit, (), tuple(statements))


def standing_digest(leaves: LeafList) -> Digest:
    """Names the objects that a warrant left in place, however they were brought there."""
    return leaves.wanted.digest


def check_returned(question: Question, rendered: Rendered) -> None:
    """Whether what an environment returns to is what was warranted then, leaf by leaf.

    The rules may name another folder or namespace today: what lay there then was never judged for it.

    Raises:
        Refused: stage `render`: it is something else.
    """
    hold = question.hold
    if not question.returns or hold is None or rendered.leaves.digest == hold.leaves:
        return
    raise Refused(
        f"by today's rules revision {hold.commit[:12]} gives other objects than warrant {hold.sequence} had",
        stage="render",
        remedy="its folder, its namespace or the tenant's kinds changed since: go forward, by git revert",
        place=question.environment.place,
    )
