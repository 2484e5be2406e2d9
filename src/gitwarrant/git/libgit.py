"""A SHA-1 repository's objects and refs, read by libgit2 in this process.

libgit2 hashes every object it reads, with SHA-1 collision detection (sha1dc),
and compares the result with the id: bytes that belong to a known collision
attack are an error, as is damage. We switch that check on ourselves, since any
library of the process could switch it off.
"""

from contextlib import suppress
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType, Option, RepositoryOpenFlag

from gitwarrant.git.objects import NotAStore

LOOSE, PACKED = 2, 1  # which to ask first; libgit2's own order


class LibgitStore:
    """The store of the Git folder `folder` (bare, a clone's `.git`, or that of a linked work tree)."""

    digits = 40

    def __init__(self, folder: Path, objects: Path) -> None:
        try:
            pygit2.option(Option.ENABLE_STRICT_HASH_VERIFICATION, True)
            self._refs = pygit2.Repository(
                str(folder), RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH
            )
            # Put together by hand: opened by its path, a store would bring alternates and a
            # commit-graph along, whose word git and libgit2 can take for who descends from whom.
            self._objects = pygit2.Odb()
            self._objects.add_backend(pygit2.OdbBackendLoose(str(objects), -1, False, 0, 0), LOOSE)
            self._objects.add_backend(pygit2.OdbBackendPack(str(objects)), PACKED)
        except (pygit2.GitError, OSError) as error:
            raise NotAStore(
                f"{folder} cannot be opened as a Git repository: {error}",
                remedy="name the folder of a Git repository that belongs to you",
            ) from error

    def header(self, id: str) -> tuple[ObjectType, int] | None:  # noqa: A002 - the glossary's name
        """See `Store.header`."""
        try:
            kind, size = self._objects.read_header(pygit2.Oid(hex=id))
        except (KeyError, ValueError, pygit2.GitError):
            return None
        return ObjectType(kind), size

    def read(self, id: str) -> tuple[ObjectType, bytes] | None:  # noqa: A002 - the glossary's name
        """See `Store.read`."""
        try:
            kind, data = self._objects.read(pygit2.Oid(hex=id))
        except (KeyError, ValueError, pygit2.GitError):
            return None
        return ObjectType(kind), data

    def ref(self, name: str) -> str | None:
        """See `Store.ref`."""
        try:
            return str(self._refs.references[name].resolve().target)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def target(self, name: str) -> str | None:
        """See `Store.target`."""
        try:
            return str(self._refs.references[name].resolve().name)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def refs(self, *prefixes: str) -> dict[str, str]:
        """See `Store.refs`."""
        found: dict[str, str] = {}
        for raw in self._refs.raw_listall_references():
            with suppress(UnicodeDecodeError, KeyError, pygit2.GitError):
                name = raw.decode()
                if name.startswith(prefixes):
                    found[name] = str(self._refs.references[name].target)
        return found
