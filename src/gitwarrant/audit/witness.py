"""A witness that is not the Git server: where people post the digest of what they pushed.

The server could take a statement and never show it to the agent. Whoever pushes
one also posts its digest where the agent can read it; what was posted and does
not arrive is an alarm. A witness proves nothing about a statement and is
believed about nothing else: its lies make false alarms, or none.
The form on the wire stands in docs/reference/witness.md.
"""

import re
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from gitwarrant.model.canonical import Digest, dumps
from gitwarrant.model.errors import GitwarrantError, Unreachable
from gitwarrant.store.content import write_atomically

MAX_POSTED = 10_000  # of one repository: as many statements as a fetch takes
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
NAME = re.compile(r"[0-9a-f]{64}")


class WitnessError(GitwarrantError):
    """A witness that cannot be used as it is configured."""


@dataclass(frozen=True, slots=True, order=True)
class Posted:
    """A digest, and when the witness got it, by its own clock."""

    at: datetime
    digest: Digest


class Witness(Protocol):
    """Keeps digests of statements by repository; nobody can take one back."""

    def post(self, repository: str, digest: Digest) -> None:
        """Say that a statement was pushed; saying it again changes nothing.

        Raises:
            Unreachable: it does not answer.
            WitnessError: it refuses, or is not there.
        """
        ...

    def posted(self, repository: str) -> tuple[Posted, ...]:
        """What was posted about a repository, oldest first; the newest `MAX_POSTED` at least.

        Raises:
            Unreachable: it does not answer.
            WitnessError: it refuses, or is not there.
        """
        ...


class FolderWitness:
    """A folder that people and agents share: one file for each digest, written whole or not at all.

    Whoever may write there may also delete; it is as good a witness as the
    server of that folder is another one than the Git server.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def post(self, repository: str, digest: Digest) -> None:
        """Make the digest's file, unless it is there."""
        match = DIGEST.fullmatch(digest)
        if match is None:
            raise ValueError(f"not a digest: {digest!r}")
        if not self._folder.is_dir():
            raise WitnessError(
                f"the witness folder {self._folder} is not there",
                remedy="mount it, make it, or correct 'witness.folder'",
            )
        place = self._of(repository)
        try:
            if not place.is_dir():
                place.mkdir(exist_ok=True)
                place.chmod(stat.S_IMODE(self._folder.stat().st_mode))  # whoever may post here, may there
            if not (place / match[1]).exists():
                body = dumps({"digest": digest, "repository": repository})
                write_atomically(place / match[1], body, mode=0o644)
        except OSError as error:
            raise WitnessError(
                f"the witness folder {place} cannot be written: {error.strerror}",
                remedy="give this user the right to add files there",
            ) from error

    def posted(self, repository: str) -> tuple[Posted, ...]:
        """The digests that files are named by, with each file's time; what is named otherwise is none."""
        if not self._folder.is_dir():
            raise Unreachable(
                f"the witness folder {self._folder} is not there",
                remedy="mount it, make it, or correct 'witness.folder'",
            )
        found = []
        try:
            for path in self._of(repository).iterdir():
                if NAME.fullmatch(path.name):
                    with suppress(FileNotFoundError):
                        at = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
                        found.append(Posted(at, Digest(f"sha256:{path.name}")))
        except FileNotFoundError:
            return ()  # nothing was posted about it yet
        except OSError as error:
            raise WitnessError(
                f"the witness folder {self._folder} cannot be read: {error.strerror}",
                remedy="give this user the right to read it",
            ) from error
        return tuple(sorted(found)[-MAX_POSTED:])

    def _of(self, repository: str) -> Path:
        """By a hash: a repository's name has slashes, and must not name a folder of its own choice."""
        return self._folder / sha256(repository.encode()).hexdigest()


WITNESSES: Mapping[str, Callable[[str], Witness]] = {"folder": lambda text: FolderWitness(Path(text))}
"""By the word before the colon of `gitwarrant.witness`: `folder:/shared/witness`."""


def witness_of(text: str) -> Witness:
    """The witness that a setting names, as `folder:/shared/witness`.

    Raises:
        WitnessError: no such kind.
    """
    kind, _, place = text.partition(":")
    if kind not in WITNESSES or not place:
        raise WitnessError(
            f"{text!r} names no witness", remedy=f"write it like folder:/PATH; known: {', '.join(WITNESSES)}"
        )
    return WITNESSES[kind](place)
