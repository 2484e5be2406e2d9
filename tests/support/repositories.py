"""A real repository on disk, which a test changes in one line, and people with real keys.

    repository = Simulator(tmp_path / "forge.git")
    base = repository.commit(by="alice", files={"web.yaml": "kind: ConfigMap"})
    repository.branch("feature")
    repository.commit(by="bob", on="feature", files={"web.yaml": None}, signed=False)
    repository.merge("feature", by="alice")
    repository.rewind("main", base)

Objects are written by libgit2, signatures made by ssh-keygen, so that git
itself can fetch and verify all of it. Times are a minute apart and start at
`EPOCH`: the same lines give the same ids but for the keys.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

from gitwarrant.model.change import BlobId, CommitId, TreeId

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an ed25519 key. `public` is the key's line without its comment."""

    name: str
    email: str
    key: Path
    public: str

    def sign(self, message: bytes, namespace: str = "git") -> bytes:
        """Sign as `ssh-keygen -Y sign` does: an armored SSHSIG that ends with a line feed."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(self.key)]
        return subprocess.run(command, input=message, capture_output=True, check=True).stdout


@cache
def person(name: str) -> Person:
    """The person of this name; the key is made at first use and lives as long as the test session."""
    key = _keys() / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
    subprocess.run(command, check=True)
    kind, public, _ = key.with_suffix(".pub").read_text().split()
    return Person(name.capitalize(), f"{name}@example.com", key, f"{kind} {public}")


@cache
def _keys() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gitwarrant-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Simulator:
    """A bare repository as a forge would hold it: anybody may push anything."""

    digits = 40
    signature_header = "gpgsig"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git = pygit2.init_repository(str(path), bare=True, initial_head="main")
        self._made = 0

    @property
    def url(self) -> str:
        return self.path.absolute().as_uri()

    def has(self, ref: str) -> bool:
        return ref in self.git.references

    def tip(self, branch: str = "main") -> CommitId:
        return CommitId(str(self.git.references[f"refs/heads/{branch}"].target))

    def tree_of(self, commit: str) -> TreeId:
        return TreeId(str(self.git[commit].peel(pygit2.Tree).id))

    def commit(
        self,
        *,
        by: str,
        files: Mapping[str, str | bytes | None] | None = None,
        on: str = "main",
        signed: bool = True,
        author: str | None = None,
        message: str = "Change something\n",
        parents: Sequence[str] | None = None,
        tree: str | None = None,
        when: datetime | None = None,
    ) -> CommitId:
        """Commit on a branch and move it. A file given as None is removed; `tree` is taken as it stands.

        `by` commits and signs; `author` is who the commit says wrote it (`by`
        when not given).
        """
        if parents is None:
            parents = [self.tip(on)] if self.has(f"refs/heads/{on}") else []
        if tree is None:
            tree = self.tree(files or {}, base=parents[0] if parents else None)
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += self._people(author or by, by, when)
        payload = ("\n".join(lines) + "\n\n" + message).encode()
        commit = self.raw_commit(self.sign_commit(payload, by) if signed else payload)
        self.point(f"refs/heads/{on}", commit)
        return commit

    def merge(
        self,
        branch: str,
        *,
        by: str,
        into: str = "main",
        files: Mapping[str, str | bytes | None] | None = None,
        tree: str | None = None,
        signed: bool = True,
    ) -> CommitId:
        """Merge without conflicts; `files` are edits that hide in the merge, `tree` replaces its result."""
        ours, theirs = self.tip(into), self.tip(branch)
        if tree is None:
            tree = self.tree(files or {}, base=self.git.merge_commits(ours, theirs).write_tree(self.git))
        message = f"Merge branch '{branch}'\n"
        return self.commit(by=by, on=into, parents=[ours, theirs], tree=tree, message=message, signed=signed)

    def branch(self, name: str, at: str | None = None) -> CommitId:
        """Start a branch at a commit, or at the tip of main."""
        start = CommitId(at or self.tip())
        self.point(f"refs/heads/{name}", start)
        return start

    def rewind(self, branch: str, to: str) -> None:
        """Move a branch to any commit, as a forced push does."""
        self.point(f"refs/heads/{branch}", to)

    def point(self, ref: str, to: str) -> None:
        """Create or move a ref of any name."""
        self.git.references.create(ref, to, force=True)

    def clone(self, to: Path) -> Path:
        """Clone as a developer does, with a work tree; gives its folder."""
        subprocess.run(["git", "clone", "-q", self.url, str(to)], check=True, capture_output=True)
        return to

    def tree(
        self, files: Mapping[str, str | bytes | None], *, base: str | pygit2.Oid | None = None
    ) -> TreeId:
        """Write a tree: the files of a commit or tree, with these changed, added or removed (None)."""
        index = pygit2.Index()
        if base is not None:
            index.read_tree(self.git[base].peel(pygit2.Tree))
        for path, content in files.items():
            if content is None:
                index.remove(path)
                continue
            data = content.encode() if isinstance(content, str) else content
            index.add(pygit2.IndexEntry(path, self.git.create_blob(data), FileMode.BLOB))
        return TreeId(str(index.write_tree(self.git)))

    def sign_commit(self, payload: bytes, by: str) -> bytes:
        """Sign a commit's bytes under the header of this repository's hash."""
        return sign_commit(payload, person(by), self.signature_header)

    def raw_tree(self, entries: Sequence[tuple[int, bytes, str]]) -> TreeId:
        """Write a tree of (mode, name, id) exactly as given, with names that no git would write."""
        content = b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(to)) for mode, name, to in entries)
        return TreeId(self.raw(ObjectType.TREE, content))

    def raw_commit(self, content: bytes) -> CommitId:
        """Write a commit of any bytes; no branch moves."""
        return CommitId(self.raw(ObjectType.COMMIT, content))

    def blob(self, content: bytes) -> str:
        return self.raw(ObjectType.BLOB, content)

    def raw(self, kind: ObjectType, content: bytes) -> str:
        """Write any bytes as an object."""
        return str(self.git.odb.write(kind, content))

    def bytes_of(self, id: str) -> bytes:  # noqa: A002 - the glossary's name
        """Bytes of any object."""
        return bytes(self.git.odb.read(pygit2.Oid(hex=id))[1])

    def blob_at(self, commit: str, path: str) -> BlobId:
        """The id of a file at a commit."""
        return BlobId(str(self.git[commit].tree[path].id))

    def run(self, *arguments: str) -> str:
        """Run git itself here, as a forge's maintenance would."""
        command = ["git", f"--git-dir={self.path}", *arguments]
        told = {**os.environ, "GIT_NO_REPLACE_OBJECTS": "1"}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=told).stdout

    def _people(self, author: str, committer: str, when: datetime | None) -> list[str]:
        self._made += 1
        seconds = int((when or EPOCH + timedelta(minutes=self._made)).timestamp())
        named = (("author", person(author)), ("committer", person(committer)))
        return [f"{role} {who.name} <{who.email}> {seconds} +0000" for role, who in named]


def sign_commit(payload: bytes, who: Person, header: str = "gpgsig") -> bytes:
    """Put a signature over a commit's bytes where Git puts it: as the last header."""
    signed, _, message = payload.partition(b"\n\n")
    signature = who.sign(payload).rstrip(b"\n").replace(b"\n", b"\n ")
    return signed + b"\n" + header.encode() + b" " + signature + b"\n\n" + message
