"""A public key as people name it: a file, or the line itself."""

from pathlib import Path

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.trust.sshkey import read_line

MAX_BYTES = 16 * 1024


def public_key_of(text: str) -> str:
    """The line of a public key without its comment, from a `.pub` file or written out.

    Raises:
        GitwarrantError: it cannot be read, or is no key that is accepted.
    """
    line = text
    if not text.startswith(("ssh-", "sk-", "ecdsa-")):
        path = Path(text).expanduser()
        try:
            line = path.read_bytes()[:MAX_BYTES].decode()
        except (OSError, UnicodeDecodeError) as error:
            raise GitwarrantError(
                f"there is no public key in {path}", remedy="name the .pub file, or write its line"
            ) from error
    return read_line(line).line
