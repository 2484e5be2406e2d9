"""The one way to an API server: plain dicts over aiohttp, bounded, verified, each write by its Audit-ID."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from gitwarrant import __version__
from gitwarrant.cluster.connection import Connection
from gitwarrant.cluster.discovery import ACCEPT, Kind, Resource, resources
from gitwarrant.cluster.refusal import ClusterError, NotFound, refusal
from gitwarrant.cluster.wire import answer, body, wait_before
from gitwarrant.model.errors import Unreachable
from gitwarrant.model.manifest import Content, Json, ObjectKey

MANAGER = "gitwarrant"
"""Our field manager: the name under which managedFields show what we applied."""

CONCURRENCY = 32  # the API server gains nothing from more by one client
MAX_RESPONSE_BYTES = 64 * 1024 * 1024  # a page of the largest objects
PAGE = 250  # objects per page of a list
ATTEMPTS = 5  # tries of one request that the server was too busy for
BUSY = frozenset({429, 502, 503, 504})
TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)
REFRESH_SECONDS = 5.0  # how soon an unknown kind may make us ask the discovery again


class KindUnknown(ClusterError):
    """The cluster serves no such kind."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the server made of a server-side apply."""

    content: dict[str, Any]
    created: bool

    @property
    def uid(self) -> str:
        """The object's uid."""
        return str(self.content["metadata"].get("uid", ""))

    @property
    def resource_version(self) -> str:
        """The object's version in the store."""
        return str(self.content["metadata"].get("resourceVersion", ""))


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    subject: str
    query: Mapping[str, str]
    data: bytes | None = None
    content_type: str = ""
    audit_id: str = ""
    accept: str = "application/json"


class Cluster:
    """A connection to one API server, used as `async with Cluster(connection) as cluster`.

    Every method raises Unreachable where the server does not answer, and a
    ClusterRefused (or another ClusterError) where it says no.
    """

    def __init__(self, connection: Connection, *, concurrency: int = CONCURRENCY) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self._connection = connection
        self.concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._kinds: dict[Kind, Resource] = {}
        self._kinds_at = 0.0
        self._kinds_lock = asyncio.Lock()
        self._uid = ""
        self._version = ""

    async def __aenter__(self) -> Self:
        """Open the pool of connections; nothing is sent yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._connection.tls, limit=self.concurrency),
            timeout=TIMEOUT,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"{MANAGER}/{__version__}"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    # What the cluster is

    async def uid(self) -> str:
        """The cluster's uid: that of its kube-system namespace, which nobody can make again."""
        if not self._uid:
            found = await self._call(
                _Request("GET", "/api/v1/namespaces/kube-system", "read kube-system", {})
            )
            self._uid = str(found["metadata"]["uid"])
        return self._uid

    async def server_version(self) -> str:
        """The server's version, such as `v1.36.3`."""
        if not self._version:
            found = await self._call(_Request("GET", "/version", "read the version", {}))
            self._version = str(found.get("gitVersion", ""))
        return self._version

    async def resource(self, group: str, version: str, kind: str) -> Resource:
        """How the server serves a kind.

        Raises:
            KindUnknown: it does not.
        """
        wanted = (group, version, kind)
        if wanted not in self._kinds:
            await self._discover()
        if wanted not in self._kinds:
            named = f"{group}/{version}" if group else version
            raise KindUnknown(
                f"the cluster does not serve {kind} of {named}",
                remedy="install its CustomResourceDefinition first, or correct apiVersion and kind",
            )
        return self._kinds[wanted]

    async def served(self) -> tuple[Resource, ...]:
        """Every kind that the server serves."""
        await self._discover()
        return tuple(self._kinds.values())

    def forget_kinds(self) -> None:
        """Ask the discovery again at the next need: a CustomResourceDefinition was written."""
        self._kinds_at = 0.0

    async def _discover(self) -> None:
        async with self._kinds_lock:
            if self._kinds and time.monotonic() - self._kinds_at < REFRESH_SECONDS and self._kinds_at:
                return
            found: dict[Kind, Resource] = {}
            for path in ("/api", "/apis"):
                request = _Request("GET", path, "read the discovery", {}, accept=ACCEPT)
                found.update(resources(await self._call(request)))
            self._kinds, self._kinds_at = found, time.monotonic()

    # Reading

    async def get(self, key: ObjectKey, version: str) -> dict[str, Any] | None:
        """Read one object; None where it is not there."""
        resource = await self.resource(key.group, version, key.kind)
        request = _Request("GET", resource.path(key.namespace, key.name), f"read {key}", {})
        try:
            return await self._call(request)
        except NotFound:
            return None

    async def list(
        self, group: str, version: str, kind: str, namespace: str = "", *, labels: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Read all objects of a kind, page by page; `labels` is a label selector."""
        resource = await self.resource(group, version, kind)
        query = {"limit": str(PAGE)} | ({"labelSelector": labels} if labels else {})
        while True:
            page = await self._call(_Request("GET", resource.path(namespace), f"list {kind}", query))
            for item in page.get("items", ()):
                yield item
            following = page.get("metadata", {}).get("continue", "")
            if not following:
                return
            query = {**query, "continue": following}

    # Writing

    async def apply(
        self,
        key: ObjectKey,
        version: str,
        content: Content,
        *,
        force: bool,
        audit_id: str = "",
        dry_run: bool = False,
    ) -> Written:
        """Server-side apply under our field manager, unknown fields refused.

        `content` may carry `metadata.uid` and `metadata.resourceVersion` as
        preconditions. `audit_id` is required for a real write: log it first.
        """
        _require_audit_id(audit_id, dry_run=dry_run)
        resource = await self.resource(key.group, version, key.kind)
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true" if force else "false"}
        request = _Request(
            "PATCH",
            resource.path(key.namespace, key.name),
            f"{'try' if dry_run else 'apply'} {key}",
            query | ({"dryRun": "All"} if dry_run else {}),
            body(content),
            "application/apply-patch+yaml",
            audit_id,
        )
        status, found = await self._exchange(request)
        return Written(found, status == 201)

    async def json_patch(
        self, key: ObjectKey, version: str, operations: Sequence[Mapping[str, Json]], *, audit_id: str
    ) -> dict[str, Any]:
        """Change single fields (RFC 6902); the operations carry the resourceVersion as their precondition."""
        _require_audit_id(audit_id, dry_run=False)
        resource = await self.resource(key.group, version, key.kind)
        request = _Request(
            "PATCH",
            resource.path(key.namespace, key.name),
            f"patch {key}",
            {"fieldManager": MANAGER, "fieldValidation": "Strict"},
            body(list(operations)),
            "application/json-patch+json",
            audit_id,
        )
        return await self._call(request)

    async def delete(
        self, key: ObjectKey, version: str, *, uid: str, audit_id: str, propagation: str = "Background"
    ) -> bool:
        """Delete the object of exactly this uid; False where it was gone already.

        Raises:
            Conflict: an object of this name exists, but with another uid.
        """
        _require_audit_id(audit_id, dry_run=False)
        if not uid:
            raise ValueError("a delete needs the uid of what is to be deleted")
        resource = await self.resource(key.group, version, key.kind)
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": propagation,
        }
        path = resource.path(key.namespace, key.name)
        request = _Request("DELETE", path, f"delete {key}", {}, body(options), "application/json", audit_id)
        try:
            await self._call(request)
        except NotFound:
            return False
        return True

    # The wire

    async def _call(self, request: _Request) -> dict[str, Any]:
        return (await self._exchange(request))[1]

    async def _exchange(self, request: _Request) -> tuple[int, dict[str, Any]]:
        """Send until the server has time for it; give status and body of its success."""
        fresh, status, data = False, 0, b""
        for attempt in range(1, ATTEMPTS + 1):
            async with self._slots:
                status, headers, data = await self._once(request, fresh=fresh)
            if status == 401 and not fresh:
                fresh = True
            elif status in BUSY and attempt < ATTEMPTS:
                await asyncio.sleep(wait_before(attempt, headers, random.random()))  # noqa: S311 - only spreads load
            else:
                break
        found = answer(data)
        if status >= 400:
            raise refusal(status, found, request.subject)
        if not 200 <= status < 300 or not isinstance(found, dict) or not found:
            raise ClusterError(
                f"{request.subject}: the server answered {status} in a form that no API server uses",
                remedy="check the server address in the kubeconfig",
            )
        return status, found

    async def _once(self, request: _Request, *, fresh: bool) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            raise RuntimeError("the cluster is not open: use `async with`")
        address = URL(self._connection.server + request.path + _query(request.query), encoded=True)
        headers = await self._headers(request, fresh=fresh)
        try:
            async with self._session.request(
                request.method, address, data=request.data, headers=headers, allow_redirects=False
            ) as response:
                return response.status, response.headers, await _bounded(response, request.subject)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
            raise ClusterError(
                f"{request.subject}: the server's certificate is not accepted: {error}",
                remedy="check certificate-authority-data in the kubeconfig; somebody may stand between",
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(
                f"{request.subject}: {self._connection.server} does not answer: "
                f"{str(error) or type(error).__name__}",
                remedy="check that the API server runs and can be reached from here",
            ) from error

    async def _headers(self, request: _Request, *, fresh: bool) -> dict[str, str]:
        headers = {"Accept": request.accept}
        if request.data is not None:
            headers["Content-Type"] = request.content_type
        if request.audit_id:
            headers["Audit-ID"] = request.audit_id
        authorization = await self._connection.credentials.authorization(fresh=fresh)
        if authorization:
            headers["Authorization"] = authorization
        return headers


def _query(parameters: Mapping[str, str]) -> str:
    return "?" + urlencode(parameters, quote_via=quote) if parameters else ""


async def _bounded(response: aiohttp.ClientResponse, subject: str) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_RESPONSE_BYTES:
            response.close()
            raise ClusterError(
                f"{subject}: the answer is larger than {MAX_RESPONSE_BYTES} bytes",
                remedy="look at what makes the objects this large",
            )
    return b"".join(parts)


def _require_audit_id(audit_id: str, *, dry_run: bool) -> None:
    if not audit_id and not dry_run:
        raise ValueError("a write needs the Audit-ID that was logged before it")
