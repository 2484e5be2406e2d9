"""One question to a forge over HTTPS, bounded in every direction, and its answer as JSON.

A forge may be slow, hostile or somebody else by now: the certificate is
verified, a redirect is no answer, nothing is tried twice, compression is not
asked for, and a watchdog ends an exchange that trickles.
"""

import json
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Timer
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.response import BaseHTTPResponse

from gitwarrant.forge.forge import ForgeError
from gitwarrant.model.errors import Unreachable

CONNECT_SECONDS = 10.0
MAX_SECONDS = 30.0  # one whole exchange; a page of fifty reviews takes well below one
MAX_ANSWER_BYTES = 8 * 1024 * 1024  # fifty reviews with the longest bodies people write are a tenth of it
MAX_DEPTH = 32  # a pull request nests six deep


@dataclass(frozen=True, slots=True)
class Address:
    """A forge's API: https only, without user, query or fragment.

    Raises:
        ForgeError: the address is none we ask.
    """

    url: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as error:
            raise _bad_address(self.url) from error
        extra = parts.username or parts.password or parts.query or parts.fragment
        if parts.scheme != "https" or not parts.hostname or port == 0 or extra or not self.url.isascii():
            raise _bad_address(self.url)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 443

    def path(self, parts: tuple[str, ...], query: Mapping[str, str]) -> str:
        """The request's target; every part is one step of the path, whatever it holds."""
        steps = "/".join(quote(part, safe="") for part in parts)
        target = f"{urlsplit(self.url).path.rstrip('/')}/{steps}"
        return f"{target}?{urlencode(query)}" if query else target


@dataclass(frozen=True, slots=True)
class Exchange:
    """Asks one forge. `authorization` is the header's value, never shown; empty: none is sent."""

    address: Address
    authorization: str = field(repr=False)
    ca_file: Path | None = None
    seconds: float = MAX_SECONDS

    def get(self, *parts: str, **query: str) -> Any:
        """Ask for one resource and read it as JSON; None: there is no such resource.

        Raises:
            Unreachable: no connection, no answer within bounds of time, or the
                server says that it cannot answer now.
            ForgeError: a certificate that is not verified, a redirect, a
                refusal, too many bytes, or no JSON.
        """
        target = self.address.path(parts, query)
        status, body = self._ask(target)
        match status:
            case 200:
                return _json(body, self._shown(target))
            case 404:
                return None
        raise self._status(status, target)

    def _ask(self, target: str) -> tuple[int, bytes]:
        connection = HTTPSConnection(
            self.address.host,
            self.address.port,
            timeout=CONNECT_SECONDS,
            cert_reqs="CERT_REQUIRED",
            ssl_context=self._context(),
        )
        late = Event()
        watchdog: Timer | None = None
        try:
            connection.connect()
            watchdog = Timer(self.seconds, _cut, [connection.sock, late])
            watchdog.daemon = True
            watchdog.start()
            connection.request("GET", target, headers=self._headers(), preload_content=False)
            with closing(connection.getresponse()) as response:
                body = self._body(response, target)
            if late.is_set():  # what was cut off may look like an end
                raise TimeoutError
            return response.status, body
        except (HTTPError, OSError) as error:
            raise self._failure(error, target, late=late.is_set()) from error
        finally:
            if watchdog is not None:
                watchdog.cancel()
            connection.close()

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ForgeError(
                f"the certificate authority {self.ca_file} cannot be read: {error}",
                remedy="name a file of PEM certificates as forge.ca_file",
            ) from error

    def _headers(self) -> dict[str, str]:
        said = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "gitwarrant"}
        return {**said, "Authorization": self.authorization} if self.authorization else said

    def _body(self, response: BaseHTTPResponse, target: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.read1(65_536, decode_content=False):
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise ForgeError(
                    f"{self._shown(target)} answers more than {MAX_ANSWER_BYTES:,} bytes",
                    remedy="this is no forge's answer: check forge.url",
                )
            parts.append(part)
        return b"".join(parts)

    def _shown(self, target: str) -> str:
        return f"https://{self.address.host}:{self.address.port}{target.partition('?')[0]}"

    def _failure(self, error: Exception, target: str, *, late: bool) -> ForgeError | Unreachable:
        """Say what went wrong on the wire; only a certificate is not worth another try."""
        if isinstance(error, ssl.SSLCertVerificationError) or isinstance(
            error.__cause__, ssl.SSLCertVerificationError
        ):
            return ForgeError(
                f"{self._shown(target)} does not prove who it is: {error}",
                remedy="name the authority of its certificate as forge.ca_file; do not trust it otherwise",
            )
        if late:
            what = f"did not answer within {self.seconds:g} seconds"
        elif isinstance(error, NameResolutionError):
            what = "has no address in the name service"
        else:
            what = f"does not answer: {type(error).__name__}"
        return Unreachable(
            f"the forge {self._shown(target)} {what}",
            remedy="check that it runs and that this machine may reach it",
        )

    def _status(self, status: int, target: str) -> ForgeError | Unreachable:
        shown = self._shown(target)
        if 300 <= status < 400:
            return ForgeError(
                f"{shown} redirects, and redirects are not followed",
                remedy="name the final address as forge.url",
            )
        if status in (401, 403):
            return ForgeError(
                f"{shown} does not let us in ({status})",
                remedy="give a token that may read the repository and its pull requests: "
                "forge.token_file or GITWARRANT_FORGE_TOKEN",
            )
        if status == 429 or status >= 500:
            return Unreachable(f"{shown} cannot answer now ({status})", remedy="try again later")
        return ForgeError(f"{shown} answers with status {status}", remedy="check forge.url and forge.kind")


def _cut(sock: socket.socket, late: Event) -> None:
    """End a connection from outside; the unbound call leaves the TLS layer to whoever reads from it."""
    late.set()
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _bad_address(url: str) -> ForgeError:
    shown = url.rpartition("@")[2]
    return ForgeError(
        f"{shown!r} is not a forge's address", remedy="write it as https://HOST or https://HOST/PATH"
    )


def _json(body: bytes, shown: str) -> Any:
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ForgeError(
            f"{shown} answers no JSON that can be judged: {error}"[:300], remedy="check forge.url"
        ) from error
    if not _shallow(value):
        raise ForgeError(f"{shown} answers JSON nested deeper than {MAX_DEPTH}", remedy="check forge.url")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _shallow(value: Any) -> bool:
    """Whether nothing nests deeper than `MAX_DEPTH`; level by level, so that no depth exhausts the stack."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            for item in (
                outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
            )
        ]
        if not level:
            return True
    return False
