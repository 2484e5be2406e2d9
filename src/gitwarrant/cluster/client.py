"""The one way to an API server: plain dicts, each write by its Audit-ID."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from gitwarrant.cluster.connection import Connection
from gitwarrant.cluster.discovery import DiscoveryStore, Kind, MemoryDiscovery, Resource, discovered
from gitwarrant.cluster.refusal import ClusterError, Expired, NotFound, ServerTrouble, refusal
from gitwarrant.cluster.transport import Meter, Request, Transport
from gitwarrant.cluster.wire import answer, body
from gitwarrant.model.manifest import Content, Json, ObjectKey

MANAGER = "gitwarrant"
"""Our field manager: the name under which managedFields show what we applied."""

CONCURRENCY = 32  # the API server gains nothing from more by one client
PAGE = 250  # objects per page of a list
LIST_TRIES = 3  # of one list whose pages take longer than the server keeps a snapshot: about five minutes
REFRESH_SECONDS = 5.0  # how soon an unknown kind may make us ask the discovery again
WATCH_SECONDS = (300, 600)
"""The server ends a watch after a time between these, so that not all come back at once."""

WHOLE = "application/json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Media types; the latter two leave everything but metadata out."""


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
class Page:
    """Some objects of a list. `version` is that of the whole snapshot; `first`: what came before is void."""

    items: list[dict[str, Any]]
    version: str
    first: bool


class Cluster:
    """A connection to one API server, used as `async with Cluster(connection) as cluster`.

    Every method raises Unreachable where the server does not answer, and a
    ClusterRefused (or another ClusterError) where it says no.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        concurrency: int = CONCURRENCY,
        discovery: DiscoveryStore | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.concurrency = concurrency
        self._transport = Transport(connection, concurrency=concurrency, meter=meter)
        self._discovery = discovery or MemoryDiscovery()
        self._kinds: dict[Kind, Resource] = {}
        self._kinds_at = 0.0
        self._kinds_lock = asyncio.Lock()
        self._uid = ""
        self._version = ""

    async def __aenter__(self) -> Self:
        """Open the pool of connections; nothing is sent yet."""
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._transport.__aexit__(kind, error, trace)

    # What the cluster is

    async def uid(self) -> str:
        """The cluster's uid: that of its kube-system namespace, which nobody can make again."""
        if not self._uid:
            request = Request("get", "GET", "/api/v1/namespaces/kube-system", "read kube-system")
            self._uid = str((await self._transport.call(request))["metadata"]["uid"])
        return self._uid

    async def server_version(self, *, again: bool = False) -> str:
        """The server's version, such as `v1.36.3`; `again`: it may have been upgraded since it was asked."""
        if again or not self._version:
            found = await self._transport.call(Request("get", "GET", "/version", "read the version"))
            self._version = str(found.get("gitVersion", ""))
        return self._version

    @property
    def known_as(self) -> tuple[str, str] | None:
        """The cluster's uid and its server's version, where both were asked already."""
        return (self._uid, self._version) if self._uid and self._version else None

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
        """Ask the discovery again at the next need: a CustomResourceDefinition was written or is gone."""
        self._kinds_at = 0.0
        self._kinds = {}

    async def _discover(self) -> None:
        async with self._kinds_lock:
            if self._kinds and time.monotonic() - self._kinds_at < REFRESH_SECONDS and self._kinds_at:
                return
            found = await discovered(self._transport, self._discovery)
            self._kinds, self._kinds_at = found, time.monotonic()

    # Reading

    async def get(self, key: ObjectKey, version: str) -> dict[str, Any] | None:
        """Read one object; None where it is not there."""
        resource = await self.resource(key.group, version, key.kind)
        request = Request("get", "GET", resource.path(key.namespace, key.name), f"read {key}")
        try:
            return await self._transport.call(request)
        except NotFound:
            return None

    async def list(
        self, group: str, version: str, kind: str, namespace: str = "", *, labels: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Read all objects of a kind as they were at one moment; `labels` is a label selector."""
        resource = await self.resource(group, version, kind)
        found: list[dict[str, Any]] = []
        async with aclosing(self.pages(resource, namespace, labels=labels)) as pages:
            async for page in pages:
                found = page.items if page.first else found + page.items
        for item in found:
            yield item

    async def pages(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        labels: str = "",
        name: str = "",
        metadata: bool = False,
    ) -> AsyncGenerator[Page, None]:
        """Read all objects of a kind, or the one of a name, page by page, as they were at one moment.

        The server forgets a moment after some minutes. Then the list begins anew,
        with a page that is `first` again: what came before it is void.

        Raises:
            ServerTrouble: no list came to its end in time.
        """
        subject = f"list {resource.plural}"
        query = {"limit": str(PAGE)} | ({"labelSelector": labels} if labels else {}) | _field(name)
        headers = {"Accept": METADATA_LIST if metadata else WHOLE}
        path, following, tries = resource.path(namespace), "", 1
        while True:
            wanted = query | ({"continue": following} if following else {})
            try:
                found = await self._transport.call(Request("list", "GET", path, subject, wanted, headers))
            except Expired as error:
                if tries == LIST_TRIES or not following:
                    raise ServerTrouble(error.what, remedy="look at what makes the server slow") from error
                tries, following = tries + 1, ""
                continue
            about = found.get("metadata", {})
            for item in found.get("items") or ():
                item.setdefault("apiVersion", resource.api_version)
                item.setdefault("kind", resource.kind)
            yield Page(found.get("items") or [], str(about.get("resourceVersion", "")), not following)
            following = str(about.get("continue") or "")
            if not following:
                return

    @asynccontextmanager
    async def watch(
        self, resource: Resource, namespace: str = "", *, since: str, name: str = "", metadata: bool = False
    ) -> AsyncIterator[AsyncIterator[tuple[str, dict[str, Any]]]]:
        """Events of a kind, or of one object of it, from a version on, entered once the server agreed.

        Each is (`ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`, object). They end
        when the server ends them, which it does after some minutes: watch again
        from the last object's version.

        Raises:
            Expired: also while reading: the server no longer knows that version: list anew.
            Unreachable: also while reading: the line was cut.
            ClusterRefused: we may not watch.
        """
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),  # noqa: S311 - only spreads load
        } | _field(name)
        subject, path = f"watch {resource.plural}", resource.path(namespace)
        headers = {"Accept": METADATA if metadata else WHOLE}
        async with self._transport.lines(Request("watch", "GET", path, subject, query, headers)) as lines:
            yield _events(lines, subject)

    async def may(self, verb: str, resource: Resource, namespace: str) -> bool:
        """Whether RBAC lets us do this; everybody may ask that about themselves."""
        attributes = {
            "verb": verb,
            "group": resource.group,
            "resource": resource.plural,
            "namespace": namespace,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        headers = _headers(WHOLE, "", dry_run=True)
        request = Request("create", "POST", path, f"ask whether we may {verb}", {}, headers, body(review))
        return bool((await self._transport.call(request)).get("status", {}).get("allowed"))

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
        resource = await self.resource(key.group, version, key.kind)
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true" if force else "false"}
        request = Request(
            "dry-run" if dry_run else "apply",
            "PATCH",
            resource.path(key.namespace, key.name),
            f"{'try' if dry_run else 'apply'} {key}",
            query | ({"dryRun": "All"} if dry_run else {}),
            _headers("application/apply-patch+yaml", audit_id, dry_run=dry_run),
            body(content),
        )
        status, found = await self._transport.exchange(request)
        return Written(found, status == 201)

    async def try_create(self, key: ObjectKey, version: str, content: Content) -> dict[str, Any]:
        """What creating this object would give, unknown fields refused; nothing is written.

        Takes the right to create such objects, and none to change one that exists.

        Raises:
            Conflict: an object of this name exists (reason `AlreadyExists`).
        """
        resource = await self.resource(key.group, version, key.kind)
        request = Request(
            "dry-run",
            "POST",
            resource.path(key.namespace),
            f"try {key}",
            {"fieldManager": MANAGER, "fieldValidation": "Strict", "dryRun": "All"},
            _headers("application/json", "", dry_run=True),
            body(content),
        )
        return await self._transport.call(request)

    async def json_patch(
        self, key: ObjectKey, version: str, operations: Sequence[Mapping[str, Json]], *, audit_id: str
    ) -> dict[str, Any]:
        """Change single fields (RFC 6902); the operations carry the resourceVersion as their precondition."""
        resource = await self.resource(key.group, version, key.kind)
        request = Request(
            "patch",
            "PATCH",
            resource.path(key.namespace, key.name),
            f"patch {key}",
            {"fieldManager": MANAGER, "fieldValidation": "Strict"},
            _headers("application/json-patch+json", audit_id),
            body(list(operations)),
        )
        return await self._transport.call(request)

    async def delete(
        self, key: ObjectKey, version: str, *, uid: str, audit_id: str, propagation: str = "Background"
    ) -> bool:
        """Delete the object of exactly this uid; False where it was gone already.

        Raises:
            Conflict: an object of this name exists, but with another uid.
        """
        if not uid:
            raise ValueError("a delete needs the uid of what is to be deleted")
        headers = _headers("application/json", audit_id)
        resource = await self.resource(key.group, version, key.kind)
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": propagation,
        }
        path = resource.path(key.namespace, key.name)
        request = Request("delete", "DELETE", path, f"delete {key}", {}, headers, body(options))
        try:
            await self._transport.call(request)
        except NotFound:
            return False
        return True


async def _events(lines: AsyncIterator[bytes], subject: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    async for line in lines:
        event = answer(line)
        if not isinstance(event, dict) or not isinstance(event.get("object"), dict):
            raise ServerTrouble(f"{subject}: the server sent no event", remedy="try again later")
        if event.get("type") == "ERROR":
            raise refusal(int(event["object"].get("code") or 500), event["object"], subject)
        yield str(event.get("type")), event["object"]


def _field(name: str) -> dict[str, str]:
    return {"fieldSelector": f"metadata.name={name}"} if name else {}


def _headers(content_type: str, audit_id: str, *, dry_run: bool = False) -> dict[str, str]:
    """Those of a write. Raises ValueError where a real one would carry no Audit-ID."""
    if not audit_id and not dry_run:
        raise ValueError("a write needs the Audit-ID that was logged before it")
    return {"Accept": WHOLE, "Content-Type": content_type} | ({"Audit-ID": audit_id} if audit_id else {})
