"""The recent past of a branch, read for an analysis that never leads to a deploy.

`Repository` refuses what it cannot judge. Somebody who only wants to know how
things stand must get an answer even from a shallow clone or over commits that
we would refuse, together with what is missing in it. So nothing here gives a
`Change`, and no stage of a deploy imports it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice
from pathlib import Path

from pygit2.enums import ObjectType

from gitwarrant.git.brought import Expired
from gitwarrant.git.clone import ask, repository_name
from gitwarrant.git.difference import differences, path_changes
from gitwarrant.git.history import BENDS, common_folder, git_folder
from gitwarrant.git.objects import NotAStore, Objects
from gitwarrant.git.odd import Found, committed, read_odd
from gitwarrant.git.opening import open_store
from gitwarrant.model.change import CommitId, PathChange
from gitwarrant.model.errors import GitwarrantError, Refused

MAX_LANDINGS = 5_000  # in ninety days: fifty a day
LATE = (
    5  # landings older than the window before it ends: dates are the committers', and run backwards at times
)


class NothingToSee(GitwarrantError):
    """A repository without a branch or commit to look at."""


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
    newest: datetime
    """The newest date near the tip; the tip itself may have lain about for long before it landed."""
    begin: datetime
    until: datetime
    """The window: it ends now, or at `newest` where that is longer ago than the window is long."""
    end: End


class Past:
    """The store of a bare repository or a clone (by its top folder).

    Raises:
        NotAStore: no repository is there.
    """

    def __init__(self, path: Path) -> None:
        self._store = open_store(path)
        self.folder = common_folder(git_folder(path))
        self.objects = Objects(self._store)

    @classmethod
    def around(cls, folder: Path) -> "Past":
        """Open the repository that a folder is, or lies in.

        Raises:
            NotAStore: none, or one of another user.
        """
        done = ask(folder, "rev-parse", "--absolute-git-dir")
        if done.returncode:
            raise NotAStore(
                f"{folder} is not a Git repository of yours",
                remedy="go into a clone, or name one, or an address such as https://HOST/PATH",
            )
        return cls(Path(os.fsdecode(done.stdout.removesuffix(b"\n"))))

    @property
    def has_work_tree(self) -> bool:
        """Whether somebody works in it: a clone, and no bare repository."""
        return self.folder.name == ".git"

    def name(self) -> str:
        """What people call it: by the address it came from, else by its folder."""
        url = ask(self.folder, "config", "--get", "remote.origin.url").stdout.decode(errors="replace").strip()
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
        found = self._store.ref(ref)
        if found is None:
            raise NothingToSee(f"the ref {ref} does not exist", remedy="correct its name, or git fetch")
        return CommitId(found)

    def read(self, commit: CommitId) -> Found | None:
        """Read a commit strictly, else loosely; None: it is not here, or nothing can be read of it."""
        try:
            return self.objects.commit(commit)[1]
        except Refused as refusal:
            return read_odd(self.objects, commit, refusal.what)

    def line(self, tip: CommitId, length: timedelta, now: datetime, expired: Expired) -> Line:
        """Walk back along the first parents, through the window of this length that ends now.

        Where the newest landing is older than that, the window ends with it.

        Raises:
            NothingToSee: the tip itself cannot be read.
        """
        first = self.read(tip)
        if first is None:
            raise NothingToSee(
                f"the newest commit {tip[:12]} cannot be read", remedy="run `git fsck`, or clone again"
            )
        newest = max(map(committed, islice(self._back(first), LATE)))
        until = now if newest > now - length else newest
        begin = until - length
        landings: list[Found] = []
        commit, late = first, 0
        while True:
            stop = self._stop(commit, len(landings), expired)
            parent = None if stop else self.read(commit.parents[0])
            if parent is None:
                return _cut(
                    Line(first, tuple(landings), newest, begin, until, stop or self._gap(commit)), late
                )
            late = late + 1 if committed(commit) < begin else 0
            landings.append(commit)
            if late == LATE:
                return _cut(Line(first, tuple(landings), newest, begin, until, End.WINDOW), late)
            commit = parent

    def _back(self, commit: Found | None) -> Iterator[Found]:
        """A commit, its first parent, and so on."""
        while commit is not None:
            yield commit
            commit = self.read(commit.parents[0]) if commit.parents else None

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

    def changes(self, landing: Found) -> tuple[PathChange, ...]:
        """What a landing changed against its first parent.

        Raises:
            Refused: a tree is missing (a partial clone) or malformed, or holds names that deceive.
        """
        before = self.read(landing.parents[0])
        return path_changes(differences(self.objects, before.tree if before else None, landing.tree))

    def _target(self, name: str) -> str | None:
        """The full name of the ref that a ref leads to; None: it leads nowhere, or not to a commit."""
        leads, commit = self._store.target(name), self._store.ref(name)
        try:
            self.objects.size(commit or "", ObjectType.COMMIT)
        except Refused:
            return None
        return leads

    def _names(self, prefix: str) -> list[str]:
        return list(self._store.refs(prefix))


def _cut(line: Line, late: int) -> Line:
    """Leave out the landings at the end that are older than the window."""
    if not late:
        return line
    return replace(line, landings=line.landings[:-late], end=End.WINDOW)
