"""CODEOWNERS files: in whose dialect they are written, where they lie, and what they ask for a path."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.errors import Place


class Forge(Enum):
    """Whose dialect a CODEOWNERS file is written in, and where a login belongs."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


OWNERS_FILES: Mapping[Forge, tuple[str, ...]] = {
    Forge.GITHUB: (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    Forge.GITLAB: ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
    Forge.GITEA: ("CODEOWNERS", "docs/CODEOWNERS", ".gitea/CODEOWNERS"),
}
"""Where each forge looks, in its order; it reads the first that is there."""

OWNERS_PATHS = tuple(sorted({path for paths in OWNERS_FILES.values() for path in paths}))
"""All these places: what a reader of a revision looks up."""

MAX_OWNERS_BYTES = 3 * 1024 * 1024  # GitHub's limit; the other forges name none


@dataclass(frozen=True, slots=True)
class OwnersSource:
    """The CODEOWNERS file that a rule refers to; read at the revision before each landing."""

    file: str
    dialect: Forge
    place: Place


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one line of a CODEOWNERS file asks for a path: so many approvals of these owners.

    `owners` are written as in the file: `@user`, `@org/team`, `@@role`, an
    e-mail address. `section` is GitLab's; empty elsewhere and before the first
    one. `optional`: the forge shows it, but does not insist.
    """

    pattern: str
    owners: tuple[str, ...]
    approvals: int
    optional: bool
    section: str
    place: Place

    def __post_init__(self) -> None:
        if not self.owners or self.approvals < 1:
            raise ValueError("a requirement asks at least one owner for at least one approval")
