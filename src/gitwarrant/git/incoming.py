"""Where fetched objects wait until they were checked: a bare repository inside the quarantine.

Git fetches into it with the quarantine's objects beside it, so only what is new
arrives, and git's own checks (fsck of each object, connectivity) see both. No
reader looks here. What passed is promoted: packs first, then all refs in one
transaction, so that a crash anywhere leaves the old state.
"""

import json
import os
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitwarrant.git.objects import refused

NAME = "incoming"
PACK_SUFFIXES = (".pack", ".rev", ".idx")  # in the order they may appear: readers begin at the index
PACK_HEADER = struct.Struct(">4sII")
FORMATS = {
    40: "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    64: "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n",
}


@dataclass(frozen=True, slots=True)
class Incoming:
    """The waiting room of one quarantine. Holding the quarantine's lock is the caller's duty."""

    quarantine: Path

    @property
    def folder(self) -> Path:
        """A bare repository that lives for one fetch."""
        return self.quarantine / NAME

    @property
    def _packs(self) -> Path:
        return self.folder / "objects" / "pack"

    @property
    def _trace(self) -> Path:
        return self.folder / "trace"

    def open(self, refs: Mapping[str, str], digits: int) -> None:
        """Make it anew, with the quarantine's refs: the server is told what need not be sent again."""
        self.close()
        self._packs.mkdir(parents=True)
        (self.folder / "refs").mkdir()
        (self.folder / "HEAD").write_text("ref: refs/heads/none\n")
        (self.folder / "config").write_text(FORMATS[digits])
        lines = [f"{commit} {name}\n" for name, commit in sorted(refs.items())]
        (self.folder / "packed-refs").write_text("# pack-refs with: sorted\n" + "".join(lines))

    def close(self) -> None:
        """Remove it with all that was not promoted."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def told(self) -> dict[str, str]:
        """What a git that works here is told besides: where older objects lie, and to note what it starts."""
        quoted = str(self.quarantine / "objects").replace("\\", "\\\\").replace('"', '\\"')
        return {"GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"', "GIT_TRACE2_EVENT": str(self._trace)}

    def check(self, shown: str) -> None:
        """Refuse objects that git did not check on arrival, or that promise others.

        Raises:
            Refused: loose objects, packs of a partial clone, a cut of history, or the dumb
                protocol (which copies files: git checks none of them).
        """
        arrived = [path for path in (self.folder / "objects").rglob("*") if path.is_file()]
        if arrived and not self._checked_on_arrival():
            raise refused(
                f"{shown} only copies files (the dumb protocol): no object is checked on arrival",
                "serve the repository by git http-backend or a forge",
            )
        for path in arrived:
            if path.parent != self._packs or path.suffix not in PACK_SUFFIXES:
                raise refused(
                    f"{shown} left {path.name} beside its packs, which no complete fetch does",
                    "serve the whole repository, by the smart protocol",
                )
        for name in ("shallow", "objects/info/alternates", "info/grafts"):
            if (self.folder / name).exists():
                raise refused(f"{shown} cuts its history off ({name})", "serve the whole repository")

    def _checked_on_arrival(self) -> bool:
        """Whether git gave all packs to its strict checker, by its own account of what it started."""
        if not self._trace.exists():
            return False
        try:
            events = [json.loads(line) for line in self._trace.read_bytes().splitlines()]
            started = [event["argv"] for event in events if event["event"] == "child_start"]
        except (ValueError, TypeError, KeyError):
            return False
        checkers = [argv for argv in started if "index-pack" in argv]
        return bool(checkers) and all("--strict" in argv for argv in checkers)

    def promote(self) -> None:
        """Move the packs into the quarantine. Nothing names their objects until refs do."""
        target = self.quarantine / "objects" / "pack"
        for suffix in PACK_SUFFIXES:
            for path in sorted(self._packs.glob(f"*{suffix}")):
                if not (target / path.name).exists():
                    path.rename(target / path.name)
        folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def count_objects(folder: Path) -> int:
    """How many objects the packs of a Git folder hold, those still arriving included, by their headers."""
    found = 0
    packs = folder / "objects" / "pack"
    for path in (*packs.glob("*.pack"), *packs.glob("tmp_pack_*")):
        with path.open("rb") as pack:
            header = pack.read(PACK_HEADER.size)
        if len(header) == PACK_HEADER.size:
            found += PACK_HEADER.unpack(header)[2]
    return found


def count_bytes(folder: Path) -> int:
    """How much the objects of a Git folder fill."""
    return sum(path.stat().st_size for path in (folder / "objects").rglob("*") if path.is_file())


def remove_half_packs(folder: Path) -> None:
    """Remove what a kill left behind: packs without their index are no part of the store."""
    packs = folder / "objects" / "pack"
    halves = [path for path in packs.glob("*") if path.suffix in {".pack", ".rev"}]
    for path in (*packs.glob("tmp_*"), *(path for path in halves if not path.with_suffix(".idx").exists())):
        path.unlink(missing_ok=True)
