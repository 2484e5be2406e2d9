"""`gitwarrant keys import`: public keys from elsewhere, as identities."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gitwarrant.cli.terminal import Terminal
from gitwarrant.config import identities_text
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import Identity, IdentityKind, TrustPolicy
from gitwarrant.trust import newcomers
from gitwarrant.trust.identities import Registry

OPENPGP = b"-----BEGIN PGP"
MAX_FILE_BYTES = 4 * 1024 * 1024  # as allowed_signers may have


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 shown or written; 2 something cannot be imported, and nothing was written."""
    found = [one for path in arguments.paths for one in _found(path, arguments)]
    people = newcomers.identities(found, IdentityKind(arguments.kind))
    _judge(people)
    if arguments.write is None:
        terminal.say(identities_text.text(people).rstrip("\n"))
        terminal.note("add these to .gitwarrant/identities.yaml, or run it again with --write")
    else:
        _write(arguments.write, people)
        names = ", ".join(one.name for one in people)
        terminal.say(f"added {names} to {arguments.write}", "good")
        terminal.note("look at it, raise version in trust.yaml, and let root holders sign the commit")
    terminal.result({"identities": plain(people), "written": str(arguments.write or "")})
    return 0


def _found(path: Path, arguments: argparse.Namespace) -> Iterator[newcomers.Found]:
    if path.is_dir():
        inside = sorted(one for one in path.iterdir() if one.suffix in (".keys", ".pub"))
        if not inside:
            raise GitwarrantError(f"{path} holds no .keys or .pub file", remedy="name another folder or file")
        for one in inside:
            yield from _found(one, arguments)
        return
    data = _read(path)
    if data.lstrip().startswith(OPENPGP):
        yield newcomers.of_openpgp(data, str(path), name=arguments.name, emails=arguments.email)
    elif path.suffix in (".keys", ".pub"):
        name = arguments.name or (path.stem if path.suffix == ".keys" or arguments.domain else "")
        emails = arguments.email or ([f"{path.stem}@{arguments.domain}"] if arguments.domain else [])
        yield newcomers.of_public_keys(data, str(path), name=name, emails=emails)
    else:
        zone = datetime.now().astimezone().tzinfo or UTC  # as ssh-keygen reads times without a Z
        yield from newcomers.of_allowed_signers(data, str(path), zone=zone)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise GitwarrantError(f"{path} is larger than {MAX_FILE_BYTES} bytes", remedy="name a file of keys")
    return data


def _judge(people: tuple[Identity, ...]) -> None:
    """As the agent will: whoever cannot be told apart is refused now."""
    Registry(TrustPolicy("", 1, datetime.now(UTC), people, ()), ())


def _write(path: Path, people: tuple[Identity, ...]) -> None:
    """All or nothing: the file is replaced when what it will say was read back."""
    if not path.is_file():
        raise GitwarrantError(
            f"{path} is not there", remedy="run it at the repository's top, or name the file: --write FILE"
        )
    whole = identities_text.appended(path.read_bytes(), str(path), people)
    _judge(identities_text.read(whole, str(path)))
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".identities-", delete=False) as file:
        file.write(whole)
    Path(file.name).chmod(path.stat().st_mode & 0o777)
    os.replace(file.name, path)  # noqa: PTH105 - one call that cannot leave half a file
