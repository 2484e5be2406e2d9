"""A repository that names objects by SHA-256, as the simulator is: libgit2 cannot write one, so we do.

Objects are written loose, as git lays them out; `git fsck` agrees (a test asks it).
"""

import hashlib
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path

from pygit2.enums import ObjectType

from gitwarrant.model.change import BlobId, CommitId, TreeId
from tests.support.repositories import Simulator

Files = dict[str, tuple[int, str]]
"""Path to (mode, id)."""


class Sha256Simulator(Simulator):
    """The same one-line changes. `git` is not there: it is libgit2's."""

    digits = 64
    signature_header = "gpgsig-sha256"

    def __init__(self, path: Path) -> None:
        self.path = path
        command = [
            "git",
            "init",
            "-q",
            "--bare",
            "--object-format=sha256",
            "--initial-branch=main",
            str(path),
        ]
        subprocess.run(command, check=True)
        self._made = 0

    def has(self, ref: str) -> bool:
        return (self.path / ref).is_file()

    def tip(self, branch: str = "main") -> CommitId:
        return CommitId((self.path / "refs/heads" / branch).read_text().strip())

    def tree_of(self, commit: str) -> TreeId:
        return TreeId(self.bytes_of(commit)[5:69].decode())

    def merge(
        self,
        branch: str,
        *,
        by: str,
        into: str = "main",
        files: Mapping[str, str | bytes | None] | None = None,
        tree: str | None = None,
        signed: bool = True,
    ) -> CommitId:
        if tree is None:
            clean = self.run(
                "merge-tree", "--write-tree", "--allow-unrelated-histories", into, branch
            ).strip()
            tree = self.tree(files or {}, base=clean)
        return super().merge(branch, by=by, into=into, tree=tree, signed=signed)

    def point(self, ref: str, to: str) -> None:
        (self.path / ref).parent.mkdir(parents=True, exist_ok=True)
        (self.path / ref).write_text(f"{to}\n")

    def tree(self, files: Mapping[str, str | bytes | None], *, base: object = None) -> TreeId:
        found = self._files(str(base)) if base is not None else {}
        for path, content in files.items():
            if content is None:
                del found[path]
            else:
                found[path] = 0o100644, self.blob(content.encode() if isinstance(content, str) else content)
        return self._write(found)

    def raw(self, kind: ObjectType, content: bytes) -> str:
        framed = b"%s %d\0" % (kind.name.lower().encode(), len(content)) + content
        name = hashlib.sha256(framed).hexdigest()
        path = self.path / "objects" / name[:2] / name[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(framed, 1))
        return name

    def bytes_of(self, id: str) -> bytes:  # noqa: A002 - the glossary's name
        framed = zlib.decompress((self.path / "objects" / id[:2] / id[2:]).read_bytes())
        return framed.partition(b"\0")[2]

    def blob_at(self, commit: str, path: str) -> BlobId:
        return BlobId(self._files(commit)[path][1])

    def _files(self, base: str) -> Files:
        """All files of a commit or tree."""
        lines = self.run("ls-tree", "-r", "-z", "--full-tree", base).split("\0")[:-1]
        parted = [line.partition("\t") for line in lines]
        return {path: (int(meta.split()[0], 8), meta.split()[2]) for meta, _, path in parted}

    def _write(self, files: Files) -> TreeId:
        entries: dict[bytes, tuple[int, bytes, str]] = {}
        folders: dict[str, Files] = {}
        for path, (mode, blob) in files.items():
            folder, inside, rest = path.partition("/")
            if inside:
                folders.setdefault(folder, {})[rest] = mode, blob
            else:
                entries[path.encode()] = mode, path.encode(), blob
        for folder, inner in folders.items():
            entries[folder.encode() + b"/"] = 0o40000, folder.encode(), self._write(inner)
        return self.raw_tree([entries[name] for name in sorted(entries)])
