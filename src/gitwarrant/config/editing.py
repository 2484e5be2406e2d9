"""Edits of `.gitwarrant/` that keep everything else as people wrote it: comments, order, spelling.

Text is put in at a known place, then read again: what comes out must be what
was there and the one thing more, else nothing is given.
"""

import re

from gitwarrant.config.fields import moment
from gitwarrant.config.problem import ConfigError
from gitwarrant.config.source import Source
from gitwarrant.config.trust_files import IdentitiesFile, IdentityFile, KeyFile, TrustFile
from gitwarrant.model.errors import GitwarrantError

IDENTITIES, TRUST = ".gitwarrant/identities.yaml", ".gitwarrant/trust.yaml"
VERSION = re.compile(rb"^(version:[ ]*)([0-9]+)", re.MULTILINE)


def add_key(
    data: bytes, identity: str, public: str, *, start: str | None = None, until: str | None = None
) -> bytes:
    """identities.yaml with one key more behind the others of somebody.

    Raises:
        ConfigError: the file has problems.
        GitwarrantError: nobody has this name, the key stands there already, or
            the list is not written one key below the other.
    """
    before = _identities(data)
    person = before.get(identity)
    if person is None:
        raise GitwarrantError(
            f"nobody in {IDENTITIES} is called {identity!r}",
            remedy=f"name one of: {', '.join(sorted(before))}; or write a new identity by hand",
        )
    for name, other in before.items():
        if any(key.public == public for key in other.keys):
            raise GitwarrantError(
                f"this key is in {IDENTITIES} already: {name}'s",
                remedy="make a new one: ssh-keygen -t ed25519",
            )
    key = _key(public, start, until)
    after = _inserted(data, identity, person, key)
    expected = {**before, identity: person.model_copy(update={"keys": [*person.keys, key]})}
    if _identities(after) != expected:
        raise _by_hand(identity, key)
    return after


def raise_version(data: bytes) -> tuple[bytes, int]:
    """trust.yaml with its version one higher, and that version.

    Raises:
        ConfigError: the file has problems.
        GitwarrantError: the version is not written on a line of its own.
    """
    before = _trust(data)
    version = before.version + 1
    after, count = VERSION.subn(rb"\g<1>" + str(version).encode(), data)
    if count != 1 or _trust(after) != before.model_copy(update={"version": version}):
        raise GitwarrantError(
            f"the version in {TRUST} is not on a line of its own",
            remedy=f"write it by hand: version: {version}",
        )
    return after, version


def _identities(data: bytes) -> dict[str, IdentityFile]:
    source = Source(data, IDENTITIES)
    file = source.parse(IdentitiesFile)
    if file is None:
        raise ConfigError(source.problems)
    return dict(file.root)


def _trust(data: bytes) -> TrustFile:
    source = Source(data, TRUST)
    file = source.parse(TrustFile)
    if file is None:
        raise ConfigError(source.problems)
    return file


def _key(public: str, start: str | None, until: str | None) -> KeyFile:
    for text in filter(None, (start, until)):
        try:
            moment(text, end_of_day=False)
        except ValueError as error:
            raise GitwarrantError(f"{text!r} is no day", remedy="write it like 2027-06-30") from error
    if start and until and moment(start, end_of_day=False) >= moment(until, end_of_day=True):
        raise GitwarrantError("the key would end before it begins", remedy="let --until be later than --from")
    return KeyFile.model_validate({"public": public, "from": start, "until": until})


def _written(key: KeyFile, indent: str) -> bytes:
    lines = [f'{indent}- public: "{key.public}"']
    lines += [f"{indent}  from: {key.not_before}"] if key.not_before else []
    lines += [f"{indent}  until: {key.until}"] if key.until else []
    return ("\n".join(lines) + "\n").encode()


def _inserted(data: bytes, identity: str, person: IdentityFile, key: KeyFile) -> bytes:
    """Behind the last line of the last key, at the same depth as its dash."""
    last = (identity, "keys", len(person.keys) - 1)
    line = Source(data, IDENTITIES).place(last).line
    lines = data.splitlines(keepends=True)
    dash = re.match(rb"( *)- ", lines[line - 1]) if 0 < line <= len(lines) else None
    if dash is None:
        raise _by_hand(identity, key)
    indent, end = len(dash[1]), line
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    if not lines[end - 1].endswith(b"\n"):
        lines[end - 1] += b"\n"
    return b"".join([*lines[:end], _written(key, " " * indent), *lines[end:]])


def _belongs(line: bytes, indent: int) -> bool:
    """Whether a line still is part of a list's item: deeper than its dash, or empty."""
    return not line.strip() or len(line) - len(line.lstrip(b" ")) > indent


def _by_hand(identity: str, key: KeyFile) -> GitwarrantError:
    text = _written(key, "    ").decode().rstrip()
    return GitwarrantError(
        f"the keys of {identity!r} in {IDENTITIES} do not stand one below the other: they are left alone",
        remedy=f"add this by hand, and raise the version in {TRUST}:\n{text}",
    )
