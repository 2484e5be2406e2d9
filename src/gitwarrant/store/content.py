"""Content kept under a hash of its name: baselines, parsed files, rendered units."""

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gitwarrant.store.sqlite import StoreError

KIND = re.compile(r"[a-z][a-z0-9-]{0,63}")


CHECKED = hashlib.sha256().digest_size
"""How many bytes stand before the content: its SHA-256."""


class ContentStore:
    """Bytes by kind and key, in one folder per kind.

    A reader sees what was put last, whole, or nothing: each file begins with
    the digest of the rest, so that nothing need wait for the disk. It is a
    cache: a power cut, or deleting the folder, loses time, never truth.
    Nobody but its own user reads it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, kind: str, key: str) -> bytes | None:
        """What was put last under this key; None: nothing, or it did not outlive a crash of the machine.

        Raises:
            StoreError: it is there but cannot be read.
        """
        path = self._path(kind, key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(
                f"{path} cannot be read: {error.strerror}", remedy="give this user the right to it"
            ) from error
        content = data[CHECKED:]
        return content if hashlib.sha256(content).digest() == data[:CHECKED] else None

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep bytes under this key.

        Raises:
            StoreError: it cannot be written; what was there before still is.
        """
        path = self._path(kind, key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(path, hashlib.sha256(data).digest() + data, 0o600, durable=False)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}",
                remedy="free some disk space, or give this user the right to the folder",
            ) from error

    def shelf(self, kind: str) -> "Shelf":
        """The content of one kind, for who needs to know no other."""
        return Shelf(self, kind)

    def _path(self, kind: str, key: str) -> Path:
        if not KIND.fullmatch(kind):
            raise ValueError(f"not a kind of content: {kind!r}")
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / kind / name[:2] / name


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of a content store; makes the promises that the store makes."""

    store: ContentStore
    kind: str

    def get(self, key: str) -> bytes | None:
        """What was put last under this key, or None."""
        return self.store.get(self.kind, key)

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under this key."""
        self.store.put(self.kind, key, data)


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all: beside it first, synchronised, then renamed, then the folder.

    Raises:
        OSError: what was there before still is.
    """
    _replace(path, data, mode, durable=True)
    _synchronise(path.parent)


def _replace(path: Path, data: bytes, mode: int, *, durable: bool) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
