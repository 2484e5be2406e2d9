"""A developer's own clone: where it is, what is checked out, where it came from.

Asks libgit2 with the developer's own configuration; what is judged is read by
`Repository`, which does not look at it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2

from gitwarrant.git.history import common_folder, git_folder
from gitwarrant.git.objects import NotAStore
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import without_secrets
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import GitwarrantError

STATEMENTS_REFSPEC = "+refs/gitwarrant/*:refs/gitwarrant/*"
"""What brings the statements of others into a clone; git does not fetch them by itself."""


class CloneError(GitwarrantError):
    """The clone lacks what a command asks of it: a branch, a remote, an upstream."""


@dataclass(frozen=True, slots=True)
class Clone:
    """The clone that a folder belongs to. `root` is the top of its work tree."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> "Clone":
        """Find the clone that a folder lies in.

        Raises:
            NotAStore: none, a bare one, or one of another user.
        """
        try:
            found = pygit2.discover_repository(str(folder))
            work_tree = pygit2.Repository(found).workdir if found else None
        except (pygit2.GitError, KeyError) as error:
            raise NotAStore(
                f"{folder} cannot be read: {error}", remedy="clone the repository anew"
            ) from error
        if work_tree is None:
            raise NotAStore(f"{folder} is not in a clone", remedy="change into one, or name it")
        return cls(Path(work_tree))

    @property
    def git_folder(self) -> Path:
        """The Git folder that all work trees of the clone share; nothing in it is ever part of a commit."""
        return common_folder(git_folder(self.root))

    def reading(self) -> Repository:
        """Open the clone for judging: alternates, grafts, a shallow cut or replace refs are refused."""
        return Repository(self.root)

    def branch(self) -> str:
        """Full name of the branch that is checked out.

        Raises:
            CloneError: none is (a detached HEAD).
        """
        head = self._open().lookup_reference("HEAD")
        if not isinstance(head.target, str):
            raise CloneError(
                f"{self.root} has no branch checked out", remedy="git switch BRANCH, or name the ref"
            )
        return head.target

    def commit(self, name: str = "HEAD") -> CommitId:
        """The commit that a branch, tag, remote branch or id of this clone means, as git would read it.

        Raises:
            CloneError: nothing of that name, or not a commit.
        """
        try:
            return CommitId(str(self._open().revparse_single(name).peel(pygit2.Commit).id))
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise CloneError(
                f"{self.root} knows no commit {name!r}", remedy="git fetch, or correct the name"
            ) from error

    def upstream(self, branch: str | None = None) -> str:
        """Full name of the remote-tracking branch of a branch (the one checked out).

        Raises:
            CloneError: it has none.
        """
        short = (branch or self.branch()).removeprefix("refs/heads/")
        try:
            found = self._open().branches.local[short].upstream
        except (KeyError, ValueError, pygit2.GitError):
            found = None
        if found is None:
            raise CloneError(
                f"branch {short} follows no branch of a server",
                remedy=f"git branch --set-upstream-to REMOTE/BRANCH {short}",
            )
        return found.name

    def remotes(self) -> tuple[str, ...]:
        """Names of the clone's remotes, `origin` first."""
        names = {remote.name for remote in self._open().remotes if remote.name}
        return tuple(sorted(names, key=lambda name: (name != "origin", name)))

    def remote_url(self, remote: str = "origin") -> str:
        """Address of a remote, without user and password.

        Raises:
            CloneError: no such remote, or it has no address.
        """
        try:
            url = self._open().remotes[remote].url
        except (KeyError, ValueError, pygit2.GitError):
            url = None
        if not url:
            raise CloneError(f"{self.root} has no remote {remote!r}", remedy=f"git remote add {remote} URL")
        return without_secrets(url)

    def remote_branches(self) -> dict[str, CommitId]:
        """Every branch that the clone last saw on a server, by its short name (`origin/web`)."""
        opened = self._open()
        names = [name for name in opened.branches.remote if not name.endswith("/HEAD")]
        return {name: CommitId(str(opened.branches.remote[name].peel(pygit2.Commit).id)) for name in names}

    def fetches_statements(self, remote: str) -> bool:
        """Whether `git fetch` brings the statements of others, too."""
        wanted = self._open().config.get_multivar(f"remote.{remote}.fetch")
        return any("refs/gitwarrant/" in (refspec or "") for refspec in wanted)

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId:
        """Where two commits parted.

        Raises:
            CloneError: they share no history.
            Refused: the clone bends history, or lacks one of them.
        """
        base = self.reading().objects.merge_base(one, other)
        if base is None:
            raise CloneError(f"{one[:12]} and {other[:12]} share no history", remedy="name another base")
        return base

    def ignored(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of some paths (from the root, with slashes) that git ignores."""
        opened = self._open()
        return tuple(path for path in paths if opened.path_is_ignored(path))

    def setting(self, name: str) -> str | None:
        """A value of the developer's git configuration (`user.email`, `user.signingkey`); None when unset."""
        try:
            return self._open().config[name]
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def _open(self) -> pygit2.Repository:
        try:
            return pygit2.Repository(str(self.root))
        except (pygit2.GitError, KeyError, OSError) as error:
            raise NotAStore(f"{self.root} cannot be read: {error}", remedy="clone it anew") from error


def repository_name(url: str) -> str:
    """What people call a repository, from its address: `owner/name`, or `name` alone; empty: nothing."""
    parts = url.removesuffix("/").removesuffix(".git").replace(":", "/").split("/")
    return "/".join(part for part in parts[-2:] if part and "@" not in part and "." not in part)
