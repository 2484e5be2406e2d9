"""The recent past of a branch, read for an analysis that never leads to a deploy.

`Repository` refuses what it cannot judge. Somebody who only wants to know how
things stand must get an answer even from a shallow clone or over commits that
we would refuse, together with what is missing in it. So nothing here gives a
`Change`, and no stage of a deploy imports it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType, RepositoryOpenFlag

from gitwarrant.git.clone import repository_name
from gitwarrant.git.commit import MAX_SECONDS, ParsedCommit
from gitwarrant.git.difference import differences, path_changes
from gitwarrant.git.history import BENDS, SHA256_CONFIG, common_folder, git_folder
from gitwarrant.git.objects import NotAStore, Objects
from gitwarrant.model.change import CommitId, PathChange, TreeId
from gitwarrant.model.errors import GitwarrantError, Refused

MAX_LANDINGS = 5_000  # in ninety days: fifty a day
MAX_COMMITS = 50_000  # looked at on the way
MAX_ODD_BYTES = 8 * 1024 * 1024  # of a commit that is read only for where it comes from
LATE = 5  # landings older than the window before it ends: dates are the committers', and run backwards at times
PARENT = re.compile(rb"^parent ([0-9a-f]{40})$", re.MULTILINE)
TREE = re.compile(rb"\Atree ([0-9a-f]{40})$", re.MULTILINE)
TIME = re.compile(rb"^committer .*> ([0-9]{1,12}) [+-][0-9]{4}$", re.MULTILINE)

Expired = Callable[[], bool]
"""Whether the time for looking is used up."""


class NothingToSee(GitwarrantError):
    """A repository without a branch or commit to look at."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A commit that git reads and our strict reader refuses; what it says of itself is read loosely."""

    id: CommitId
    reason: str
    parents: tuple[CommitId, ...]
    tree: TreeId
    time: datetime


Found = ParsedCommit | Odd


class End(Enum):
    """Where looking back along the line stopped."""

    WINDOW = "older than the window"
    FIRST = "the first commit"
    CUT = "the history is cut off here (a shallow clone)"
    MISSING = "a commit is missing or damaged"
    LIMIT = "more landings than are looked at"
    TIME = "the time was used up"


@dataclass(frozen=True, slots=True)
class Line:
    """The landings of a branch within a window, newest first, and why there are no older ones."""

    tip: Found
    landings: tuple[Found, ...]
    """Each has a first parent that is here."""
    begin: datetime
    until: datetime
    """The window: it ends now, or at the tip where that is older than the window is long."""
    end: End


def committed(commit: Found) -> datetime:
    """When a commit says that it was made."""
    return commit.committer.time if isinstance(commit, ParsedCommit) else commit.time


class Past:
    """The store of a bare repository or a clone (by its top folder).

    Raises:
        NotAStore: no repository is there.
        GitwarrantError: it names objects by SHA-256.
    """

    def __init__(self, path: Path) -> None:
        try:
            flags = RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH
            self._refs = pygit2.Repository(str(git_folder(path)), flags)
        except (pygit2.GitError, OSError) as error:
            raise NotAStore(
                f"{path} cannot be opened as a Git repository: {error}",
                remedy="name the folder of a Git repository that belongs to you",
            ) from error
        self.folder = common_folder(Path(self._refs.path))
        _refuse_sha256(self.folder)
        self.objects = Objects(self.folder / "objects")

    @classmethod
    def around(cls, folder: Path) -> "Past":
        """Open the repository that a folder is, or lies in.

        Raises:
            NotAStore: none, or one of another user.
        """
        try:
            found = pygit2.discover_repository(str(folder))
        except (pygit2.GitError, KeyError) as error:
            raise NotAStore(f"{folder} cannot be read: {error}", remedy="clone it anew") from error
        if found is None:
            raise NotAStore(
                f"{folder} is not a Git repository",
                remedy="go into a clone, or name one, or an address such as https://HOST/PATH",
            )
        return cls(Path(found))

    @property
    def has_work_tree(self) -> bool:
        """Whether somebody works in it: a clone, and no bare repository."""
        return self.folder.name == ".git"

    def name(self) -> str:
        """What people call it: by the address it came from, else by its folder."""
        try:
            url = self._refs.remotes["origin"].url or ""
        except (KeyError, ValueError, pygit2.GitError):
            url = ""
        folder = self.folder.parent if self.has_work_tree else self.folder
        return repository_name(url) or folder.resolve().name.removesuffix(".git")

    def bends(self) -> tuple[str, ...]:
        """What makes git show another history here than the commits themselves tell; a deploy refuses it."""
        found = [
            f"{name}: {meaning}"
            for name, meaning, _ in BENDS
            if name != "shallow" and (self.folder / name).exists()
        ]
        names = self._names("refs/replace/")
        return (*found, "refs/replace: git shows other objects than the ones named") if names else (*found,)

    def default_branch(self) -> str:
        """The full name of the ref that people land on: the server's default branch, else what HEAD names.

        `HEAD` itself where it names a commit and no branch.

        Raises:
            NothingToSee: no commit yet, or a HEAD without its branch.
        """
        for name in ("refs/remotes/origin/HEAD", "HEAD"):
            target = self._target(name)
            if target is not None:
                return target
        branches = sorted(name.removeprefix("refs/heads/") for name in self._names("refs/heads/"))
        if not branches:
            raise NothingToSee(
                "the repository has no commit yet", remedy="commit and push something, then look again"
            )
        raise NothingToSee(
            "the repository has no default branch: its HEAD names a branch that is not there",
            remedy=f"name one: --branch {branches[0]}",
        )

    def branch(self, name: str) -> str:
        """The full name of a branch that a person calls by its short one; the server's before one's own.

        Raises:
            NothingToSee: there is none.
        """
        short = name.removeprefix("refs/heads/")
        for ref in (f"refs/remotes/origin/{short}", f"refs/incoming/heads/{short}", f"refs/heads/{short}"):
            if self._target(ref) is not None:
                return ref
        raise NothingToSee(f"there is no branch {short!r} here", remedy="correct its name, or git fetch")

    def tip(self, ref: str) -> CommitId:
        """The commit of a ref that exists."""
        return CommitId(str(self._refs.references[ref].resolve().target))

    def read(self, commit: CommitId) -> Found | None:
        """Read a commit strictly, else loosely; None: it is not here, or nothing can be read of it."""
        try:
            return self.objects.commit(commit)[1]
        except Refused as refusal:
            return self._odd(commit, refusal.what)

    def line(self, tip: CommitId, length: timedelta, now: datetime, expired: Expired) -> Line:
        """Walk back along the first parents, through the window of this length that ends now.

        Where the tip is older than that, the window ends at the tip.

        Raises:
            NothingToSee: the tip itself cannot be read.
        """
        first = self.read(tip)
        if first is None:
            raise NothingToSee(
                f"the newest commit {tip[:12]} cannot be read", remedy="run `git fsck`, or clone again"
            )
        until = now if committed(first) > now - length else committed(first)
        begin = until - length
        landings: list[Found] = []
        commit, late = first, 0
        while True:
            stop = self._stop(commit, len(landings), expired)
            parent = None if stop else self.read(commit.parents[0])
            if parent is None:
                return _cut(Line(first, tuple(landings), begin, until, stop or self._gap(commit)), late)
            late = late + 1 if committed(commit) < begin else 0
            landings.append(commit)
            if late == LATE:
                return _cut(Line(first, tuple(landings), begin, until, End.WINDOW), late)
            commit = parent

    def _stop(self, commit: Found, count: int, expired: Expired) -> End | None:
        if not commit.parents:
            return End.FIRST
        if count == MAX_LANDINGS:
            return End.LIMIT
        return End.TIME if expired() else None

    def _gap(self, commit: Found) -> End:
        """Why a first parent is not here: the shallow cut, or something worse."""
        shallow = self.folder / "shallow"
        cut = shallow.read_text(errors="replace").split() if shallow.is_file() else []
        return End.CUT if commit.id in cut else End.MISSING

    def brought(self, landings: Sequence[Found], expired: Expired) -> Mapping[CommitId, Sequence[Found]] | None:
        """For each landing all commits that it made reachable, parents first, itself last.

        None: too many, or the time was used up. What is not here (behind a
        shallow cut) brought nothing.
        """
        oldest_first = landings[::-1]
        marks = self._marks(oldest_first, expired)
        if marks is None:
            return None
        return {
            landing.id: tuple(self._in_order(landing.id, number, marks))
            for number, landing in enumerate(oldest_first, 1)
        }

    def _marks(self, oldest_first: Sequence[Found], expired: Expired) -> Mapping[CommitId, int] | None:
        """The number of the oldest landing that reaches each commit; 0: it was there before all of them.

        Newest first, as git does it; a commit reached again with a smaller
        number is walked again, so clocks that run backwards cost time only.
        """
        marks: dict[CommitId, int] = {}
        waiting: list[tuple[float, CommitId, int]] = []
        new = 0  # waiting entries that are not known to be old

        def mark(commit: Found, number: int) -> int:
            if marks.get(commit.id, number + 1) <= number:
                return 0
            marks[commit.id] = number
            heappush(waiting, (-committed(commit).timestamp(), commit.id, number))
            return 1 if number else 0

        for number, landing in enumerate(oldest_first, 1):
            new += mark(landing, number)
            before = self.read(landing.parents[0])
            if number == 1 and before is not None:
                mark(before, 0)
        while new:
            _, commit, number = heappop(waiting)
            new -= 1 if number else 0
            if len(marks) > MAX_COMMITS or expired():
                return None
            found = self.read(commit) if marks[commit] == number else None
            for parent in found.parents if found else ():
                known = self.read(parent)
                if known is not None:
                    new += mark(known, number)
        return marks

    def _in_order(self, landing: CommitId, number: int, marks: Mapping[CommitId, int]) -> Iterator[Found]:
        """The commits of one landing, each after its parents."""
        waiting, done = [(landing, False)], set[CommitId]()
        while waiting:
            commit, entered = waiting.pop()
            found = self.read(commit)
            if found is None or (commit in done and not entered):
                continue
            if entered:
                yield found
                continue
            done.add(commit)
            waiting.append((commit, True))
            waiting += [(parent, False) for parent in found.parents if marks.get(parent) == number]

    def changes(self, landing: Found) -> tuple[PathChange, ...]:
        """What a landing changed against its first parent.

        Raises:
            Refused: a tree is missing (a partial clone) or malformed, or holds names that deceive.
        """
        before = self.read(landing.parents[0])
        return path_changes(differences(self.objects, before.tree if before else None, landing.tree))

    def _odd(self, commit: CommitId, reason: str) -> Odd | None:
        try:
            raw = self.objects.read(commit, ObjectType.COMMIT, MAX_ODD_BYTES)
        except Refused:
            return None
        header = raw.partition(b"\n\n")[0]
        tree, time = TREE.search(header), TIME.search(header)
        if tree is None:
            return None
        parents = tuple(CommitId(found.decode()) for found in PARENT.findall(header))
        seconds = min(int(time[1]), MAX_SECONDS) if time else 0
        made = datetime.fromtimestamp(seconds, UTC)
        return Odd(commit, _reason(reason), parents, TreeId(tree[1].decode()), made)

    def _target(self, name: str) -> str | None:
        """The full name of the ref that a ref leads to; None: it leads nowhere, or not to a commit."""
        try:
            found = self._refs.references[name].resolve()
            self.objects.size(str(found.target), ObjectType.COMMIT)
        except (KeyError, ValueError, pygit2.GitError, Refused):
            return None
        return str(found.name)

    def _names(self, prefix: str) -> list[str]:
        raw = self._refs.raw_listall_references()
        return [name for name in (one.decode(errors="replace") for one in raw) if name.startswith(prefix)]


def _cut(line: Line, late: int) -> Line:
    """Leave out the landings at the end that are older than the window."""
    if not late:
        return line
    return replace(line, landings=line.landings[:-late], end=End.WINDOW)


def _reason(what: str) -> str:
    """Why a commit is refused, without its id: equal reasons are counted together."""
    return what.partition(" is malformed: ")[2] or what


def _refuse_sha256(folder: Path) -> None:
    config = folder / "config"
    if config.is_file() and SHA256_CONFIG.search(config.read_text(errors="replace")):
        raise GitwarrantError(
            f"{folder} names objects by SHA-256, which cannot be read yet", remedy="use a SHA-1 repository"
        )
