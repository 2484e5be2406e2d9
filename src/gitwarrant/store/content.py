"""Content kept under a hash of its name: baselines, parsed files, rendered units."""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from gitwarrant.store.sqlite import StoreError

KIND = re.compile(r"[a-z][a-z0-9-]{0,63}")


class ContentStore:
    """Bytes by kind and key, in one folder per kind.

    A reader sees what was put last, whole, or nothing. It is a cache: deleting
    the folder loses time, never truth. Nobody but its own user reads it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, kind: str, key: str) -> bytes | None:
        """What was put last under this key; None: nothing.

        Raises:
            StoreError: it is there but cannot be read.
        """
        path = self._path(kind, key)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"{path} cannot be read: {error.strerror}", remedy="give this user the right to it"
            ) from error

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep bytes under this key; on the disk when it returns.

        Raises:
            StoreError: it cannot be written; what was there before still is.
        """
        path = self._path(kind, key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(path, data)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}",
                remedy="free some disk space, or give this user the right to the folder",
            ) from error

    def _path(self, kind: str, key: str) -> Path:
        if not KIND.fullmatch(kind):
            raise ValueError(f"not a kind of content: {kind!r}")
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / kind / name[:2] / name


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all: beside it first, synchronised, then renamed, then the folder.

    Raises:
        OSError: what was there before still is.
    """
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _synchronise(path.parent)


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
