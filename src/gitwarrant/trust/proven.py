"""What a verified signature proves, whatever its format."""

from dataclasses import dataclass
from typing import Protocol

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import Hardware
from gitwarrant.trust.sshcert import Certificate


class BadSignature(GitwarrantError):
    """A signature that is damaged, of a kind that is not accepted, or not over these bytes."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"bad signature: {what}", remedy="sign again with a key of your own, by git or gitwarrant"
        )


class NamedKey(Protocol):
    """A key as trust speaks of it: the line that identities list, the fingerprint that people compare."""

    @property
    def line(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Proven:
    """Which key made a signature, on what kind of device, and the certificate that came with it, if any.

    That the key signed is proven, and that the certificate's authority issued
    it. Whose key it is, and whether that authority is anybody's, must be looked up.
    """

    key: NamedKey
    hardware: Hardware = Hardware.NONE
    certificate: Certificate | None = None
