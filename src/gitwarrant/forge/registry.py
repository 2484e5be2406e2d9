"""Which forges there are."""

from collections.abc import Callable, Mapping

from gitwarrant.config.agent import ForgeAccess
from gitwarrant.forge.forge import Forge, ForgeError
from gitwarrant.forge.gitea import Gitea

MAX_TOKEN_BYTES = 4096
TOKEN_VARIABLE = "GITWARRANT_FORGE_TOKEN"  # noqa: S105 - the variable's name, not a token

FORGES: Mapping[str, Callable[[ForgeAccess, str], Forge]] = {"gitea": Gitea}
"""By `forge.kind` of the agent's configuration."""


def connect(access: ForgeAccess, token: str = "") -> Forge:
    """The forge of a configuration; nothing is asked yet.

    Args:
        token: of the environment; a token file goes before it.

    Raises:
        ForgeError: the token cannot be read, or the address or repository is none of this forge.
    """
    if access.token_file is not None:
        try:
            with access.token_file.open("rb") as stream:
                token = stream.read(MAX_TOKEN_BYTES + 1).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ForgeError(
                f"the token file {access.token_file} cannot be read: {error}",
                remedy="correct forge.token_file, or give the right to read it to gitwarrant alone",
            ) from error
    if len(token) > MAX_TOKEN_BYTES or not all("!" <= character <= "~" for character in token):
        raise ForgeError(
            "the forge's token holds what no token has", remedy="write the token alone, on one line"
        )
    return FORGES[access.kind](access, token)
