"""Opening the store of a repository, whichever hash names its objects."""

from pathlib import Path

from gitwarrant.git.child import GitStore
from gitwarrant.git.history import common_folder, git_folder, id_digits
from gitwarrant.git.libgit import LibgitStore
from gitwarrant.git.objects import NotAStore, Store


def open_store(path: Path) -> Store:
    """Open the store of a bare repository, a clone (by its top folder) or a linked work tree.

    What bends history there is not looked for; see `history.refuse_bent_history`.

    Raises:
        NotAStore: no repository is there, or one of another user.
    """
    folder = git_folder(path)
    common = common_folder(folder)
    if not (common / "objects").is_dir():
        raise NotAStore(
            f"{path} cannot be opened as a Git repository: no objects are there",
            remedy="name the folder of a Git repository that belongs to you",
        )
    return LibgitStore(folder, common / "objects") if id_digits(common) == 40 else GitStore(folder)
