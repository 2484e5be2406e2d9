"""Where each tag led when a clone first used it: a file with a line for each tag, the first one counts.

It advises the clone's owner and nobody else, as `store.verdicts` does; a clone
made anew has seen nothing yet.
"""

import fcntl
import os
import re
from pathlib import Path

from gitwarrant.store.content import write_atomically

LINE = re.compile(rb"^([0-9a-f]{40}|[0-9a-f]{64}) (refs/tags/[!-~\x80-\xff]+)$", re.MULTILINE)
MAX_FILE_BYTES = 16 * 1024 * 1024  # some 200,000 tags


class SeenTags:
    """Tags by their full names (`refs/tags/v1.4`), each with the id of the tag or commit it led to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, ref: str) -> str | None:
        """What a tag led to when it was first used; None: it never was.

        Raises:
            OSError: the file cannot be read, or is larger than we write it.
        """
        name = os.fsencode(ref)
        return next((line[1].decode() for line in LINE.finditer(self._read()) if line[2] == name), None)

    def put(self, ref: str, target: str) -> None:
        """Keep what a tag leads to, unless something is kept of it.

        Raises:
            OSError: nothing can be written there.
        """
        if self.get(ref) is not None:
            return
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags, 0o600), "wb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            # Behind a line that a crash cut off, too.
            file.write(b"\n%s %s\n" % (target.encode(), os.fsencode(ref)))

    def forget(self, ref: str) -> str | None:
        """Let a tag lead elsewhere from its next use on; what was kept of it, None: nothing.

        Raises:
            OSError: as above.
        """
        known, name = self.get(ref), os.fsencode(ref)
        if known is not None:
            kept = [line[0] for line in LINE.finditer(self._read()) if line[2] != name]
            write_atomically(self._path, b"".join(b"%s\n" % line for line in kept))
        return known

    def _read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return b""
        if len(data) > MAX_FILE_BYTES:
            raise OSError(f"more than {MAX_FILE_BYTES:,} bytes")
        return data
