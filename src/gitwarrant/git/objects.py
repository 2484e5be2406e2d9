"""Objects of one store by their id, each read strictly and with its size known first.

Only objects: no configuration, no attributes, no replace refs, grafts, shallow
cuts or commit-graph. Two stores keep one promise: `libgit` reads SHA-1
repositories, `child` SHA-256 ones. Each compares the hash of every object with
its id; of commits, on which all else hangs, we do it again.
"""

import re
from functools import lru_cache
from typing import NamedTuple, Protocol

from pygit2.enums import ObjectType

from gitwarrant.git.ancestry import Ancestry
from gitwarrant.git.commit import MAX_COMMIT_BYTES, MalformedObject, ParsedCommit, parse_commit
from gitwarrant.git.merging import merge_texts
from gitwarrant.git.tag import MAX_TAG_BYTES, ParsedTag, parse_tag
from gitwarrant.model.change import NO_BLOB, NO_MODE, BlobId, CommitId, TreeId
from gitwarrant.model.errors import GitwarrantError, Refused

MAX_TREE_BYTES = 16 * 1024 * 1024  # one folder of some 300,000 files
MAX_OLD_COMMIT_BYTES = 16 * 1024 * 1024  # of history that is only walked; 340,000 parents
OBJECTS_KEPT = 256  # neighbouring commits share parents and nearly all trees

FOLDER = 0o40000
LINK = 0o120000
SUBMODULE = 0o160000
ENTRIES = {
    digits: re.compile(rb"(100644|100755|120000|160000|40000) ([^/\0]+)\0(.{%d})" % (digits // 2), re.DOTALL)
    for digits in (40, 64)
}
"""One line of a tree, by the length of the repository's ids."""


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


class Store(Protocol):
    """Where the objects and refs of one repository lie. Nothing of what it gives has been judged."""

    digits: int
    """Length of its ids: 40 (SHA-1) or 64 (SHA-256)."""

    def header(self, id: str) -> tuple[ObjectType, int] | None:  # noqa: A002 - the glossary's name
        """Kind and size of an object, without loading it; None: it is not here."""
        ...

    def read(self, id: str) -> tuple[ObjectType, bytes] | None:  # noqa: A002 - the glossary's name
        """Kind and bytes of an object, which hash to its id; None: it is not here, or damaged.

        A SHA-1 store also refuses what looks like part of a collision attack.
        """
        ...

    def ref(self, name: str) -> str | None:
        """The id that a full ref name means, symbolic ones followed; None: there is none."""
        ...

    def target(self, name: str) -> str | None:
        """The full name of the ref that a ref (or `HEAD`) leads to, itself where it is not symbolic."""
        ...

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Names and ids of the refs below some prefixes, names that are not UTF-8 left out."""
        ...


class Objects:
    """Objects of one store, each read strictly and with its size known first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.digits = store.digits
        self.tree = lru_cache(maxsize=OBJECTS_KEPT)(self._tree)
        self.commit = lru_cache(maxsize=OBJECTS_KEPT)(self._commit)
        ancestry = Ancestry(self._old_commit, refused)
        self.new_commits = ancestry.new
        self.descends = ancestry.descends
        self.merge_base = ancestry.merge_base

    def size(self, id: str, kind: ObjectType) -> int:  # noqa: A002 - the glossary's name
        """Bytes of an object, without loading it.

        Raises:
            Refused: it is missing or of another kind.
        """
        found = self._store.header(id)
        if found is None:
            raise _missing(id, kind)
        actual, size = found
        if actual is not kind:
            raise refused(
                f"object {id} is a {actual.name.lower()}, where a {kind.name.lower()} is named",
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
        found = self._store.read(id)
        # What the header said was not hashed: only what is read now is proven.
        if found is None or found[0] is not kind or len(found[1]) != size:
            raise _missing(id, kind)
        return found[1]

    def _commit(self, id: CommitId) -> tuple[bytes, ParsedCommit]:  # noqa: A002 - the glossary's name
        """Read a commit: its exact bytes, and its parts by the strict parser."""
        raw = self.read(id, ObjectType.COMMIT, MAX_COMMIT_BYTES)
        try:
            return raw, parse_commit(raw, id)
        except MalformedObject as error:
            raise refused(error.what, error.remedy) from error

    def _old_commit(self, id: CommitId) -> bytes:  # noqa: A002 - the glossary's name
        return self.read(id, ObjectType.COMMIT, MAX_OLD_COMMIT_BYTES)

    def tagged(self, id: str) -> ParsedTag | CommitId:  # noqa: A002 - the glossary's name
        """What the ref of a tag leads to: an annotated tag, or a commit at once (a lightweight one)."""
        found = self._store.header(id)
        if found is None or found[0] is not ObjectType.TAG:
            self.size(id, ObjectType.COMMIT)
            return CommitId(id)
        try:
            return parse_tag(self.read(id, ObjectType.TAG, MAX_TAG_BYTES), id)
        except MalformedObject as error:
            raise refused(error.what, error.remedy) from error

    def blob(self, id: BlobId, limit: int) -> bytes:  # noqa: A002 - the glossary's name
        """Read a file's bytes."""
        return self.read(id, ObjectType.BLOB, limit)

    def _tree(self, id: TreeId) -> tuple[Entry, ...]:  # noqa: A002 - the glossary's name
        return parse_tree(self.read(id, ObjectType.TREE, MAX_TREE_BYTES), id)

    def has(self, id: str) -> bool:  # noqa: A002 - the glossary's name
        """Whether an object of this id is here at all."""
        return len(id) == self.digits and self._store.header(id) is not None

    def merge_files(self, base: BlobId, ours: BlobId, theirs: BlobId, limit: int) -> bytes | None:
        """Merge three versions of a text line by line; None when they conflict, are binary or too large."""
        if any(self.size(blob, ObjectType.BLOB) > limit for blob in (base, ours, theirs)):
            return None
        return merge_texts(*(self.blob(blob, limit) for blob in (base, ours, theirs)))


def parse_tree(raw: bytes, id: TreeId) -> tuple[Entry, ...]:  # noqa: A002 - the glossary's name
    """Read a tree object: known modes only, in Git's order, no name twice.

    Raises:
        Refused: any other form.

    Source: git, tree-walk.c and fsck.c. Time: one pass.
    """
    entries: list[Entry] = []
    end, last, files = 0, b"", set[bytes]()
    for matched in ENTRIES[len(id)].finditer(raw):
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


def _missing(id: str, kind: ObjectType) -> Refused:  # noqa: A002 - the glossary's name
    return refused(
        f"{kind.name.lower()} {id} is missing or damaged",
        "fetch again; if it stays, run `git fsck` where the repository is served from",
    )
