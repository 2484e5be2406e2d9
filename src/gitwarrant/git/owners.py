"""The CODEOWNERS files of a tree, where any forge would look for them."""

from gitwarrant.git.objects import FOLDER, LINK, SUBMODULE, Entry, Objects
from gitwarrant.model.change import BlobId, OwnersFile, TreeId
from gitwarrant.model.owners import OWNERS_PATHS


def owners_files(objects: Objects, tree: TreeId) -> tuple[OwnersFile, ...]:
    """All of them, sorted by path. A link, a folder or a submodule of such a name is not one.

    Raises:
        Refused: an object is missing or malformed.
    """
    found = ((path, _entry(objects, tree, path)) for path in OWNERS_PATHS)
    return tuple(OwnersFile(path, BlobId(entry.id)) for path, entry in found if entry and _is_file(entry))


def _entry(objects: Objects, tree: TreeId, path: str) -> Entry | None:
    *folders, name = path.split("/")
    for folder in folders:
        below = _named(objects, tree, folder)
        if below is None or below.mode != FOLDER:
            return None
        tree = TreeId(below.id)
    return _named(objects, tree, name)


def _named(objects: Objects, tree: TreeId, name: str) -> Entry | None:
    wanted = name.encode()
    return next((entry for entry in objects.tree(tree) if entry.name == wanted), None)


def _is_file(entry: Entry) -> bool:
    return entry.mode not in (FOLDER, LINK, SUBMODULE)
