"""The files that stand at a commit, read for an analysis: what a deploy would refuse is left out and named.

See `past`; a deploy reads folders by `files.read_files`, which refuses.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pygit2.enums import ObjectType

from gitwarrant.git.names import readable
from gitwarrant.git.objects import FOLDER, LINK, SUBMODULE, Entry, Objects
from gitwarrant.model.change import BlobId, File, TreeId
from gitwarrant.model.errors import Refused

MAX_ENTRIES = 50_000  # files and folders; more than any environment may hold
MAX_DEPTH = 32
MAX_QUICK_BYTES = 1024 * 1024  # of one file: reading so much YAML takes a second


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A path that is not looked at, and why."""

    path: str
    reason: str
    whole: bool = False
    """A folder, with all that is below it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A regular file; its bytes are not read yet."""

    path: str
    entry: Entry


def standing(objects: Objects, top: TreeId) -> Iterator[Standing | LeftOut]:
    """All files below a tree, the shallowest first, each folder in Git's order."""
    waiting, seen = [("", top)], 0
    while waiting:
        folder, tree = waiting.pop(0)
        try:
            entries = objects.tree(tree)
        except Refused as refusal:
            yield LeftOut(folder.rstrip("/") or ".", refusal.what, whole=True)
            continue
        seen += len(entries)
        if seen > MAX_ENTRIES:
            reason = f"more than {MAX_ENTRIES:,} files and folders"
            yield LeftOut(folder.rstrip("/") or ".", reason, whole=True)
            return
        for entry in entries:
            found = _judged(folder, entry)
            if isinstance(found, Standing) and entry.mode == FOLDER:
                waiting.append((f"{found.path}/", TreeId(entry.id)))
            else:
                yield found


def _judged(folder: str, entry: Entry) -> Standing | LeftOut:
    try:
        path = readable(folder.encode() + entry.name)
    except Refused as refusal:
        return LeftOut(f"{folder}{entry.name!a}", refusal.what, whole=entry.mode == FOLDER)
    if entry.mode == LINK:
        return LeftOut(path, "a symbolic link, which no environment may hold")
    if entry.mode == SUBMODULE:
        return LeftOut(path, "a submodule", whole=True)
    if path.count("/") > MAX_DEPTH:
        return LeftOut(path, f"deeper than {MAX_DEPTH} folders", whole=entry.mode == FOLDER)
    return Standing(path, entry)


def open_file(objects: Objects, found: Standing) -> File | LeftOut:
    """Read a file's bytes, unless it is too large for a quick look or not here (a partial clone)."""
    blob = BlobId(found.entry.id)
    try:
        size = objects.size(blob, ObjectType.BLOB)
        if size > MAX_QUICK_BYTES:
            return LeftOut(found.path, f"{size:,} bytes; a quick look reads {MAX_QUICK_BYTES:,} at most")
        return File(found.path, found.entry.mode, blob, objects.blob(blob, MAX_QUICK_BYTES))
    except Refused as refusal:
        return LeftOut(found.path, refusal.what)
