"""Signatures that were proven once, so that a long history costs what is new in it.

A verdict says: this commit is rightly signed by this SSH key, on a device of
this kind. It is named by the SHA-256 of the commit's bytes (its own id may be
SHA-1) and by the digest of the registry: whatever changes in identities, root
keys or revocations, the verdicts fall at once. Whose the key is, whether it was
fit, and whose addresses the commit bears is judged anew each time. Certificates
and OpenPGP are not kept: what they prove depends on the time.
"""

from dataclasses import dataclass
from typing import Protocol

from gitwarrant.model.canonical import Digest
from gitwarrant.model.identity import Hardware
from gitwarrant.trust.proven import Proven
from gitwarrant.trust.sshkey import BadKey, PublicKey, read_line


class Verdicts(Protocol):
    """Where verdicts are kept; what is lost is proven again."""

    def get(self, commit: Digest, registry: Digest) -> str | None:
        """What `Remembered` put there; None: nothing."""
        ...

    def put(self, commit: Digest, registry: Digest, verdict: str) -> None:
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

    def put(self, commit: Digest, registry: Digest, verdict: str) -> None:
        """Keep it."""
        self._known[commit, registry] = verdict


@dataclass(frozen=True, slots=True)
class Remembered:
    """The verdict about one commit's signature, wherever verdicts are kept."""

    verdicts: Verdicts
    commit: Digest
    registry: Digest

    def get(self) -> Proven | None:
        """What the signature proves; None: it has to be looked at."""
        text = self.verdicts.get(self.commit, self.registry)
        hardware, _, line = (text or "").partition(" ")
        try:
            return Proven(read_line(line), Hardware(hardware)) if text else None
        except (BadKey, ValueError):  # a line that was cut off
            return None

    def put(self, proven: Proven) -> None:
        """Keep what a signature proves, where that does not depend on the time."""
        if proven.certificate is None and isinstance(proven.key, PublicKey):
            verdict = f"{proven.hardware.value} {proven.key.line}"
            if self.verdicts.get(self.commit, self.registry) != verdict:
                self.verdicts.put(self.commit, self.registry, verdict)
