"""What happened in Git, as values: a change, its landings, its commits, its paths."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NewType, Self

from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.derived import Derived

CommitId = NewType("CommitId", str)
TreeId = NewType("TreeId", str)
BlobId = NewType("BlobId", str)
"""Git object ids: 40 (SHA-1) or 64 (SHA-256) lowercase hexadecimal digits."""

OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
NO_BLOB = BlobId("")
NO_MODE = 0


@dataclass(frozen=True, slots=True, order=True)
class PathChange:
    """One path that differs between two trees. Absent on a side: mode 0 and an empty blob id."""

    path: str
    old_mode: int
    old_blob: BlobId
    new_mode: int
    new_blob: BlobId


def diff_digest(changes: Iterable[PathChange]) -> Digest:
    """Digest a difference: what an approval bound by `diff` covers, wherever it lands."""
    return digest(tuple(sorted(changes)))


def compose(steps: Sequence[Sequence[PathChange]]) -> tuple[PathChange, ...]:
    """Join successive differences into one: first old side, last new side, what came back is dropped."""
    joined: dict[str, PathChange] = {}
    for step in steps:
        for change in step:
            first = joined.get(change.path, change)
            joined[change.path] = PathChange(
                change.path, first.old_mode, first.old_blob, change.new_mode, change.new_blob
            )
    return tuple(
        change
        for change in sorted(joined.values())
        if (change.old_mode, change.old_blob) != (change.new_mode, change.new_blob)
    )


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit's exact bytes and what it did itself.

    `changes` is the difference to its only parent; for a merge, the difference
    to the clean merge of its parents, so a merge that adds nothing changes nothing.
    """

    id: CommitId
    raw: bytes
    changes: tuple[PathChange, ...]


@dataclass(frozen=True, slots=True, order=True)
class OwnersFile:
    """A CODEOWNERS file as a tree names it; its bytes are looked up by their id."""

    path: str
    blob: BlobId


@dataclass(frozen=True, slots=True)
class Landing:
    """One step of the protected ref's first-parent line.

    `commits` are all commits that this step made reachable, oldest first, the
    landing commit itself last. `changes` is the difference to the first parent.
    `owners` names the CODEOWNERS files of the first parent's tree: the landing
    itself has no say in who must accept it.
    """

    commit: CommitId
    parent: CommitId
    parent_tree: TreeId
    tree: TreeId
    commits: tuple[Commit, ...]
    changes: tuple[PathChange, ...]
    owners: tuple[OwnersFile, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement as it was found in Git: exact bytes and an armored SSHSIG over them. Not yet judged."""

    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, order=True)
class Blob:
    """Bytes of a file by their id, which is not yet recomputed."""

    id: BlobId
    data: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """All landings between the last trusted revision (`base`) and the candidate (`head`), oldest first.

    Self-contained: everything that verify needs is here, nothing in it is trusted yet.
    No landings means the candidate is the trusted revision itself. `blobs` are
    those that the rules make verify look into: CODEOWNERS files, and both sides
    of what bots with bounds changed.
    """

    repository: str
    ref: str
    base: CommitId
    head: CommitId
    landings: tuple[Landing, ...]
    statements: tuple[SignedStatement, ...]
    blobs: tuple[Blob, ...] = ()

    @property
    def changes(self) -> tuple[PathChange, ...]:
        """The difference between base and head."""
        return compose([landing.changes for landing in self.landings])


@dataclass(frozen=True, slots=True)
class File:
    """One file of a tree, read from Git objects."""

    path: str
    mode: int
    blob: BlobId
    data: bytes


@dataclass(frozen=True, slots=True)
class Folder(Derived):
    """The files of one folder, without those of the folders in it. Two trees may share one."""

    path: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Tree(Derived):
    """The files below one folder of one revision, folder by folder; paths start at the repository's root.

    The folders are in the order in which Git would list them. Two trees may share some.
    """

    commit: CommitId
    id: TreeId
    folder: str
    folders: tuple[Folder, ...]

    @classmethod
    def of(cls, commit: CommitId, id: TreeId, folder: str, files: Iterable[File]) -> Self:  # noqa: A002
        """The tree of these files, which are sorted by path."""
        found: dict[str, list[File]] = {}
        for file in files:
            found.setdefault(file.path.rpartition("/")[0], []).append(file)
        paths = sorted(found, key=lambda path: f"{path}/")
        return cls(commit, id, folder, tuple(Folder(path, tuple(found[path])) for path in paths))

    @property
    def files(self) -> tuple[File, ...]:
        """All files, sorted by path. Costs a pass over everything."""
        inside = chain.from_iterable(folder.files for folder in self.folders)
        return tuple(sorted(inside, key=lambda file: file.path))
