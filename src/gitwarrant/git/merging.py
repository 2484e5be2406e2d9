"""Merging three versions of a text line by line, by libgit2, with nothing of any repository acting."""

from functools import cache

import pygit2
from pygit2.enums import FileMode, ObjectType


class _Scratch(pygit2.OdbBackend):
    """Objects that live only in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, bytes] = {}

    def hold(self, data: bytes) -> pygit2.IndexEntry:
        """Keep a file's bytes."""
        blob = pygit2.hash(data)
        self.held[str(blob)] = data
        return pygit2.IndexEntry("file", blob, FileMode.BLOB)

    def read_cb(self, oid: pygit2.Oid) -> tuple[int, bytes]:
        return ObjectType.BLOB, self.held[str(oid)]

    def read_header_cb(self, oid: pygit2.Oid) -> tuple[int, int]:
        return ObjectType.BLOB, len(self.held[str(oid)])

    def exists_cb(self, oid: pygit2.Oid) -> bool:
        return str(oid) in self.held


def merge_texts(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge as git does; None when they conflict or one is no text (UTF-8 without NUL)."""
    if not all(map(_is_text, (base, ours, theirs))):
        return None
    scratch, repository = _open()
    try:
        merged = repository.merge_file_from_index(
            scratch.hold(base), scratch.hold(ours), scratch.hold(theirs)
        )
    finally:
        scratch.held.clear()
    if not merged.automergeable:
        return None
    text: str = merged.contents
    return text.encode()


@cache
def _open() -> tuple[_Scratch, pygit2.Repository]:
    scratch, store, repository = _Scratch(), pygit2.Odb(), pygit2.Repository()
    store.add_backend(scratch, 1)
    repository.set_odb(store)
    return scratch, repository


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data
