"""The files below one folder of one revision, bounded, and free of names that deceive."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from pygit2.enums import ObjectType

from gitwarrant.git.names import readable, refuse_clashes, same_name
from gitwarrant.git.objects import FOLDER, LINK, SUBMODULE, Entry, Objects, refused
from gitwarrant.model.change import BlobId, CommitId, File, Tree, TreeId


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one folder may hold; a refusal names the file or folder that is too much."""

    files: int = 20_000  # twice the largest environment we measure with
    folders: int = 20_000
    depth: int = 32
    file_bytes: int = 16 * 1024 * 1024  # etcd takes objects of 1.5 MiB; this holds ten of them
    total_bytes: int = 256 * 1024 * 1024


DEFAULT_BOUNDS = Bounds()


NO_LINKS: AbstractSet[str] = frozenset()
MAX_TARGET_BYTES = 4096  # what Linux takes as a path


def read_files(
    objects: Objects, commit: CommitId, folder: str, bounds: Bounds, links: AbstractSet[str] = NO_LINKS
) -> Tree:
    """Read all files below a folder (empty: the root), sorted by path.

    Sizes are looked up before any bytes are loaded.

    Args:
        links: paths (from the repository's top) at which a symbolic link or a
            submodule is allowed. A link is read as the file of this folder that
            it leads to; a submodule, whose content is not here, is left out.

    Raises:
        Refused: the folder is not there; a symbolic link or submodule that is not
            allowed, or leads elsewhere; a name that could be read as another; more
            than `bounds` allow.
    """
    folder = folder.strip("/")
    top = _step_down(objects, objects.commit(commit)[1].tree, folder)
    entries = sorted(_walk(objects, top, f"{folder}/" if folder else "", bounds))
    if len(entries) > bounds.files:
        raise _too_much(folder, f"{len(entries):,} files", f"{bounds.files:,}")
    entries = list(_without_links(objects, entries, links))
    total = sum(_size(objects, path, entry, bounds) for path, entry in entries)
    if total > bounds.total_bytes:
        raise _too_much(folder, f"{total:,} bytes", f"{bounds.total_bytes:,}")
    files = (
        File(path, entry.mode, BlobId(entry.id), objects.blob(BlobId(entry.id), bounds.file_bytes))
        for path, entry in entries
    )
    return Tree(commit, top, folder, tuple(files))


def _step_down(objects: Objects, tree: TreeId, folder: str) -> TreeId:
    """Find a folder's tree; one beside it that reads like it is refused: people would edit that one."""
    above: list[str] = []
    for part in folder.split("/") if folder else ():
        entries = {entry.name.decode(errors="replace"): entry for entry in objects.tree(tree)}
        found = entries.get(part)
        if found is None or found.mode != FOLDER:
            raise refused(f"the revision has no folder {folder!r}", "put it back, or correct the path")
        refuse_clashes(
            "/".join(above), [part, *(name for name in entries if same_name(name) == same_name(part))]
        )
        tree = TreeId(found.id)
        above.append(part)
    return tree


def _walk(objects: Objects, top: TreeId, prefix: str, bounds: Bounds) -> Iterator[tuple[str, Entry]]:
    waiting = [(prefix, top, 0)]
    opened = 0
    while waiting:
        folder, tree, depth = waiting.pop()
        opened += 1
        if depth > bounds.depth:
            raise _too_much(folder, f"folders nested {depth} deep", str(bounds.depth))
        if opened > bounds.folders:
            raise _too_much(prefix, f"more than {bounds.folders:,} folders", f"{bounds.folders:,}")
        entries = objects.tree(tree)
        paths = [readable(folder.encode() + entry.name) for entry in entries]
        refuse_clashes(folder, (path.removeprefix(folder) for path in paths))
        for path, entry in zip(paths, entries, strict=True):
            if entry.mode == FOLDER:
                waiting.append((path + "/", TreeId(entry.id), depth + 1))
            else:
                yield path, entry


def _without_links(
    objects: Objects, entries: list[tuple[str, Entry]], links: AbstractSet[str]
) -> Iterator[tuple[str, Entry]]:
    """Put the file it leads to in the place of each allowed link, by Git objects alone."""
    known = dict(entries)
    for path, entry in entries:
        if path not in links or entry.mode not in {LINK, SUBMODULE}:
            yield path, entry
        elif entry.mode == LINK:
            text = objects.blob(BlobId(entry.id), MAX_TARGET_BYTES).decode(errors="replace")
            found = known.get(normpath(join(dirname(path), text)))
            if text.startswith("/") or found is None or found.mode in {LINK, SUBMODULE}:
                raise refused(
                    f"{path} is a symbolic link that leads to no file of this folder: {text[:80]!a}",
                    "let it lead to a file (not to a link) below the environment's folder",
                )
            yield path, found


def _size(objects: Objects, path: str, entry: Entry, bounds: Bounds) -> int:
    if entry.mode == LINK:
        raise refused(
            f"{path} is a symbolic link", "put the file itself there, or name the path in allow_links"
        )
    if entry.mode == SUBMODULE:
        raise refused(
            f"{path} is a submodule",
            "put its files there; or name the path in allow_links, and it is left out",
        )
    size = objects.size(entry.id, ObjectType.BLOB)
    if size > bounds.file_bytes:
        raise refused(
            f"{path} has {size:,} bytes; the limit for one file is {bounds.file_bytes:,}",
            "take it out of the environment's folder, or split it",
        )
    return size


def _too_much(folder: str, what: str, limit: str) -> Exception:
    where = folder[:200] or "the repository"
    return refused(
        f"{where} holds {what}; the limit is {limit}", "name a smaller folder as the environment's path"
    )
