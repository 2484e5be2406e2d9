"""Which commits each landing brought, found in one walk over all of them.

`Objects.new_commits` answers for one landing, and needs the whole history to
be here. This walk reads each commit once and takes what is not here (behind a
shallow cut) for nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heappop, heappush

from gitwarrant.git.odd import Found, committed
from gitwarrant.model.change import CommitId

MAX_COMMITS = 50_000  # looked at on the way

Read = Callable[[CommitId], Found | None]
Expired = Callable[[], bool]
"""Whether the time for looking is used up."""


def brought(
    read: Read, landings: Sequence[Found], expired: Expired
) -> Mapping[CommitId, Sequence[Found]] | None:
    """For each landing all commits that it made reachable, parents first, itself last.

    Args:
        landings: one first-parent line, newest first.

    Returns:
        None: there are too many, or the time was used up.
    """
    walk = _Walk(read)
    for number, landing in enumerate(landings[::-1], 1):
        walk.mark(landing.id, number)
        if number == 1:
            walk.mark(landing.parents[0], 0)
    while walk.new:
        if len(walk.marks) > MAX_COMMITS or expired():
            return None
        walk.step()
    return {
        landing.id: tuple(walk.in_order(landing.id, number))
        for number, landing in enumerate(landings[::-1], 1)
    }


class _Walk:
    """Marks each commit with the number of the oldest landing that reaches it; 0: it was there before.

    Newest first, as git walks. A commit reached again with a smaller number is
    walked again, so a clock that runs backwards costs time; at worst a commit
    counts as new that was there before.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._waiting: list[tuple[float, CommitId, int]] = []
        self.marks: dict[CommitId, int] = {}
        self.new = 0
        """How many wait that are not known to have been there before."""

    def mark(self, commit: CommitId, number: int) -> None:
        """Reach a commit from a landing."""
        found = self._read(commit)
        if found is None or self.marks.get(commit, number + 1) <= number:
            return
        self.marks[commit] = number
        heappush(self._waiting, (-committed(found).timestamp(), commit, number))
        self.new += bool(number)

    def step(self) -> None:
        """Reach the parents of the newest commit that waits."""
        _, commit, number = heappop(self._waiting)
        self.new -= bool(number)
        found = self._read(commit) if self.marks[commit] == number else None
        for parent in found.parents if found else ():
            self.mark(parent, number)

    def in_order(self, landing: CommitId, number: int) -> Iterator[Found]:
        """The commits with a landing's number, each after its parents."""
        waiting, entered = [(landing, False)], set[CommitId]()
        while waiting:
            commit, complete = waiting.pop()
            found = self._read(commit)
            if complete and found is not None:
                yield found
            if found is None or commit in entered:
                continue
            entered.add(commit)
            waiting.append((commit, True))
            waiting += [(parent, False) for parent in found.parents if self.marks.get(parent) == number]
