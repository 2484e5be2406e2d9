"""Who descends from whom, walked over commits whose bytes were checked against their ids.

No commit-graph file is asked: git believes the parents that such a file
gives, so one that lies can hide commits from whoever walks by it.

Old history is read leniently (parents and time only): it was judged when it
landed, perhaps by nobody. What is new is read again by the strict parser.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from heapq import heappop, heappush
from typing import NamedTuple

from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Refused

LINKS_KEPT = 65_536  # commits; some 20 MB
MAX_WALKED = 500_000  # commits in one walk, known ones included; Linux gains 80,000 a year
SLOP = 5  # known commits still looked at when no new one is left: clocks go backwards a little (as in git)
PARENT = re.compile(rb"parent ([0-9a-f]{40}(?:[0-9a-f]{24})?)\n")
TIME = re.compile(rb"^committer [^\n]*> (\d{1,12}) [+-]\d{4}$", re.MULTILINE)

ONE, OTHER, STALE = 1, 2, 4
KNOWN = OTHER


class Links(NamedTuple):
    """What a walk needs of a commit. `time` is a claim, used only to look at likely commits first."""

    parents: tuple[CommitId, ...]
    time: int


class Ancestry:
    """The graph of commits, read through a function that gives a commit's checked bytes or refuses."""

    def __init__(self, read: Callable[[CommitId], bytes], refused: Callable[[str, str], Refused]) -> None:
        self._refused = refused
        self.links = lru_cache(maxsize=LINKS_KEPT)(lambda commit: read_links(read(commit)))

    def new(self, tip: CommitId, known: CommitId) -> Iterator[CommitId]:
        """Walk the commits reachable from `tip` but not from `known`, parents before children.

        Clocks that go backwards far may give commits that `known` reaches
        after all, never leave one out: too much is judged, not too little.
        """
        if self.links(tip).parents == (known,):
            return iter((tip,))  # a fast-forward by one commit, which most landings are
        flags = self._paint({tip: ONE, known: KNOWN}, settled=KNOWN, slop=SLOP)
        fresh = {commit for commit, flag in flags.items() if not flag & KNOWN}
        return self._parents_first(tip, fresh)

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        """Whether `ancestor` is reachable from `commit`; a commit does not descend from itself."""
        if commit == ancestor:
            return False
        return bool(self._common(commit, ancestor).get(ancestor, 0) & ONE)

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """One best common ancestor of two commits: none of the others descends from it."""
        if one == other:
            return one
        both = ONE | OTHER
        flags = self._common(one, other)
        common = {commit for commit, flag in flags.items() if flag & both == both and not flag & STALE}
        best = {item for item in common if not any(self.descends(other, item) for other in common - {item})}
        return min(best, key=lambda item: (-self.links(item).time, item), default=None)

    def _common(self, one: CommitId, other: CommitId) -> dict[CommitId, int]:
        """Paint both histories down to where they meet. Exact whatever the clocks say.

        Ancestors of a meeting point are stale. Whatever is reached by one side
        alone is looked at to its end, so no meeting point is missed.
        """
        return self._paint({one: ONE, other: OTHER}, settled=STALE, slop=0)

    def _paint(self, tips: dict[CommitId, int], *, settled: int, slop: int) -> dict[CommitId, int]:
        """Carry flags from commits to their ancestors, newest first, until only settled ones wait."""
        painting = _Painting(lambda commit: self.links(commit).time, settled)
        for tip, flag in tips.items():
            painting.mark(tip, flag)
        while painting.waiting and (painting.unsettled or slop > 0):
            slop = slop if painting.unsettled else slop - 1
            commit, carried = painting.take()
            if carried & (ONE | OTHER) == ONE | OTHER and settled == STALE:
                carried |= STALE
            for parent in self.links(commit).parents:
                painting.mark(parent, carried)
            if len(painting.flags) > MAX_WALKED:
                raise self._refused(
                    f"more than {MAX_WALKED:,} commits lie between two revisions",
                    "trust a newer revision by a statement of the root keys",
                )
        return painting.flags

    def _parents_first(self, tip: CommitId, fresh: set[CommitId]) -> Iterator[CommitId]:
        done: set[CommitId] = set()
        waiting = [(tip, False)] if tip in fresh else []
        while waiting:
            commit, parents_done = waiting.pop()
            if commit in done:
                continue
            if parents_done:
                done.add(commit)
                yield commit
                continue
            waiting.append((commit, True))
            waiting += [(parent, False) for parent in reversed(self.links(commit).parents) if parent in fresh]


class _Painting:
    """Flags of commits, and which of them have yet to be carried on."""

    def __init__(self, time: Callable[[CommitId], int], settled: int) -> None:
        self.flags: dict[CommitId, int] = {}
        self.waiting: list[tuple[int, CommitId]] = []
        self.unsettled: set[CommitId] = set()
        self._time, self._settled = time, settled

    def mark(self, commit: CommitId, flag: int) -> None:
        """Add flags to a commit; only where that is news does it wait to carry them on."""
        before = self.flags.get(commit, 0)
        if before | flag == before:
            return
        self.flags[commit] = before | flag
        heappush(self.waiting, (-self._time(commit), commit))
        if self.flags[commit] & self._settled:
            self.unsettled.discard(commit)
        else:
            self.unsettled.add(commit)

    def take(self) -> tuple[CommitId, int]:
        """The newest commit that waits, with its flags."""
        _, commit = heappop(self.waiting)
        self.unsettled.discard(commit)
        return commit, self.flags[commit]


def read_links(raw: bytes) -> Links:
    """Read parents and time of a commit as git itself does, whatever else is in it.

    Source: git, commit.c (parse_commit_buffer): parents follow the tree line directly.
    """
    parents: list[CommitId] = []
    position = raw.find(b"\n") + 1
    while matched := PARENT.match(raw, position):
        parents.append(CommitId(matched[1].decode()))
        position = matched.end()
    header = raw[: raw.find(b"\n\n", position) + 1] if b"\n\n" in raw else raw
    time = TIME.search(header, position)
    return Links(tuple(parents), int(time[1]) if time else 0)
