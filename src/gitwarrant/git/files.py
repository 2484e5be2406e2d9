"""The files below one folder of one revision, bounded, and free of names that deceive."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from pygit2.enums import ObjectType

from gitwarrant.git.names import readable, refuse_clashes, same_name
from gitwarrant.git.objects import FOLDER, LINK, SUBMODULE, Entry, Objects, refused
from gitwarrant.model.change import BlobId, CommitId, File, Folder, Tree, TreeId


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one folder may hold; a refusal names the file or folder that is too much."""

    files: int = 200_000  # twice the largest environment we measure with
    folders: int = 50_000
    depth: int = 32
    file_bytes: int = 16 * 1024 * 1024  # etcd takes objects of 1.5 MiB; this holds ten of them
    total_bytes: int = 512 * 1024 * 1024  # two hundred thousand files of a usual size


DEFAULT_BOUNDS = Bounds()


NO_LINKS: AbstractSet[str] = frozenset()
MAX_TARGET_BYTES = 4096  # what Linux takes as a path
ODD = frozenset({LINK, SUBMODULE})
TOP = "top"


def read_files(
    objects: Objects,
    commit: CommitId,
    folder: str,
    bounds: Bounds,
    *,
    links: AbstractSet[str] = NO_LINKS,
    earlier: Iterable[Tree] = (),
) -> Tree:
    """Read all files below a folder (empty: the root), sorted by path.

    Sizes are looked up before any bytes are loaded.

    Args:
        links: paths (from the repository's top) at which a symbolic link or a
            submodule is allowed. A link is read as the file of this folder that
            it leads to; a submodule, whose content is not here, is left out.
        earlier: trees read here before. A folder that one of them has under the
            same path and id is taken from it, so that only what changed is read.

    Raises:
        Refused: the folder is not there; a symbolic link or submodule that is not
            allowed, or leads elsewhere; a name that could be read as another; more
            than `bounds` allow.
    """
    folder = folder.strip("/")
    top = _step_down(objects, objects.commit(commit)[1].tree, folder)
    listing = _Listing(objects, bounds, f"{folder}/" if folder else "")
    known = [_known(tree) for tree in earlier if tree.folder == folder and tree.knows(TOP)]
    listed = listing.of(listing.prefix, top, 0, known)
    if listed.count > bounds.files:
        raise _too_much(folder, f"{listed.count:,} files", f"{bounds.files:,}")
    loading = _Loading(objects, bounds, _resolved(objects, listed, links))
    total = listed.bytes + sum(_size(objects, path, entry, bounds) for path, entry in loading.put.items())
    if total > bounds.total_bytes:
        raise _too_much(folder, f"{total:,} bytes", f"{bounds.total_bytes:,}")
    tree = Tree(commit, top, folder, loading.folders(listed))
    tree.seeded(TOP, listed)
    return tree


@dataclass(slots=True)
class _Listed:
    """One folder with all below it, by names and sizes. Trees that have it in common share it.

    What hangs on other folders (a link) is never kept with it.
    """

    path: str
    id: TreeId
    entries: "tuple[tuple[str, Entry] | _Listed, ...]"
    """What lies in it, in Git's order, which is the order of all paths below."""
    count: int = 0
    bytes: int = 0
    folders: int = 1
    height: int = 0
    odd: tuple[tuple[str, Entry], ...] = ()
    """Links and submodules, here and below; their sizes are not in the sum."""
    own: Folder | None = None
    all: tuple[Folder, ...] | None = None


def _known(tree: Tree) -> _Listed:
    """How a tree that was read here was listed."""
    return tree.derived(TOP, lambda: _Listed("", tree.id, ()))


@dataclass(slots=True)
class _Listing:
    """Walks trees, and leaves out those that were walked before."""

    objects: Objects
    bounds: Bounds
    prefix: str
    opened: int = 0

    def of(self, path: str, id: TreeId, depth: int, earlier: "Sequence[_Listed]") -> _Listed:  # noqa: A002
        """List a folder, by the earlier listings of the same path where they say the same."""
        found = next((one for one in earlier if one.id == id), None)
        self.opened += found.folders if found else 1
        if depth + (found.height if found else 0) > self.bounds.depth:
            raise _too_much(path, f"folders nested {self.bounds.depth + 1} deep", str(self.bounds.depth))
        if self.opened > self.bounds.folders:
            limit = f"{self.bounds.folders:,}"
            raise _too_much(self.prefix, f"more than {limit} folders", limit)
        return found or self._new(path, id, depth, earlier)

    def _new(self, path: str, id: TreeId, depth: int, earlier: "Sequence[_Listed]") -> _Listed:  # noqa: A002
        entries = self.objects.tree(id)
        paths = [readable(path.encode() + entry.name) for entry in entries]
        refuse_clashes(path, (name.removeprefix(path) for name in paths))
        known = [{one.path: one for one in old.entries if isinstance(one, _Listed)} for old in earlier]
        listed = _Listed(path, id, ())
        found: list[tuple[str, Entry] | _Listed] = []
        odd: list[tuple[str, Entry]] = []
        for name, entry in zip(paths, entries, strict=True):
            if entry.mode == FOLDER:
                inner = f"{name}/"
                before = [old[inner] for old in known if inner in old]
                one = self.of(inner, TreeId(entry.id), depth + 1, before)
                found.append(one)
                odd += one.odd
                listed.count += one.count
                listed.bytes += one.bytes
                listed.folders += one.folders
                listed.height = max(listed.height, one.height + 1)
                continue
            found.append((name, entry))
            listed.count += 1
            if entry.mode in ODD:
                odd.append((name, entry))
            else:
                listed.bytes += _size(self.objects, name, entry, self.bounds)
        listed.entries, listed.odd = tuple(found), tuple(odd)
        return listed


@dataclass(slots=True)
class _Loading:
    """Loads the bytes of listed folders, each once."""

    objects: Objects
    bounds: Bounds
    put: dict[str, Entry]
    """What stands in the place of each link."""

    def folders(self, listed: _Listed) -> tuple[Folder, ...]:
        """All folders that hold files, this one first."""
        if listed.all is not None:
            return listed.all
        own = self._own(listed)
        found = [own] if own.files else []
        for one in listed.entries:
            if isinstance(one, _Listed):
                found += self.folders(one)
        if not listed.odd:
            listed.all = tuple(found)
        return tuple(found)

    def _own(self, listed: _Listed) -> Folder:
        if listed.own is not None:
            return listed.own
        named = [one for one in listed.entries if not isinstance(one, _Listed)]
        entries = [(path, self.put.get(path, entry)) for path, entry in named]
        files = tuple(self._file(path, entry) for path, entry in entries if entry.mode not in ODD)
        own = Folder(listed.path.rstrip("/"), files)
        if all(entry.mode not in ODD for _, entry in named):
            listed.own = own
        return own

    def _file(self, path: str, entry: Entry) -> File:
        blob = BlobId(entry.id)
        return File(path, entry.mode, blob, self.objects.blob(blob, self.bounds.file_bytes))


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


def _resolved(objects: Objects, listed: _Listed, links: AbstractSet[str]) -> dict[str, Entry]:
    """The file that each allowed link leads to, by Git objects alone; allowed submodules have none.

    Raises:
        Refused: a link or a submodule is not allowed, or a link leads elsewhere.
    """
    found: dict[str, Entry] = {}
    for path, entry in sorted(listed.odd):
        if path not in links:
            raise _odd(path, entry)
        if entry.mode == LINK:
            text = objects.blob(BlobId(entry.id), MAX_TARGET_BYTES).decode(errors="replace")
            target = None if text.startswith("/") else _entry(listed, normpath(join(dirname(path), text)))
            if target is None or target.mode in ODD:
                raise refused(
                    f"{path} is a symbolic link that leads to no file of this folder: {text[:80]!a}",
                    "let it lead to a file (not to a link) below the environment's folder",
                )
            found[path] = target
    return found


def _entry(listed: _Listed, path: str) -> Entry | None:
    """The entry of a file's path; None: no file of this folder has it."""
    for one in listed.entries:
        if isinstance(one, _Listed):
            if path.startswith(one.path):
                return _entry(one, path)
        elif one[0] == path:
            return one[1]
    return None


def _odd(path: str, entry: Entry) -> Exception:
    if entry.mode == LINK:
        return refused(
            f"{path} is a symbolic link", "put the file itself there, or name the path in allow_links"
        )
    return refused(
        f"{path} is a submodule", "put its files there; or name the path in allow_links, and it is left out"
    )


def _size(objects: Objects, path: str, entry: Entry, bounds: Bounds) -> int:
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
