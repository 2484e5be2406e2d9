"""Where a repository is fetched from: an address the operator gave, and the keys that pin its server."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gitwarrant.git.credential import Credential
from gitwarrant.model.errors import GitwarrantError

SCHEMES = ("https", "ssh", "file")
SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^\s:-][^\s]*")
USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^:/@\s]*)(?P<rest>[^/\s]*)@")


class BadRemote(GitwarrantError):
    """An address that is not fetched from, or one that lacks what pins its server."""


@dataclass(frozen=True, slots=True, repr=False)
class Remote:
    """A repository's address with what proves its server and, for SSH, us.

    Allowed are `https://`, `ssh://`, `user@host:path`, and `file://`. The last
    only because the address comes from the operator's own configuration, never
    from a repository: no content can make us read a folder of this machine.

    `known_hosts` pins the server's host keys, or the authority that signs them
    (`@cert-authority`); with `ssh_key` it is needed for SSH: no agent and no file
    of the user is asked. `ca_file` replaces the system's authorities for HTTPS,
    `credential` is sent there, to this address and no other.

    Raises:
        BadRemote: any other address, or an SSH one without key or known hosts.
    """

    url: str
    ssh_key: Path | None = None
    known_hosts: Path | None = None
    ca_file: Path | None = None
    credential: Credential | None = None

    def __repr__(self) -> str:
        return f"Remote({self.shown!r})"  # the address itself may hold a password

    def __post_init__(self) -> None:
        _check_spelling(self.url)
        if self.scheme == "ssh" and not (self.ssh_key and self.known_hosts):
            raise BadRemote(
                f"{self.shown} is reached by SSH, which needs a key and the server's known host keys",
                remedy="name both; compare the output of `ssh-keyscan HOST` with what the server publishes",
            )

    @property
    def scheme(self) -> str:
        """`https`, `ssh` or `file`."""
        return self.url.partition("://")[0] if "://" in self.url else "ssh"

    @property
    def address(self) -> str:
        """The address as git is given it. Git passes it on as an argument, which everybody here can read."""
        return without_secrets(self.url) if self.scheme == "https" else self.url

    @property
    def header(self) -> str | None:
        """The HTTP header that lets us in: of `credential`, else of what stands in the address."""
        if self.scheme != "https":
            return None
        if self.credential:
            return self.credential.header
        given = urlsplit(self.url)
        if not given.username or not given.password:
            return None
        return Credential(unquote(given.username), unquote(given.password)).header

    @property
    def folder(self) -> Path | None:
        """The folder that a `file://` address names; None for a server."""
        return Path(unquote(self.url.removeprefix("file://"))) if self.scheme == "file" else None

    @property
    def shown(self) -> str:
        """The address for people: without user, password and query."""
        return without_secrets(self.url).partition("?")[0]

    def ssh_command(self) -> str:
        """The command line that git starts for SSH; nothing of the user's own configuration acts in it."""
        options = [
            *(
                "BatchMode=yes",
                "StrictHostKeyChecking=yes",
                "UpdateHostKeys=no",
                "GlobalKnownHostsFile=/dev/null",
            ),
            f"UserKnownHostsFile={_ssh_path(self.known_hosts)}",
            *("IdentitiesOnly=yes", "IdentityAgent=none", f"IdentityFile={_ssh_path(self.ssh_key)}"),
            *("ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no"),
            *("ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=3", "LogLevel=ERROR"),
        ]
        return shlex.join(
            ["ssh", "-F", "/dev/null", *(part for option in options for part in ("-o", option))]
        )


def without_secrets(text: str) -> str:
    """Cut user and password out of every address in a text; an SSH user is no secret, its password is."""
    return USERINFO.sub(_without_userinfo, text)


def _without_userinfo(found: re.Match[str]) -> str:
    user = f"{found['user']}@" if found["scheme"].endswith("ssh") and found["user"] else ""
    return f"{found['scheme']}://{user}"


def _check_spelling(url: str) -> None:
    shown = without_secrets(url)
    if url.startswith("-"):
        raise BadRemote(f"the address {shown!a} reads as an option", remedy="name it as https://HOST/PATH")
    if re.search(r"[\x00-\x20\x7f-\xa0]", url):
        raise BadRemote(f"the address {shown!a} holds white space or a control character", remedy="remove it")
    if re.match(r"[A-Za-z0-9+.-]+::", url):
        raise BadRemote(
            f"the address {shown!r} would start a program (a remote helper)", remedy="use https or ssh"
        )
    scheme, found, rest = url.partition("://")
    if not found:
        if not SCP_LIKE.fullmatch(url):
            raise BadRemote(
                f"the address {shown!r} is not one we fetch from",
                remedy="use https://, ssh://, user@host:path, or file:///FOLDER",
            )
        return
    if scheme == "http":
        raise BadRemote(
            f"{shown} is not encrypted: whoever is on the way can hold back changes", remedy="use https://"
        )
    if scheme not in SCHEMES:
        raise BadRemote(
            f"{shown} has a scheme we do not fetch from", remedy=f"use one of: {', '.join(SCHEMES)}"
        )
    _check_host(scheme, rest, url)


def _check_host(scheme: str, rest: str, url: str) -> None:
    try:
        parted = urlsplit(url)
        host, _ = parted.hostname or "", parted.port
    except ValueError as error:
        # Not shown: a password with a slash in it looks like host and path.
        raise BadRemote(
            f"the {scheme} address cannot be read",
            remedy="write it as https://HOST/PATH, and a token into git.token_file",
        ) from error
    if scheme == "file" and not rest.startswith("/"):
        raise BadRemote(f"{url} names no folder", remedy="write it with three slashes: file:///FOLDER")
    if scheme != "file" and (not host or rest.startswith("-") or host.startswith("-")):
        raise BadRemote(f"{without_secrets(url)} names no host", remedy="write it as https://HOST/PATH")


def _ssh_path(path: Path | None) -> str:
    """A path as ssh options take it: quoted, and without expanding its percent signs."""
    text = str(path).replace("%", "%%")
    if '"' in text:
        raise BadRemote(f"ssh cannot read a path with a quotation mark: {path}", remedy="rename the file")
    return f'"{text}"'
