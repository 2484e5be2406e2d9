"""The CODEOWNERS file that stands at the tip, and whose lines cannot be read."""

from dataclasses import dataclass

from gitwarrant.git.objects import FOLDER, Objects
from gitwarrant.model.change import BlobId, TreeId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.trust.paths import MAX_FILE_BYTES, BadPattern, read_codeowners

FOLDERS: tuple[tuple[str, str], ...] = (
    (".github", "GitHub"),
    (".gitlab", "GitLab"),
    (".gitea", "Gitea"),
    (".forgejo", "Gitea"),
    ("", ""),
    ("docs", ""),
)
"""Where forges look, and whose way of writing a file there must be; empty: any forge's."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that GitHub's way of writing does not allow; GitHub would skip it silently."""

    place: Place
    what: str


@dataclass(frozen=True, slots=True)
class Owners:
    """A CODEOWNERS file: whose way of writing, how many lines name owners, and which cannot be read."""

    path: str
    dialect: str
    lines: int
    bad: tuple[BadLine, ...]


def owners(objects: Objects, top: TreeId) -> Owners | None:
    """Read the first CODEOWNERS file of a tree. None: there is none.

    Only GitHub's way is read line by line yet; of another dialect nothing but
    its presence is said.
    """
    for folder, dialect in FOLDERS:
        data = _file(objects, top, folder)
        if data is not None:
            path = f"{folder}/CODEOWNERS" if folder else "CODEOWNERS"
            spoken = dialect or _dialect(data)
            return _read(path, data) if spoken == "GitHub" else Owners(path, spoken, 0, ())
    return None


def _dialect(data: bytes) -> str:
    """GitLab has sections, which nobody else has."""
    sections = any(line.startswith((b"[", b"^[")) for line in data.splitlines())
    return "GitLab" if sections else "GitHub"


def _read(path: str, data: bytes) -> Owners:
    good, bad = 0, []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            good += len(read_codeowners(line, path))
        except BadPattern as error:
            bad.append(BadLine(Place(path, number), error.what))
    return Owners(path, "GitHub", good, tuple(bad))


def _file(objects: Objects, top: TreeId, folder: str) -> bytes | None:
    try:
        entries = {entry.name.decode(errors="replace"): entry for entry in objects.tree(top)}
        if folder:
            below = entries.get(folder)
            if below is None or below.mode != FOLDER:
                return None
            entries = {entry.name.decode(errors="replace"): entry for entry in objects.tree(TreeId(below.id))}
        found = entries.get("CODEOWNERS")
        if found is None or found.mode not in (0o100644, 0o100755):
            return None
        return objects.blob(BlobId(found.id), MAX_FILE_BYTES)
    except Refused:
        return None
