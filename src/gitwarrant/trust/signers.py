"""The providers of warrant signers, each by how its address is configured."""

from functools import cache

from gitwarrant.config.signers import FileKey, ProgramKey, SignerAddress, TokenKey
from gitwarrant.trust.file_signer import FileSigner
from gitwarrant.trust.program_signer import ProgramSigner
from gitwarrant.trust.signer import Signer


def open_signer(address: SignerAddress, *, make: bool = False) -> Signer:
    """Open the signer that an address names.

    Args:
        make: make the key where there is none; a program's key is never ours to make.

    Raises:
        UnusableKey: the key is missing, or cannot be used.
        ModuleNotFoundError: the extra that the provider needs is not installed.
    """
    match address:
        case FileKey(path):
            return FileSigner.generate(path) if make and not path.exists() else FileSigner.load(path)
        case TokenKey():
            return _token(address, make)
        case ProgramKey():
            return _program(address)


# To ask a token or a key service for its public key takes a login or a request. It is asked once in the life
# of a process; that each signature fits this key is checked every time.


@cache
def _token(address: TokenKey, make: bool) -> Signer:
    from gitwarrant.trust.token_signer import TokenSigner  # noqa: PLC0415 - needs an extra

    signer: Signer = TokenSigner(address, make=make)
    return signer


@cache
def _program(address: ProgramKey) -> Signer:
    return ProgramSigner(address)
