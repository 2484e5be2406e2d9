"""The files that a user means by naming files and folders."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gitwarrant.model.change import NO_BLOB, File
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.policy.report.checked import Skipped
from gitwarrant.render.plain import SUFFIXES
from gitwarrant.yaml.encoding import MAX_FILE_BYTES

STANDARD_INPUT = "-"


def find(paths: Sequence[str]) -> tuple[list[File], list[Skipped]]:
    """Read every file meant, each once, and say what was left out. A file that is named is always read.

    Raises:
        GitwarrantError: a path does not exist or cannot be read.
    """
    skipped: list[Skipped] = []
    return list(_files(paths, skipped)), skipped


def _files(paths: Sequence[str], skipped: list[Skipped]) -> Iterator[File]:
    seen: set[str] = set()
    for path in paths:
        found = [path] if path == STANDARD_INPUT or not Path(path).is_dir() else _walk(path, skipped)
        for name in found:
            if name not in seen:
                seen.add(name)
                yield File(name, 0o100644, NO_BLOB, _read(name))


def _walk(folder: str, skipped: list[Skipped]) -> Iterator[str]:
    """Manifest files below a folder, sorted; hidden folders, links and other files are skipped by name."""
    for at, folders, names in os.walk(folder, onerror=_cannot_list):
        folders.sort()
        for name in list(folders):
            if name.startswith("."):
                folders.remove(name)
                skipped.append(Skipped(os.path.join(at, name), "a hidden folder"))  # noqa: PTH118 - as os.walk
        for name in sorted(names):
            path = os.path.join(at, name)  # noqa: PTH118 - Path would drop the './' that the user wrote
            reason = _why_not(path)
            if reason:
                skipped.append(Skipped(path, reason))
            else:
                yield path


def _why_not(path: str) -> str:
    if not path.endswith(SUFFIXES):
        return "neither YAML nor JSON"
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return "a symbolic link, which no environment may hold"
    return "" if stat.S_ISREG(mode) else "no regular file"


def _read(path: str) -> bytes:
    """At most one byte more than is taken, so that what is too large is refused and not read whole."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _cannot_list(error: OSError) -> None:
    raise _unreadable(str(error.filename), error) from error


def _unreadable(path: str, error: OSError) -> GitwarrantError:
    return GitwarrantError(
        f"cannot be read: {error.strerror or error}",
        remedy="check the spelling and the rights of the path",
        place=Place(path),
    )
