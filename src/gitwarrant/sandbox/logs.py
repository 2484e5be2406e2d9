"""What the parts of a sandbox say."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO

from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.folder import Folder
from gitwarrant.sandbox.parts import PARTS

SOURCES = (*(part.name for part in PARTS), "supervisor", "audit")
LOOK_SECONDS = 0.2


def lines(folder: Folder, source: str | None = None, *, follow: bool = False) -> Iterator[tuple[str, str]]:
    """Give the lines of one source, or of all but the audit log, as (source, line) in the order of SOURCES.

    With `follow`, go on with what is added, until the caller has enough or the sandbox is gone.

    Raises:
        SandboxError: there is no such source.
    """
    if source is not None and source not in SOURCES:
        raise SandboxError(f"a sandbox has no part {source!r}", remedy=f"name one of: {', '.join(SOURCES)}")
    wanted = (source,) if source else SOURCES[:-1]
    with ExitStack() as stack:
        tails = {name: stack.enter_context(closing(Tail(folder.logs / f"{name}.log"))) for name in wanted}
        while True:
            for name, tail in tails.items():
                for line in tail.read():
                    yield name, line
            if not follow or not folder.settings.exists():
                return
            time.sleep(LOOK_SECONDS)


class Tail:
    """A log file read as far as it goes, and on in the file that takes its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def read(self) -> Iterator[str]:
        """The lines added since the last call."""
        yield from self._rest()
        if self._is_replaced():
            self.close()
            self._file = self._path.open(errors="replace")
            yield from self._rest()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _rest(self) -> Iterator[str]:
        for line in self._file or ():
            yield line.rstrip("\n")

    def _is_replaced(self) -> bool:
        if not self._path.exists():
            return False
        return self._file is None or not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
