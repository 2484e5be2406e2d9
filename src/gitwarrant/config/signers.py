"""How a warrant signer is written in a file: `file:PATH`, `pkcs11:...`, `exec:[...]`."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import unquote

from pydantic import AfterValidator

from gitwarrant.config.fields import bad

MAX_SIGNER_TEXT = 4096  # characters; a program with its arguments, or a token's address
KEY_ID = re.compile(r"[0-9a-f]{64}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PKCS11_EXAMPLE = (
    "pkcs11:token=NAME;object=NAME?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/pin"
)


@dataclass(frozen=True, slots=True)
class FileKey:
    """A private key in a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A private key that never leaves a PKCS#11 token.

    The PIN comes from the first line of a file, or from an environment
    variable: never from a command line or a configuration file.
    """

    module: Path
    """The token's library."""
    token: str
    object: str
    """The label that private and public key share."""
    pin_file: Path | None
    pin_variable: str

    @property
    def shown(self) -> str:
        """The key for people."""
        return f"key {self.object!r} of token {self.token!r}"


@dataclass(frozen=True, slots=True)
class ProgramKey:
    """A private key behind a program: a cloud's key service, a smart card, a person who is asked."""

    command: tuple[str, ...]


SignerAddress: TypeAlias = FileKey | TokenKey | ProgramKey


def signer_address(text: str, folder: Path) -> SignerAddress:
    """Read a signer's address; relative paths in it start at `folder`.

    Raises:
        ValueError: it is none; in words for a person.
    """
    kind, _, rest = text.partition(":")
    if kind not in KINDS or not rest or len(text) > MAX_SIGNER_TEXT or not text.isprintable():
        raise bad(f"{text[:80]!r} is not a signer", f"write file:PATH, {PKCS11_EXAMPLE} or exec:[...]")
    return KINDS[kind](rest, folder)


def _file(rest: str, folder: Path) -> SignerAddress:
    return FileKey(folder / Path(rest).expanduser())


def _token(rest: str, folder: Path) -> SignerAddress:
    """An address as RFC 7512 writes it, of which only these parts are known."""
    path, _, query = rest.partition("?")
    wanted, given = _parts(path, ";"), _parts(query, "&")
    if wanted.keys() != {"token", "object"} or given.keys() != {"module-path", "pin-source"}:
        raise bad("the token's address lacks a part, or has one that is not known", f"write {PKCS11_EXAMPLE}")
    source, _, pin = given["pin-source"].partition(":")
    if not (source == "file" and pin) and not (source == "env" and VARIABLE.fullmatch(pin)):
        raise bad(f"{given['pin-source'][:80]!r} is no source of a PIN", "write file:PATH or env:NAME")
    module = folder / given["module-path"]
    file = folder / Path(pin).expanduser() if source == "file" else None
    return TokenKey(module, wanted["token"], wanted["object"], file, pin if source == "env" else "")


def _parts(text: str, mark: str) -> Mapping[str, str]:
    pairs = [part.partition("=") for part in text.split(mark)]
    parts = {name: unquote(value) for name, _, value in pairs if value}
    if len(parts) < len(pairs):
        raise bad("a part of the token's address is empty, or stands there twice", f"write {PKCS11_EXAMPLE}")
    if not all(map(_clean, parts.values())):
        raise bad("a part of the token's address is no text", "write what is not ASCII as UTF-8, in %XX")
    return parts


def _clean(text: str) -> bool:
    """Whether a system takes it as a name: no control character, nothing that was not UTF-8."""
    return text.isprintable() and "\N{REPLACEMENT CHARACTER}" not in text


def _program(rest: str, _folder: Path) -> SignerAddress:
    try:
        command = json.loads(rest)
    except (ValueError, RecursionError):
        command = None
    if (
        not isinstance(command, list)
        or not command
        or not all(isinstance(word, str) and _clean(word) for word in command)
    ):
        raise bad(
            f"{rest[:80]!r} is no list of a program and its arguments",
            'write it as JSON: exec:["/usr/local/bin/sign", "--key", "warrant"]',
        )
    if not Path(command[0]).is_absolute():
        raise bad(
            f"the program {command[0][:80]!r} is not named by its whole path",
            "begin with '/': what PATH finds first may be somebody else's",
        )
    return ProgramKey(tuple(command))


KINDS: Mapping[str, Callable[[str, Path], SignerAddress]] = {
    "file": _file,
    "pkcs11": _token,
    "exec": _program,
}


def _signer(text: str) -> str:
    signer_address(text, Path())
    return text


SignerText = Annotated[str, AfterValidator(_signer)]


def _key_id(text: str) -> str:
    if not KEY_ID.fullmatch(text):
        raise bad(
            f"{text[:80]!r} is not a key's id", "write its 64 digits, as 'gitwarrant warrant show' does"
        )
    return text


KeyId = Annotated[str, AfterValidator(_key_id)]
