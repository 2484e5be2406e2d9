"""The dialects by their forge."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from gitwarrant.model.owners import Forge
from gitwarrant.trust.codeowners import gitea, github, gitlab
from gitwarrant.trust.codeowners.lines import CodeOwners

DIALECTS: Mapping[Forge, Callable[[bytes, str], CodeOwners]] = {
    Forge.GITHUB: github.read,
    Forge.GITLAB: gitlab.read,
    Forge.GITEA: gitea.read,
}


@lru_cache(maxsize=32)  # the same file stands before many landings
def read_codeowners(data: bytes, path: str, dialect: Forge) -> CodeOwners:
    """Read a CODEOWNERS file.

    Args:
        path: where it lies, for messages.

    Raises:
        BadPattern: too large, not UTF-8, or a line that does not parse, with its place.
    """
    return DIALECTS[dialect](data, path)
