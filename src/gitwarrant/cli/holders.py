"""What the commands of root holders share: whose root key it is."""

from collections.abc import Iterable

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import RootKey
from gitwarrant.trust.sshsig import public_line


def holder_of(keys: Iterable[RootKey], key: str) -> str:
    """The holder of a signing key, named as for git.

    Raises:
        GitwarrantError: it is no root key.
    """
    line, keys = public_line(key), tuple(keys)
    for root in keys:
        if root.public == line:
            return root.holder
    holders = ", ".join(sorted({root.holder for root in keys}))
    raise GitwarrantError(
        f"{key} is no root key", remedy=f"sign with the key of a root holder ({holders}): --key FILE"
    )
