"""What differs between trees, and what a merge did beyond merging.

A merge commit may hold anything: an edit that neither parent has, or one
parent's files with the other's work silently dropped (`-s ours`). So the merge
is made again from its parents, and what the commit holds instead is the
merge's own change, to be answered for by whoever made it.

Made again path by path, without following renames: content of one path then
never reaches another without somebody answering for that other path.
"""

from collections.abc import Sequence

from gitwarrant.git.commit import ParsedCommit, object_id
from gitwarrant.git.names import readable
from gitwarrant.git.objects import FOLDER, LINK, SUBMODULE, Entry, Objects, no_side, refused
from gitwarrant.model.change import BlobId, CommitId, PathChange, TreeId

MAX_CHANGED_PATHS = 100_000  # ten times the largest environment we measure with
MAX_CHANGED_FOLDERS = 100_000  # trees can repeat one empty folder without end in a few bytes
MAX_DEPTH = 64  # folders inside folders
MAX_MERGED_BYTES = 1024 * 1024  # larger texts are not merged line by line: they count as changed

Side = tuple[int, BlobId]
Differences = dict[bytes, tuple[Side, Side]]
"""Path to (mode, blob) before and after."""


def path_changes(found: Differences) -> tuple[PathChange, ...]:
    """Name differences as the model does, sorted by path.

    Raises:
        Refused: a name that cannot be shown faithfully.
    """
    return tuple(sorted(PathChange(readable(path), *old, *new) for path, (old, new) in found.items()))


def differences(objects: Objects, before: TreeId | None, after: TreeId | None) -> Differences:
    """Compare two trees (None: an empty one); equal folders are not opened.

    Raises:
        Refused: too many paths, too deep, or an object is missing or malformed.
    """
    found: Differences = {}
    waiting: list[tuple[bytes, str | None, str | None]] = [(b"", before, after)]
    for _ in range(MAX_CHANGED_FOLDERS):
        if not waiting:
            return found
        folder, old_tree, new_tree = waiting.pop()
        if folder.count(b"/") > MAX_DEPTH:
            raise refused(f"folders nest deeper than {MAX_DEPTH}: {folder[:80]!r}...", "flatten them")
        old, new = _entries(objects, old_tree), _entries(objects, new_tree)
        for name in old.keys() | new.keys():
            was, now = old.get(name), new.get(name)
            if was == now:
                continue
            if (was and was.mode == FOLDER) or (now and now.mode == FOLDER):
                waiting.append((folder + name + b"/", _folder(was), _folder(now)))
            if _side(was) != _side(now):
                found[folder + name] = _side(was), _side(now)
        if len(found) > MAX_CHANGED_PATHS:
            break
    raise refused(
        f"more than {MAX_CHANGED_PATHS:,} files or {MAX_CHANGED_FOLDERS:,} folders differ in one commit",
        "land it in parts",
    )


def merge_changes(objects: Objects, merge: ParsedCommit, bases: Sequence[CommitId]) -> Differences:
    """What a commit of two parents holds that a clean merge of them would not.

    A path on which the parents conflict always counts, however it was
    resolved: somebody chose. It is then compared with the first parent, or
    with the second where the first's version was kept.

    Args:
        objects: where trees and files are read.
        merge: a commit with exactly two parents.
        bases: all best common ancestors of the parents. Where several disagree
            about a path, no clean merge of it exists.
    """
    trees = [objects.commit(commit)[1].tree for commit in (*merge.parents, *bases)]
    ours, theirs, origin = trees[0], trees[1], trees[2] if bases else None
    by_ours, by_theirs = differences(objects, origin, ours), differences(objects, origin, theirs)
    by_merge = differences(objects, origin, merge.tree)
    disputed = {path for other in trees[3:] for path in differences(objects, origin, other)}
    found: Differences = {}
    for path in by_ours.keys() | by_theirs.keys() | by_merge.keys():
        before = next(side[path][0] for side in (by_ours, by_theirs, by_merge) if path in side)
        one, two, result = (side.get(path, (before, before))[1] for side in (by_ours, by_theirs, by_merge))
        clean = _merged(objects, before, one, two, disputed=path in disputed)
        if clean is None:
            found[path] = (one if one != result else two, result)
        elif clean != result:
            found[path] = (clean, result)
    return found


def _merged(objects: Objects, base: Side, ours: Side, theirs: Side, *, disputed: bool) -> Side | None:
    """The one way to join two sides of a path; None when there is none."""
    if ours == theirs:
        return ours
    if disputed:
        return None
    if base in (ours, theirs):
        return theirs if base == ours else ours
    modes = {base[0], ours[0], theirs[0]}
    if len(modes) != 1 or modes & {0, LINK, SUBMODULE}:
        return None
    text = objects.merge_files(base[1], ours[1], theirs[1], MAX_MERGED_BYTES)
    return None if text is None else (ours[0], BlobId(object_id("blob", text, objects.digits)))


def _entries(objects: Objects, tree: str | None) -> dict[bytes, Entry]:
    return {} if tree is None else {entry.name: entry for entry in objects.tree(TreeId(tree))}


def _folder(entry: Entry | None) -> str | None:
    return entry.id if entry and entry.mode == FOLDER else None


def _side(entry: Entry | None) -> Side:
    return no_side() if entry is None or entry.mode == FOLDER else (entry.mode, BlobId(entry.id))
