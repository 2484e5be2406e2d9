"""Verdicts in a folder: one file for each registry, a line for each commit, only ever appended to.

A cache: whoever may write it can make a signature pass unseen, so it is read
only where nobody but this user can have written it. For an agent that is whoever
owns its machine. In a clone it is the developer, whose own verdict advises him
and nobody else: no agent reads it.
"""

import fcntl
import os
import re
from pathlib import Path

from gitwarrant.model.canonical import Digest

LINE = re.compile(r"^([0-9a-f]{64}) ([!-~]+(?: [!-~]+)*)$", re.MULTILINE)
MAX_FILE_BYTES = 64 * 1024 * 1024  # some 400,000 commits; beyond that the file is begun anew
MAX_REGISTRIES = 16  # of the rules' last changes; older verdicts are of no use to anybody


class VerdictFolder:
    """A store for `trust.verdicts.Verdicts`; nothing that happens to it stops anybody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Digest, dict[str, str]] = {}
        self._new: dict[Digest, list[str]] = {}

    def get(self, commit: Digest, registry: Digest) -> str | None:
        """What was kept of a commit under a registry."""
        if registry not in self._known:
            self._known[registry] = self._load(registry)
        return self._known[registry].get(_hex(commit))

    def put(self, commit: Digest, registry: Digest, verdict: str) -> None:
        """Keep a verdict; on the disk after `save`."""
        self._known.setdefault(registry, {})[_hex(commit)] = verdict
        self._new.setdefault(registry, []).append(f"{_hex(commit)} {verdict}\n")

    def save(self) -> None:
        """Append what is new; where the folder cannot be written, it is lost."""
        new, self._new = self._new, {}
        for registry, lines in new.items():
            try:
                self._append(registry, "".join(lines).encode())
            except OSError:
                return
        if new:
            self._prune()

    def _load(self, registry: Digest) -> dict[str, str]:
        path = self._path(registry)
        try:
            if not _only_ours(self._folder) or not _only_ours(path) or path.stat().st_size > MAX_FILE_BYTES:
                return {}
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return {}
        # A line that was cut off by a crash matches nothing, and neither does what was written behind it.
        return {match[1]: match[2] for match in LINE.finditer(text)}

    def _append(self, registry: Digest, data: bytes) -> None:
        for folder in (self._folder.parent, self._folder):  # in a clone the first is ours, too
            folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path(registry), flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_size + len(data) > MAX_FILE_BYTES:
                os.ftruncate(descriptor, 0)
            file.write(b"\n" + data)  # behind a line that was cut off, too

    def _prune(self) -> None:
        try:
            files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in files[MAX_REGISTRIES:]:
                path.unlink()
        except OSError:
            return

    def _path(self, registry: Digest) -> Path:
        return self._folder / _hex(registry)


def _hex(digest: Digest) -> str:
    return digest.removeprefix("sha256:")


def _only_ours(path: Path) -> bool:
    status = path.lstat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022
