"""One kind in one namespace, listed once and watched from then on, for as many as want to know."""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.cluster.discovery import Resource
from gitwarrant.cluster.refusal import ClusterError, Expired, NotFound
from gitwarrant.model.errors import GitwarrantError, Unreachable
from gitwarrant.model.manifest import Content, ObjectKey

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0
"""Seconds before a watch that was cut is begun again: doubled each time."""
SELDOM = 600.0  # the longest wait where only metadata is wanted: most agents may not see every kind
BREATH = 64  # events after which others get their turn


class Change(Enum):
    """What a subscriber is told."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    SYNCED = "synced"
    """A list is complete: `names` are all objects there are."""
    TROUBLED = "troubled"
    """It cannot be watched, for the reason of `error`: nothing is known of its objects until RESUMED."""
    RESUMED = "resumed"
    """It is watched again: from where it was cut, or after a new list."""


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """What one watch covers. Cluster-scoped, or all namespaces: an empty namespace."""

    group: str
    version: str
    kind: str
    namespace: str
    metadata: bool = False
    """Only the objects' metadata are of interest."""
    name: str = ""
    """Of one object; empty: of all."""

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} in {self.namespace}" if self.namespace else kind

    def key(self, content: Content) -> ObjectKey:
        """The key of one of its objects."""
        metadata = content["metadata"]
        return ObjectKey(self.group, self.kind, metadata.get("namespace", ""), metadata["name"])


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `object` is the newest state, or the last one of what was deleted."""

    change: Change
    source: Source
    object: Content = field(default_factory=dict)
    names: frozenset[tuple[str, str]] = frozenset()
    """Of SYNCED: (namespace, name) of every object."""
    error: GitwarrantError | None = None


Subscriber: TypeAlias = Callable[[Event], None]
"""Is called with every event in its order, and must be quick; the object is not kept by anybody else."""


class Watch:
    """One list and watch. No label selects its objects: one whose label was stripped must be seen.

    Objects are handed on and forgotten; only the version to go on from is kept.
    """

    def __init__(self, cluster: Cluster, source: Source, lists: asyncio.Semaphore) -> None:
        """`lists` bounds how many lists are read at once: their pages are what costs memory."""
        self.source = source
        self.subscribers: list[Subscriber] = []
        self._cluster, self._lists = cluster, lists
        self._version = ""
        self._failures = 0
        self._told = ""

    def forget(self) -> None:
        """Begin with a list at the next run."""
        self._version = ""

    async def run(self) -> None:
        """List and watch until cancelled; what stops it is told, and tried again later."""
        while True:
            try:
                await self._once()
            except Expired:
                self._version = ""
            except Unreachable as error:
                self._troubled(error)
            except ClusterError as error:
                if isinstance(error, NotFound | KindUnknown):
                    self._cluster.forget_kinds()
                self._version = ""  # whatever happens until we may look again, we did not see it
                if self._failures or not isinstance(error, NotFound):  # the discovery will say it better
                    self._troubled(error)
            await self._pause()

    async def _once(self) -> None:
        """Watch until the server ends it; list first where no version is known."""
        source = self.source
        resource = await self._cluster.resource(source.group, source.version, source.kind)
        if not self._version:
            async with self._lists:
                await self._list(resource)
        watched = self._cluster.watch(
            resource, source.namespace, since=self._version, name=source.name, metadata=source.metadata
        )
        async with watched as events:
            self._resumed()
            count = 0
            async for change, content in events:
                self._take(change, content)
                count += 1
                if count % BREATH == 0:
                    await asyncio.sleep(0)

    async def _list(self, resource: Resource) -> None:
        source, names, version = self.source, set[tuple[str, str]](), ""
        pages = self._cluster.pages(resource, source.namespace, name=source.name, metadata=source.metadata)
        async with aclosing(pages):
            async for page in pages:
                if page.first:
                    names.clear()
                version = page.version
                while page.items:
                    item = page.items.pop()
                    names.add((item["metadata"].get("namespace", ""), item["metadata"]["name"]))
                    self._tell(Event(Change.ADDED, source, item))
                    if len(names) % BREATH == 0:
                        await asyncio.sleep(0)
        self._version = version
        self._tell(Event(Change.SYNCED, source, names=frozenset(names)))

    def _take(self, change: str, content: Content) -> None:
        self._version = str(content["metadata"]["resourceVersion"])
        self._failures = 0
        if change != "BOOKMARK":
            self._tell(Event(Change(change.lower()), self.source, content))

    def _resumed(self) -> None:
        if self._told:
            self._told = ""
            self._tell(Event(Change.RESUMED, self.source))

    def _troubled(self, error: GitwarrantError) -> None:
        """Say what is wrong once, however often it is tried; a server that is away says it in many ways."""
        if not self._told or (not isinstance(error, Unreachable) and self._told != error.what):
            self._told = error.what
            self._tell(Event(Change.TROUBLED, self.source, error=error))

    async def _pause(self) -> None:
        most = SELDOM if self.source.metadata else LONGEST_WAIT
        longest = min(most, FIRST_WAIT * 2.0 ** min(self._failures, 16))
        self._failures += 1
        await asyncio.sleep(longest * random.uniform(0.5, 1))  # noqa: S311 - only spreads load

    def _tell(self, event: Event) -> None:
        for subscriber in tuple(self.subscribers):
            subscriber(event)
