"""The CODEOWNERS file that stands at the tip, and whose lines cannot be read."""

from dataclasses import dataclass

from gitwarrant.git.objects import FOLDER, Objects
from gitwarrant.model.change import BlobId, TreeId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.owners import MAX_OWNERS_BYTES, Forge
from gitwarrant.trust.codeowners.registry import DIALECTS
from gitwarrant.trust.paths import BadPattern

FOLDERS: tuple[tuple[str, Forge | None], ...] = (
    (".github", Forge.GITHUB),
    (".gitlab", Forge.GITLAB),
    (".gitea", Forge.GITEA),
    (".forgejo", Forge.GITEA),
    ("", None),
    ("docs", None),
)
"""Where forges look, and whose way of writing a file there must be; None: any forge's."""
NAMES = {Forge.GITHUB: "GitHub", Forge.GITLAB: "GitLab", Forge.GITEA: "Gitea"}
MAX_BAD_LINES = 20  # more would tell nothing new; each costs a reading of the file


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that its forge's way of writing does not allow; the forge would skip it silently."""

    place: Place
    what: str


@dataclass(frozen=True, slots=True)
class Owners:
    """A CODEOWNERS file: whose way of writing, how many lines can be read, and which cannot."""

    path: str
    dialect: str
    lines: int
    bad: tuple[BadLine, ...]


def owners(objects: Objects, top: TreeId) -> Owners | None:
    """Read the first CODEOWNERS file of a tree. None: there is none."""
    for folder, forge in FOLDERS:
        data = _file(objects, top, folder)
        if data is not None:
            path = f"{folder}/CODEOWNERS" if folder else "CODEOWNERS"
            return _read(path, data, forge or _dialect(data))
    return None


def _dialect(data: bytes) -> Forge:
    """GitLab has sections, which nobody else has."""
    sections = any(line.startswith((b"[", b"^[")) for line in data.splitlines())
    return Forge.GITLAB if sections else Forge.GITHUB


def _read(path: str, data: bytes, forge: Forge) -> Owners:
    """Read a file, and again without each line that cannot be read."""
    lines, bad = data.split(b"\n"), list[BadLine]()
    while len(bad) < MAX_BAD_LINES:
        try:
            good = len(DIALECTS[forge](b"\n".join(lines), path))
        except BadPattern as error:
            place = error.place or Place(path)
            bad.append(BadLine(place, error.what))
            if not place.line:
                break
            lines[place.line - 1] = b""
        else:
            return Owners(path, NAMES[forge], good, tuple(bad))
    return Owners(path, NAMES[forge], 0, tuple(bad))


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
        return objects.blob(BlobId(found.id), MAX_OWNERS_BYTES)
    except Refused:
        return None
