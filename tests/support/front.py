"""A front before the real API server that now and then answers by itself: busy, expired, not authorised.

async with front(folder, kubeconfig) as before:
    before.answer = lambda request: web.Response(status=429, headers={"Retry-After": "1"})
    async with Cluster(before.connection) as cluster: ...
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from gitwarrant.cluster.connection import Connection, from_kubeconfig
from gitwarrant.cluster.credentials import Credentials, Fixed
from tests.support.git_server import self_signed

Answer = Callable[[web.Request], web.Response | None]
PASSED_ON = ("Accept", "Content-Type", "Audit-ID", "If-None-Match")
TOLD_BACK = ("Content-Type", "ETag", "Retry-After")


@dataclass
class Front:
    """What it answers by itself (None: nothing), and what came."""

    url: str
    tls: ssl.SSLContext
    credentials: Credentials = field(default_factory=Fixed)
    answer: Answer = lambda _request: None
    last_line: bytes = b""
    """Sent as the last line of the watches that are open, which ends them."""
    answered: Counter[int] = field(default_factory=Counter)
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def connection(self) -> Connection:
        """How to reach the server through it."""
        return Connection(self.url, self.tls, self.credentials)

    def cut_watches(self, last_line: bytes = b"") -> None:
        """End every watch that is open now."""
        self.last_line = last_line
        self.cut.set()
        self.cut = asyncio.Event()


def is_watch(request: web.Request) -> bool:
    return request.query.get("watch") == "1"


@asynccontextmanager
async def front(folder: Path, kubeconfig: Path) -> AsyncIterator[Front]:
    """Serve it on loopback, with a certificate of its own; behind it we are who the kubeconfig says."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - once, before anything runs
    behind = from_kubeconfig(kubeconfig, environment={})
    certificate, key = self_signed(folder)
    before = Front("", ssl.create_default_context(cafile=certificate))
    connector = aiohttp.TCPConnector(ssl=behind.tls, limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=True) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            own = before.answer(request)
            if own is not None:
                before.answered[own.status] += 1
                return own
            return await _passed(request, session, behind.server, before)

        application = web.Application(client_max_size=8 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate, key)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        [(_, port)] = [address[:2] for address in runner.addresses]
        before.url = f"https://127.0.0.1:{port}"
        try:
            yield before
        finally:
            before.cut_watches()
            await runner.cleanup()


async def _passed(
    request: web.Request, session: aiohttp.ClientSession, server: str, before: Front
) -> web.StreamResponse:
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    url = URL(server + request.raw_path, encoded=True)
    body = await request.read() or None
    async with session.request(request.method, url, data=body, headers=headers) as got:
        told = {name: got.headers[name] for name in TOLD_BACK if name in got.headers}
        if not is_watch(request) or got.status != 200:
            return web.Response(status=got.status, headers=told, body=await got.read())
        response, cut = web.StreamResponse(headers=told), before.cut
        await response.prepare(request)
        reading = asyncio.create_task(_pump(got, response))
        ending = asyncio.create_task(cut.wait())
        await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (reading, ending):
            task.cancel()
        await asyncio.gather(reading, ending, return_exceptions=True)
        if before.last_line and cut.is_set():
            await response.write(before.last_line + b"\n")
        if got.connection is not None and got.connection.transport is not None:
            got.connection.transport.abort()
        return response


async def _pump(got: aiohttp.ClientResponse, response: web.StreamResponse) -> None:
    with suppress(aiohttp.ClientError, ConnectionError):
        async for part in got.content.iter_any():
            await response.write(part)
