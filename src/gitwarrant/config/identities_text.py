"""Identities as text for identities.yaml, and the file with more of them at its end."""

from collections.abc import Sequence
from datetime import datetime

from gitwarrant.config.fields import OPENPGP_BEGIN
from gitwarrant.config.problem import ConfigError
from gitwarrant.config.source import Source
from gitwarrant.config.trust_files import IdentitiesFile, identities, judge_identities
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import BOTH, Identity, Key, Purpose


def text(people: Sequence[Identity]) -> str:
    """Entries for identities.yaml, in its own style."""
    return "".join(_entry(one) for one in people)


def read(data: bytes, path: str) -> tuple[Identity, ...]:
    """The identities of a file.

    Raises:
        ConfigError: it has problems.
    """
    source = Source(data, path)
    file = source.parse(IdentitiesFile)
    if file is not None:
        judge_identities(source, file)
    if file is None or source.problems:
        raise ConfigError(source.problems)
    return identities(source, file)


def appended(data: bytes, path: str, people: Sequence[Identity]) -> bytes:
    """The file with more people at its end; what stands in it stays byte for byte, comments too.

    Raises:
        ConfigError: somebody, an address or a key is in it already; or the file has problems.
        GitwarrantError: it is written so that nothing can follow its end.
    """
    before = read(data, path)
    end = b"" if not data or data.endswith(b"\n") else b"\n"
    after = data + end + text(people).encode()
    whole = read(after, path)
    if {one.name for one in whole} != {one.name for one in (*before, *people)}:
        raise GitwarrantError(
            f"{path} cannot be added to at its end",
            remedy="write one entry below the other, without braces around them; or add these by hand",
        )
    return after


def _entry(one: Identity) -> str:
    keys = "".join(_key(key) for key in one.keys)
    emails = ", ".join(_quoted(email) for email in sorted(one.emails))
    teams = f"  teams: [{', '.join(sorted(one.teams))}]\n" if one.teams else ""
    return f"{_quoted(one.name)}:\n  kind: {one.kind.value}\n  emails: [{emails}]\n  keys:\n{keys}{teams}"


def _key(key: Key) -> str:
    openpgp = key.public.startswith(OPENPGP_BEGIN)
    lines = [f"public: {_block(key.public) if openpgp else _quoted(key.public)}"]
    if key.not_before:
        lines.append(f"from: {_moment(key.not_before)}")
    if key.not_after:
        lines.append(f"until: {_moment(key.not_after)}")
    if key.purposes != (frozenset([Purpose.COMMITS]) if openpgp else BOTH):
        lines.append(f"purposes: [{', '.join(sorted(purpose.value for purpose in key.purposes))}]")
    if key.authority:
        lines.append("authority: true")
    return "    - " + "\n      ".join(lines) + "\n"


def _block(armored: str) -> str:
    indent = " " * 8
    return "|\n" + "\n".join(f"{indent}{line}" if line else "" for line in armored.rstrip("\n").split("\n"))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _quoted(value: str) -> str:
    """In YAML's double quotes: printable and without surprises, so only two characters need care."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
