"""What is to be looked at, each once however often it was named, and none too often."""

import asyncio
import heapq
import time
from collections.abc import Iterable

from gitwarrant.model.manifest import ObjectKey


class Due:
    """Keys that wait for their turn. One that was looked at a moment ago waits until `pace` seconds passed.

    It holds keys only: whoever takes one reads the newest state.
    """

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._waiting: dict[ObjectKey, float] = {}
        self._heap: list[tuple[float, ObjectKey]] = []
        self._busy: set[ObjectKey] = set()
        self._looked: dict[ObjectKey, float] = {}
        self._changed = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def quiet(self) -> None:
        """Wait until nothing is being looked at."""
        await self._quiet.wait()

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is being looked at."""
        return not self._waiting and not self._busy

    def add(self, keys: Iterable[ObjectKey]) -> None:
        """Let these be looked at; also those that are being looked at, once more."""
        now = time.monotonic()
        for key in keys:
            if key not in self._waiting:
                at = max(now, self._looked.get(key, 0.0) + self._pace)
                self._waiting[key] = at
                heapq.heappush(self._heap, (at, key))
        self._changed.set()

    def drop(self, keys: Iterable[ObjectKey]) -> None:
        """Let these wait no more."""
        for key in keys:
            self._waiting.pop(key, None)

    async def take(self) -> ObjectKey:
        """The next one whose time has come; it is busy until `done`."""
        while True:
            self._changed.clear()
            wait = self._until_next()
            if wait is not None and wait <= 0:
                _, key = heapq.heappop(self._heap)
                del self._waiting[key]
                self._busy.add(key)
                self._quiet.clear()
                return key
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                continue

    def done(self, key: ObjectKey) -> None:
        """It was looked at."""
        now = time.monotonic()
        self._busy.discard(key)
        self._looked[key] = now
        if key in self._waiting:  # named again meanwhile
            self._waiting[key] = now + self._pace
            heapq.heappush(self._heap, (now + self._pace, key))
        self._changed.set()
        if not self._busy:
            self._quiet.set()

    def _until_next(self) -> float | None:
        """Seconds until the next one may be taken; None: nothing waits."""
        now = time.monotonic()
        while self._heap:
            at, key = self._heap[0]
            if self._waiting.get(key) == at and key not in self._busy:
                return at - now
            heapq.heappop(self._heap)  # dropped, or busy: then `done` brings it back
        self._looked = {key: at for key, at in self._looked.items() if at + self._pace > now}
        return None
