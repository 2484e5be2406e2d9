"""All watches of one cluster, each shared by every environment that has objects there."""

import asyncio
from types import TracebackType
from typing import Self

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.watch import Source, Subscriber, Watch

LISTS = 2  # lists read at once: a page of large objects takes some ten megabytes


LEAVE_SECONDS = 0.1  # TLS takes leave of the server after a request was cancelled; asyncio waits for nobody


class Live:
    """Keeps one watch for each source that somebody subscribed to; used as `async with Live(cluster)`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lists = asyncio.Semaphore(LISTS)
        self._watches: dict[Source, Watch] = {}
        self._tasks: dict[Source, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Nothing is watched yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all watches."""
        tasks = tuple(self._tasks.values())
        self._watches.clear()
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(LEAVE_SECONDS)

    def subscribe(self, source: Source, subscriber: Subscriber, *, replay: bool = True) -> None:
        """Tell every object that there is, SYNCED, and from then on what happens.

        Objects are kept by nobody, so a watch that others have already is
        listed anew, and they are told again what they know.

        Args:
            replay: without it, what is there already need not be told.
        """
        watch = self._watches.setdefault(source, Watch(self._cluster, source, self._lists))
        watch.subscribers.append(subscriber)
        if replay or source not in self._tasks:
            self.again(source)

    def unsubscribe(self, source: Source, subscriber: Subscriber) -> None:
        """Tell it nothing more; the last one to go ends the watch."""
        watch = self._watches[source]
        watch.subscribers.remove(subscriber)
        if not watch.subscribers:
            del self._watches[source]
            self._tasks.pop(source).cancel()

    def again(self, source: Source) -> None:
        """List a source anew: cheaper than to read many of its objects one by one."""
        watch = self._watches[source]
        if source in self._tasks:
            self._tasks[source].cancel()
        watch.forget()
        self._tasks[source] = asyncio.create_task(watch.run(), name=f"watch {source}")

    def check(self) -> None:
        """Raise what ended a watch, which nothing ever should."""
        for task in self._tasks.values():
            if task.done() and not task.cancelled():
                task.result()
