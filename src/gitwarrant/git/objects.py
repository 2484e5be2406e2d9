"""Objects of one store by their id, each read strictly and with its size known first.

Only objects: no refs, no configuration, no attributes. The store is opened
without the repository around it, so replace refs, grafts, shallow cuts and
merge drivers have nothing to act on. libgit2 compares the hash of every object
it reads with its id; of commits, on which all else hangs, we do it again.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pygit2
from pygit2.enums import FileMode, ObjectType, SortMode

from gitwarrant.git.commit import MAX_COMMIT_BYTES, MalformedObject, ParsedCommit, parse_commit
from gitwarrant.model.change import NO_BLOB, NO_MODE, BlobId, CommitId, TreeId
from gitwarrant.model.errors import GitwarrantError, Refused

MAX_TREE_BYTES = 16 * 1024 * 1024  # one folder of some 300,000 files
OBJECTS_KEPT = 256  # neighbouring commits share parents and nearly all trees

FOLDER = 0o40000
LINK = 0o120000
SUBMODULE = 0o160000
ENTRY = re.compile(rb"(100644|100755|120000|160000|40000) ([^/\0]+)\0(.{20})", re.DOTALL)


class NotAStore(GitwarrantError):
    """A folder that holds no Git objects we can read."""


class Entry(NamedTuple):
    """One line of a tree object."""

    mode: int
    name: bytes
    id: str


def refused(what: str, remedy: str) -> Refused:
    """The verdict of this package: what came from Git is not acceptable."""
    return Refused(what, stage="fetch", remedy=remedy)


class Objects:
    """The objects below `folder`, an `objects` directory of a SHA-1 repository."""

    def __init__(self, folder: Path) -> None:
        try:
            self._store = pygit2.Odb(str(folder))
            self._graph = pygit2.Repository()
            self._graph.set_odb(self._store)
        except (pygit2.GitError, OSError) as error:
            raise NotAStore(
                f"{folder} cannot be read as Git objects: {error}",
                remedy="name the folder of a Git repository",
            ) from error
        self.tree = lru_cache(maxsize=OBJECTS_KEPT)(self._tree)
        self.commit = lru_cache(maxsize=OBJECTS_KEPT)(self._commit)

    def size(self, id: str, kind: ObjectType) -> int:  # noqa: A002 - the glossary's name
        """Bytes of an object, without loading it.

        Raises:
            Refused: it is missing or of another kind.
        """
        try:
            actual, size = self._store.read_header(pygit2.Oid(hex=id))
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise _missing(id, kind) from error
        if ObjectType(actual) is not kind:
            raise refused(
                f"object {id} is a {ObjectType(actual).name.lower()}, where a {kind.name.lower()} is named",
                "the repository is damaged: run `git fsck` where it is served from",
            )
        return size

    def read(self, id: str, kind: ObjectType, limit: int) -> bytes:  # noqa: A002 - the glossary's name
        """Read an object's bytes, refused before loading when there are more than `limit`."""
        size = self.size(id, kind)
        if size > limit:
            raise refused(
                f"{kind.name.lower()} {id} has {size:,} bytes; the limit is {limit:,}",
                "take it out of the history that is to be deployed",
            )
        try:
            return self._store.read(pygit2.Oid(hex=id))[1]
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise _missing(id, kind) from error

    def _commit(self, id: CommitId) -> tuple[bytes, ParsedCommit]:  # noqa: A002 - the glossary's name
        """Read a commit: its exact bytes, and its parts by the strict parser."""
        raw = self.read(id, ObjectType.COMMIT, MAX_COMMIT_BYTES)
        try:
            return raw, parse_commit(raw, id)
        except MalformedObject as error:
            raise refused(error.what, error.remedy) from error

    def blob(self, id: BlobId, limit: int) -> bytes:  # noqa: A002 - the glossary's name
        """Read a file's bytes."""
        return self.read(id, ObjectType.BLOB, limit)

    def _tree(self, id: TreeId) -> tuple[Entry, ...]:  # noqa: A002 - the glossary's name
        return parse_tree(self.read(id, ObjectType.TREE, MAX_TREE_BYTES), id)

    def new_commits(self, tip: CommitId, known: CommitId) -> Iterator[CommitId]:
        """Walk the commits reachable from `tip` but not from `known`, oldest first.

        Clocks that go backwards may make libgit2 give commits that `known`
        reaches after all, never leave one out: too much is judged, not too little.
        """
        order = SortMode.TOPOLOGICAL | SortMode.REVERSE
        try:
            walker = self._graph.walk(pygit2.Oid(hex=tip), order)
            walker.hide(pygit2.Oid(hex=known))
            for commit in walker:
                yield CommitId(str(commit.id))
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise refused(
                f"the history of {tip[:12]} cannot be walked: {error}",
                "fetch again; run `git fsck` on the server",
            ) from error

    def has(self, id: str) -> bool:  # noqa: A002 - the glossary's name
        """Whether an object of this id is here at all."""
        return pygit2.Oid(hex=id) in self._store

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        """Whether `ancestor` is reachable from `commit`; a commit does not descend from itself."""
        try:
            return self._graph.descendant_of(pygit2.Oid(hex=commit), pygit2.Oid(hex=ancestor))
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise refused(
                f"whether {commit[:12]} descends from {ancestor[:12]} cannot be told: {error}",
                "fetch again; if it stays, take what git cannot walk out of the history",
            ) from error

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """One best common ancestor of two commits."""
        try:
            base = self._graph.merge_base(pygit2.Oid(hex=one), pygit2.Oid(hex=other))
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise _missing(f"{one} or {other}", ObjectType.COMMIT) from error
        return CommitId(str(base)) if base else None

    def merge_files(self, base: BlobId, ours: BlobId, theirs: BlobId, limit: int) -> bytes | None:
        """Merge three versions of a text line by line; None when they conflict, are binary or too large."""
        for blob in (base, ours, theirs):
            if self.size(blob, ObjectType.BLOB) > limit or not _is_text(self.blob(blob, limit)):
                return None
        merged = self._graph.merge_file_from_index(_as_file(base), _as_file(ours), _as_file(theirs))
        if not merged.automergeable:
            return None
        text: str = merged.contents
        return text.encode()


def _as_file(blob: BlobId) -> pygit2.IndexEntry:
    return pygit2.IndexEntry("file", pygit2.Oid(hex=blob), FileMode.BLOB)


def parse_tree(raw: bytes, id: TreeId) -> tuple[Entry, ...]:  # noqa: A002 - the glossary's name
    """Read a tree object: known modes only, in Git's order, no name twice.

    Raises:
        Refused: any other form.

    Source: git, tree-walk.c and fsck.c. Time: one pass.
    """
    entries: list[Entry] = []
    end, last, files = 0, b"", set[bytes]()
    for matched in ENTRY.finditer(raw):
        mode, name, target = matched.groups()
        order = name + b"/" if mode == b"40000" else name
        if matched.start() != end or order <= last or name in files:
            break
        files.add(name)
        entries.append(Entry(int(mode, 8), name, target.hex()))
        end, last = matched.end(), order
    if end != len(raw):
        raise refused(
            f"tree {id} is malformed: an entry has an unknown mode, is out of order or stands there twice",
            "make the commit again with git itself",
        )
    return tuple(entries)


def no_side() -> tuple[int, BlobId]:
    """What a path looks like where it does not exist."""
    return NO_MODE, NO_BLOB


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def _missing(id: str, kind: ObjectType) -> Refused:  # noqa: A002 - the glossary's name
    return refused(
        f"{kind.name.lower()} {id} is missing or damaged",
        "fetch again; if it stays, run `git fsck` where the repository is served from",
    )
