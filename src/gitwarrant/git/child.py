"""A SHA-256 repository's objects and refs, read by one `git cat-file` that runs beside us.

libgit2 cannot read them as Python gets it. So git finds and inflates objects,
and nothing else: each is hashed here again, with SHA-256, and compared with the
id that was asked for. Git runs without any configuration that acts: no replace
refs, no lazy fetch, no transport at all; alternates were refused before.
"""

import hashlib
import os
import select
import subprocess
import threading
import weakref
from pathlib import Path
from typing import IO

from pygit2.enums import ObjectType

from gitwarrant.git.command import local_environment
from gitwarrant.git.failures import spoken
from gitwarrant.git.objects import NotAStore, refused
from gitwarrant.model.change import OBJECT_ID
from gitwarrant.model.errors import Refused

SECONDS = 60  # a local read that takes longer hangs
MAX_HEADER = 256  # bytes of a line that names id, kind and size
MAX_REFS_BYTES = 64 * 1024 * 1024  # some 600,000 refs
KINDS = {kind.name.lower().encode(): kind for kind in (ObjectType.COMMIT, ObjectType.TREE, ObjectType.BLOB)}
KINDS[b"tag"] = ObjectType.TAG
DIGITS = 64


class GitStore:
    """The store of the Git folder `folder`. Its one process ends with it; threads may share it."""

    digits = DIGITS

    def __init__(self, folder: Path) -> None:
        if folder.stat().st_uid not in (os.geteuid(), 0):
            raise NotAStore(f"{folder} belongs to another user", remedy="clone it anew, as yourself")
        self._folder = folder
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def header(self, id: str) -> tuple[ObjectType, int] | None:  # noqa: A002 - the glossary's name
        """See `Store.header`."""
        with self._lock:
            return self._asked().ask(b"info", id)

    def read(self, id: str) -> tuple[ObjectType, bytes] | None:  # noqa: A002 - the glossary's name
        """See `Store.read`."""
        with self._lock:
            child = self._asked()
            found = child.ask(b"contents", id)
            if found is None:
                return None
            kind, size = found
            data = child.take(size + 1)[:-1]
        framed = b"%s %d\0" % (kind.name.lower().encode(), size) + data
        return (kind, data) if hashlib.sha256(framed).hexdigest() == id else None

    def ref(self, name: str) -> str | None:
        """See `Store.ref`."""
        if name != "HEAD":
            return self.refs(name).get(name)
        done = self._run("rev-parse", "--verify", "--quiet", "HEAD")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def target(self, name: str) -> str | None:
        """See `Store.target`."""
        if name.startswith("-"):
            return None
        done = self._run("symbolic-ref", "--quiet", name)
        leads = done.stdout.decode(errors="replace").removesuffix("\n") if done.returncode == 0 else name
        if leads in self.refs("refs/") or (name == leads == "HEAD" and self.ref(name)):
            return leads
        return None

    def refs(self, *prefixes: str) -> dict[str, str]:
        """See `Store.refs`."""
        done = self._run("for-each-ref", "--format=%(objectname) %(refname)")
        if done.returncode or len(done.stdout) > MAX_REFS_BYTES:
            raise _silent(self._folder, spoken(done.stderr.decode(errors="replace")))
        found: dict[str, str] = {}
        for line in done.stdout.splitlines():
            commit, _, raw = line.partition(b" ")
            name = raw.decode(errors="replace")
            if "\ufffd" not in name and name.startswith(prefixes):
                found[name] = commit.decode()
        return found

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Ask git one question about refs."""
        try:
            return subprocess.run(
                ["git", f"--git-dir={self._folder}", *arguments],
                env=local_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _silent(self._folder, str(error)) from error

    def _asked(self) -> "_Child":
        """The process, started anew where it died: a refusal ends it, since its answers are out of step."""
        if self._child is None or not self._child.alive:
            self._child = _Child(self._folder)
            weakref.finalize(self._child, _end, self._child.process)
        return self._child


class _Child:
    """A running `git cat-file --batch-command`: one line in, one header (and content) out."""

    def __init__(self, folder: Path) -> None:
        command = ["git", f"--git-dir={folder}", "cat-file", "--batch-command"]
        try:
            self.process = subprocess.Popen(
                command,
                env=local_environment(),
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise NotAStore(
                f"git cannot be started: {error.strerror}", remedy="install git 2.39 or newer"
            ) from error
        self._folder = folder
        self._waiting = b""
        self.alive = True

    def ask(self, what: bytes, id: str) -> tuple[ObjectType, int] | None:  # noqa: A002 - the glossary's name
        """Send one question; give kind and size, or None where there is no such object."""
        if len(id) != DIGITS or not OBJECT_ID.fullmatch(id):
            return None  # an id of another hash names nothing here; a line feed would be a second question
        try:
            _pipe(self.process.stdin).write(b"%s %s\n" % (what, id.encode()))
        except OSError as error:
            raise self._broken() from error
        line = self._line().split(b" ")
        if line == [id.encode(), b"missing"]:
            return None
        if len(line) != 3 or line[0] != id.encode() or line[1] not in KINDS or not line[2].isdigit():
            raise self._broken()
        return KINDS[line[1]], int(line[2])

    def take(self, size: int) -> bytes:
        """Read exactly so many bytes."""
        parts, missing = [self._waiting[:size]], size - len(self._waiting)
        self._waiting = self._waiting[size:]
        while missing > 0:
            parts.append(self._some(min(missing, 1024 * 1024)))
            missing -= len(parts[-1])
        return b"".join(parts)

    def _line(self) -> bytes:
        while b"\n" not in self._waiting:
            if len(self._waiting) > MAX_HEADER:
                raise self._broken()
            self._waiting += self._some(65_536)
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line

    def _some(self, size: int) -> bytes:
        stdout = _pipe(self.process.stdout)
        ready, _, _ = select.select([stdout], [], [], SECONDS)
        data = os.read(stdout.fileno(), size) if ready else b""
        if not data:
            raise self._broken()
        return data

    def _broken(self) -> Refused:
        self.alive = False
        return _silent(self._folder, "git cat-file gave no answer that can be read")


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    process.kill()
    process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("started without its pipes")
    return pipe


def _silent(folder: Path, said: str) -> Refused:
    return refused(f"{folder} cannot be read by git: {said}", "run `git fsck` there, or clone it anew")
