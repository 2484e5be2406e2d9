"""The way back to an earlier warrant, as a question to the same gates. Pure: no log, no network, no cluster.

Source: docs/trust-protocol.md, section 7.6.
"""

from collections.abc import Iterable

from gitwarrant.audit.queries import LastWarrant
from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import Change, CommitId, SignedStatement
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.hold import Earlier
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


def earlier_of(last: LastWarrant, *, accepted: bool = False) -> Earlier:
    """A warrant as what is asked for again."""
    warrant = last.warrant
    return Earlier(warrant.commit, warrant.sequence, standing_digest(last.leaves), accepted)


def check_returned(question: Question, rendered: Rendered) -> None:
    """Whether what an environment returns to is what was warranted then, leaf by leaf.

    The rules may name another folder or namespace today: what lay there then was never judged for it.

    Raises:
        Refused: stage `render`: it is something else.
    """
    earlier = question.returns
    if earlier is None or rendered.leaves.digest == earlier.leaves:
        return
    raise Refused(
        f"revision {earlier.commit[:12]} gives other objects today than warrant {earlier.sequence} had",
        stage="render",
        remedy="its folder, its namespace or the tenant's kinds changed since: go forward, by git revert",
        place=question.environment.place,
    )
