"""Requests over aiohttp: verified, bounded, tried again where the server is busy, counted."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote, urlencode

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gitwarrant import __version__
from gitwarrant.cluster.connection import Connection
from gitwarrant.cluster.refusal import ClusterError, refusal
from gitwarrant.cluster.wire import answer, wait_before
from gitwarrant.model.errors import Unreachable

AGENT = f"gitwarrant/{__version__}"
MAX_ANSWER_BYTES = 64 * 1024 * 1024  # a page of the largest objects
PIECE_BYTES = 64 * 1024  # of a body: what aiohttp hands over at once
MAX_LINE_BYTES = 8 * 1024 * 1024  # one event: an object of etcd's largest size, written with room to spare
ATTEMPTS = 5  # tries of one request that the server was too busy for
BUSY = frozenset({429, 502, 503, 504})
TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)
# The server sends a bookmark about every minute: a line that is silent for longer is dead.
LINES_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=150)


class Meter(Protocol):
    """Who counts requests, each by its verb."""

    def began(self, verb: str) -> None:
        """A request is sent, or tried again."""
        ...

    def ended(self, verb: str, status: int, seconds: float) -> None:
        """It is over. `status` is the HTTP status; 0: no answer came."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `verb` is what it is counted as, `subject` how an error names it."""

    verb: str
    method: str
    path: str
    subject: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, whatever it was."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Transport:
    """A pool of connections to one API server; at most `concurrency` requests are under way at once.

    Lines without end (watches) are not among these: they would keep others waiting.
    """

    def __init__(self, connection: Connection, *, concurrency: int, meter: Meter | None = None) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self.connection = connection
        self._meter = meter
        self._slots = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the pool; nothing is sent yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self.connection.tls, limit=0),
            timeout=TIMEOUT,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": AGENT},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, request: Request) -> dict[str, Any]:
        """Send a request; give the body of its success.

        Raises:
            Unreachable: the server does not answer, or is busy for too long.
            ClusterError: it says no, or is no API server.
        """
        return (await self.exchange(request))[1]

    async def exchange(self, request: Request) -> tuple[int, dict[str, Any]]:
        """The same, with the status. Raises as `call` does."""
        got = await self.send(request)
        found = answer(got.data)
        if got.status >= 400:
            raise refusal(got.status, found, request.subject)
        if not 200 <= got.status < 300 or not isinstance(found, dict) or not found:
            raise _no_api_server(request.subject, got.status)
        return got.status, found

    async def send(self, request: Request) -> Answer:
        """Send a request until the server has time for it, and once more where our credential was too old.

        Raises:
            Unreachable: the server does not answer.
        """
        fresh, busy = False, 0
        while True:
            got = await self._tried(request, fresh=fresh)
            if got.status == 401 and not fresh:
                fresh = True
            elif got.status in BUSY and busy < ATTEMPTS - 1:
                busy += 1
                await _pause(busy, got.headers)
            else:
                return got

    async def _tried(self, request: Request, *, fresh: bool) -> Answer:
        async with self._slots, self._sent(request, TIMEOUT, fresh=fresh) as response:
            return Answer(response.status, response.headers, await _bounded(response, request.subject))

    @asynccontextmanager
    async def lines(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        """An answer without an end of its own, entered once it began: its lines as they come.

        Raises:
            Unreachable: the server does not answer, is busy for too long, or the line is cut.
            ClusterError: it says no.
        """
        fresh, busy = False, 0
        while True:
            async with self._sent(request, LINES_TIMEOUT, fresh=fresh) as response:
                if response.status == 200:
                    try:
                        yield _lines(response, request.subject)
                    finally:
                        _abort(response)
                    return
                got = Answer(response.status, response.headers, await _bounded(response, request.subject))
            if got.status == 401 and not fresh:
                fresh = True
            elif got.status in BUSY and busy < ATTEMPTS - 1:
                busy += 1
                await _pause(busy, got.headers)
            elif got.status >= 400:
                raise refusal(got.status, answer(got.data), request.subject)
            else:
                raise _no_api_server(request.subject, got.status)

    @asynccontextmanager
    async def _sent(
        self, request: Request, limits: aiohttp.ClientTimeout, *, fresh: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One try of a request, counted; what aiohttp raises meanwhile becomes one of our errors."""
        headers = await self._headers(request, fresh=fresh)
        status, started = 0, time.monotonic()
        if self._meter:
            self._meter.began(request.verb)
        try:
            async with self._requested(request, headers, limits) as response:
                status = response.status
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._translated(error, request.subject) from error
        finally:
            if self._meter:
                self._meter.ended(request.verb, status, time.monotonic() - started)

    def _requested(
        self, request: Request, headers: CIMultiDict[str], limits: aiohttp.ClientTimeout
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("the cluster is not open: use `async with`")
        address = URL(self.connection.server + request.path + _query(**request.query), encoded=True)
        return self._session.request(
            request.method,
            address,
            data=_payload(request.data),
            headers=headers,
            allow_redirects=False,
            timeout=limits,
        )

    async def _headers(self, request: Request, *, fresh: bool) -> CIMultiDict[str]:
        headers = CIMultiDict(request.headers)
        authorization = await self.connection.credentials.authorization(fresh=fresh)
        if authorization:
            headers["Authorization"] = authorization
        if self.connection.impersonation:
            headers.extend(self.connection.impersonation.headers())
        return headers

    def _translated(self, error: Exception, subject: str) -> ClusterError | Unreachable:
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
            return ClusterError(
                f"{subject}: the server's certificate is not accepted: {error}",
                remedy="check certificate-authority-data in the kubeconfig; somebody may stand between",
            )
        return Unreachable(
            f"{subject}: {self.connection.server} does not answer: {str(error) or type(error).__name__}",
            remedy="check that the API server runs and can be reached from here",
        )


@lru_cache(maxsize=64)
def _query(**query: str) -> str:
    """The end of an address; most requests of one deploy have the same."""
    return "?" + urlencode(query, quote_via=quote) if query else ""


def _payload(data: bytes | None) -> bytes | BytesIO | None:
    """A large body goes piece by piece, so that others are not kept waiting meanwhile."""
    return BytesIO(data) if data is not None and len(data) > PIECE_BYTES else data


async def _pause(busy: int, headers: Mapping[str, str]) -> None:
    await asyncio.sleep(wait_before(busy, headers, random.random()))  # noqa: S311 - only spreads load


async def _bounded(response: aiohttp.ClientResponse, subject: str) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            response.close()
            raise _too_large(subject, MAX_ANSWER_BYTES)
    return b"".join(parts)


async def _lines(response: aiohttp.ClientResponse, subject: str) -> AsyncIterator[bytes]:
    rest = b""
    async for part in response.content.iter_any():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > MAX_LINE_BYTES:
            raise _too_large(subject, MAX_LINE_BYTES)


def _abort(response: aiohttp.ClientResponse) -> None:
    """Drop the line: who goes away from the middle of an answer need not take leave of the server."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()


def _too_large(subject: str, limit: int) -> ClusterError:
    return ClusterError(
        f"{subject}: the answer is larger than {limit} bytes",
        remedy="look at what makes the objects this large",
    )


def _no_api_server(subject: str, status: int) -> ClusterError:
    return ClusterError(
        f"{subject}: the server answered {status} in a form that no API server uses",
        remedy="check the server address in the kubeconfig",
    )
