"""What lets us in over HTTPS: a user and a token, never shown, never an argument of a process."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

from gitwarrant.model.errors import GitwarrantError

MAX_TOKEN_BYTES = 16 * 1024  # JSON web tokens of some identity providers have a few KiB
TOKEN = re.compile(r"[\x21-\x7e]+")
USER = re.compile(r"[\x21-\x39\x3b-\x7e]+")  # a colon would end it in Basic authentication


class BadCredential(GitwarrantError):
    """A token that cannot be read or sent."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a token (or password).

    Raises:
        BadCredential: one is empty, or holds white space or control characters: as a
            header's value they could begin another header.
    """

    user: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not USER.fullmatch(self.user):
            raise BadCredential("the Git user is empty or cannot be sent", remedy="correct git.user")
        if not TOKEN.fullmatch(self.token) or len(self.token) > MAX_TOKEN_BYTES:
            raise BadCredential(
                "the Git token is empty, too long, or holds white space or a control character",
                remedy="put the token alone, on one line, into its file or variable",
            )

    @property
    def header(self) -> str:
        """The HTTP header that carries it.

        Source: RFC 7617.
        """
        return f"Authorization: Basic {b64encode(f'{self.user}:{self.token}'.encode()).decode()}"


def from_file(path: Path, user: str) -> Credential:
    """Read a token from its file, without the line feed at its end. Read at each fetch, so it can change.

    Raises:
        BadCredential: the file cannot be read, or holds no token.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TOKEN_BYTES + 2)
        return Credential(user, data.decode("ascii").removesuffix("\n"))
    except OSError as error:
        raise BadCredential(
            f"the Git token {path} cannot be read: {error.strerror}",
            remedy="correct git.token_file, or give the right to read it to gitwarrant alone",
        ) from error
    except UnicodeDecodeError as error:
        raise BadCredential(
            f"{path} holds no token: it is not ASCII", remedy="put the token into it"
        ) from error
