"""Signatures that were proven once, so that a long history costs what is new in it.

A verdict says: this commit is rightly signed by this key, and the key and the
commit's addresses are one identity's, under this registry. It is named by the
SHA-256 of the commit's bytes (its own id may be SHA-1) and by the digest of the
registry: whatever changes in identities, root keys or revocations, the verdicts
fall at once. Times are judged anew each time.
"""

from typing import Protocol

from gitwarrant.model.canonical import Digest


class Verdicts(Protocol):
    """Where verdicts are kept; what is lost is proven again."""

    def get(self, commit: Digest, registry: Digest) -> str | None:
        """The line of the key that signed; None: not known."""
        ...

    def put(self, commit: Digest, registry: Digest, key: str) -> None:
        """Keep a verdict."""
        ...


class MemoryVerdicts:
    """Kept as long as the process lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[Digest, Digest], str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, commit: Digest, registry: Digest) -> str | None:
        """As kept."""
        return self._known.get((commit, registry))

    def put(self, commit: Digest, registry: Digest, key: str) -> None:
        """Keep it."""
        self._known[commit, registry] = key
