"""A developer's own clone: where it is, what is checked out, where it came from.

Asks git, with the developer's own configuration, so that repositories of every
hash are read; what is judged is read by `Repository`, which does not look at it.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gitwarrant.git.failures import spoken
from gitwarrant.git.history import common_folder, git_folder
from gitwarrant.git.objects import NotAStore
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import without_secrets
from gitwarrant.model.change import OBJECT_ID, CommitId
from gitwarrant.model.errors import GitwarrantError

NO_CLONE = re.compile(rb"not a git repository|must be run in a work tree|cannot change to")
SECONDS = 30  # for one question about a clone on this machine
OF_ANOTHER_CLONE = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"),
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_CONFIG"),
        *("GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE"),
    }
)
"""What git sets for a hook: it would make every folder look like the clone that the hook runs for."""

SUFFIX = re.compile(r"[~^]|@\{")  # what git reads after a name: parents, reflogs
ABBREVIATED = re.compile(r"[0-9a-f]{4,63}")
FORMS = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
"""Where git looks for a name, in its order. Source: gitrevisions(7)."""

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
        done = ask(folder, "rev-parse", "--show-toplevel")
        if b"dubious ownership" in done.stderr:
            raise NotAStore(f"{folder} belongs to another user", remedy="clone the repository yourself")
        if done.returncode == 0:
            return cls(Path(os.fsdecode(done.stdout.removesuffix(b"\n"))))
        if not NO_CLONE.search(done.stderr):
            said = spoken(done.stderr.decode(errors="replace"))
            raise NotAStore(f"{folder} cannot be read: {said}", remedy="clone the repository anew")
        raise NotAStore(f"{folder} is not in a clone", remedy="change into one, or name it")

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
        head = self._answer("symbolic-ref", "--quiet", "HEAD")
        if head is None:
            raise CloneError(
                f"{self.root} has no branch checked out", remedy="git switch BRANCH, or name the ref"
            )
        return head

    def commit(self, name: str = "HEAD") -> CommitId:
        """The commit that a branch, tag, remote branch or id of this clone means, as git would read it.

        Raises:
            CloneError: nothing of that name, not a commit, or more than one.
        """
        found = self._commit(name)
        if found is None:
            raise CloneError(f"{self.root} knows no commit {name!r}", remedy="git fetch, or correct the name")
        meanings = self._meanings(SUFFIX.split(name, maxsplit=1)[0])
        if len(meanings) > 1:
            raise CloneError(
                f"{name!r} means several commits: {', '.join(sorted(meaning[:12] for meaning in meanings))}",
                remedy="write the id in full, or the whole name, like refs/remotes/origin/main",
            )
        return found

    def _commit(self, name: str) -> CommitId | None:
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        found = None if "\0" in name else self._answer(*asked)
        return CommitId(found) if found and OBJECT_ID.fullmatch(found) else None

    def _meanings(self, name: str) -> set[CommitId]:
        """All commits that a short name may mean.

        Git takes tags first and ids last, and warns at most; but anybody who
        pushes chooses the names of tags and branches, so that what a person
        was told to look at could be another commit.
        """
        if name in ("", "HEAD") or name.startswith("refs/") or OBJECT_ID.fullmatch(name):
            return set()
        places = [self._commit(form.format(name)) for form in FORMS]
        objects = self._answer("rev-parse", f"--disambiguate={name}") if ABBREVIATED.fullmatch(name) else None
        places += [self._commit(found) for found in (objects or "").splitlines()]
        return {place for place in places if place is not None}

    def tip(self, ref: str) -> CommitId:
        """The commit of a branch by its full name; unlike `commit`, never a tag that is called like it.

        Raises:
            CloneError: there is no such ref.
        """
        found = self._answer("show-ref", "--verify", "--hash", ref)
        if found is None or not OBJECT_ID.fullmatch(found):
            raise CloneError(f"{self.root} knows no commit {ref!r}", remedy="git fetch, or correct the name")
        return CommitId(found)

    def upstream(self, branch: str | None = None) -> str:
        """Full name of the remote-tracking branch of a branch (the one checked out).

        Raises:
            CloneError: it has none.
        """
        short = (branch or self.branch()).removeprefix("refs/heads/")
        full = f"refs/heads/{short}"
        found = self._answer("for-each-ref", "--format=%(refname) %(upstream)", full) or ""
        name = next((line.partition(" ")[2] for line in found.split("\n") if line.startswith(f"{full} ")), "")
        if not name:
            raise CloneError(
                f"branch {short} follows no branch of a server",
                remedy=f"git branch --set-upstream-to REMOTE/BRANCH {short}",
            )
        return name

    def remotes(self) -> tuple[str, ...]:
        """Names of the clone's remotes, `origin` first."""
        names = (self._answer("remote") or "").split()
        return tuple(sorted(names, key=lambda name: (name != "origin", name)))

    def remote_url(self, remote: str = "origin") -> str:
        """Address of a remote as git would use it, without password, token and query.

        Raises:
            CloneError: no such remote, or it has no address.
        """
        url = self._answer("remote", "get-url", remote)
        if not url:
            raise CloneError(f"{self.root} has no remote {remote!r}", remedy=f"git remote add {remote} URL")
        return without_secrets(url).partition("?")[0]

    def remote_branches(self) -> dict[str, CommitId]:
        """Every branch that the clone last saw on a server, by its short name (`origin/web`)."""
        form = "--format=%(objecttype) %(objectname) %(refname)"
        lines = (self._answer("for-each-ref", form, "refs/remotes/") or "").split("\n")
        found = (line.split(" ", 2) for line in lines if line.startswith("commit "))
        names = {name.removeprefix("refs/remotes/"): CommitId(commit) for _, commit, name in found}
        return {name: names[name] for name in names if not name.endswith("/HEAD")}

    def fetches_statements(self, remote: str) -> bool:
        """Whether `git fetch` brings the statements of others, too."""
        return "refs/gitwarrant/" in (self._answer("config", "--get-all", f"remote.{remote}.fetch") or "")

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
        given = "".join(f"{path}\0" for path in paths)
        done = ask(self.root, "check-ignore", "--no-index", "-z", "--stdin", given=given.encode())
        ignored = set(done.stdout.decode(errors="surrogateescape").split("\0"))
        return tuple(path for path in paths if path in ignored)

    def setting(self, name: str) -> str | None:
        """A value of the developer's git configuration (`user.email`, `user.signingkey`); None when unset."""
        return self._answer("config", "--get", name)

    def _answer(self, *arguments: str) -> str | None:
        """What git says, without its last line feed; None where it refuses or says nothing."""
        done = ask(self.root, *arguments)
        text = done.stdout.decode(errors="surrogateescape").removesuffix("\n")
        return text if text and done.returncode == 0 else None


def ask(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Ask git about the clone around a folder, as its owner would by hand.

    Raises:
        NotAStore: git cannot be started, or does not answer.
    """
    told = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_CLONE}
    told |= {"LC_ALL": "C", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        return subprocess.run(
            command, env=told, input=given, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAStore(f"git does not answer: {error}", remedy="install git 2.39 or newer") from error


def repository_name(url: str) -> str:
    """What people call a repository, from its address: `owner/name`, or `name` alone; empty: nothing."""
    parts = url.removesuffix("/").removesuffix(".git").replace(":", "/").split("/")
    return "/".join(part for part in parts[-2:] if part and "@" not in part and "." not in part)
