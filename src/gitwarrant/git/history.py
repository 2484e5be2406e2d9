"""What can lie in a Git folder and make history read differently from what its commits say."""

import re
from pathlib import Path

from gitwarrant.git.objects import refused

BENDS: tuple[tuple[str, str, str], ...] = (
    (
        "objects/info/alternates",
        "its objects lie in another folder, which may change or vanish",
        "copy them in: git repack -a -d, then delete that file; or clone again without --reference",
    ),
    (
        "objects/info/http-alternates",
        "its objects lie on another server",
        "delete that file and fetch again",
    ),
    (
        "info/grafts",
        "it gives commits other parents than they have",
        "delete that file; to keep what it says, use git filter-repo",
    ),
    ("shallow", "its history is cut off", "fetch the rest: git fetch --unshallow"),
)
SHA256_CONFIG = re.compile(r"^\s*objectformat\s*=\s*\"?sha256", re.IGNORECASE | re.MULTILINE)


def git_folder(path: Path) -> Path:
    """The Git folder of a clone or linked work tree at `path`; `path` itself where it is bare."""
    inside = path / ".git"
    if not inside.is_file():
        return inside if inside.is_dir() else path
    return path / inside.read_text(errors="replace").removeprefix("gitdir:").strip()


def common_folder(folder: Path) -> Path:
    """Where objects and refs lie: the folder itself, or the main clone's for a linked work tree."""
    link = folder / "commondir"
    return (folder / link.read_text().strip()).resolve() if link.is_file() else folder


def refuse_bent_history(folder: Path) -> None:
    """Look at a Git folder before anything is read from it.

    Raises:
        Refused: it has alternates, grafts, a shallow cut or replace refs.
    """
    for name, meaning, remedy in BENDS:
        if (folder / name).exists():
            raise refused(f"{folder} has {name}: {meaning}", remedy)
    if _has_replace_refs(folder):
        raise refused(
            f"{folder} has refs/replace: git shows other objects there than the ones named",
            "delete them (git replace -d), or clone again",
        )


def id_digits(folder: Path) -> int:
    """How long the ids of a Git folder are: 40 digits (SHA-1), or 64 where it names objects by SHA-256."""
    config = folder / "config"
    return 64 if config.is_file() and SHA256_CONFIG.search(config.read_text(errors="replace")) else 40


def _has_replace_refs(folder: Path) -> bool:
    loose, packed = folder / "refs" / "replace", folder / "packed-refs"
    if loose.is_dir() and any(path.is_file() for path in loose.rglob("*")):
        return True
    return packed.is_file() and b" refs/replace/" in packed.read_bytes()
