"""Records of many coroutines made durable together: while one group is written, the next one gathers."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from gitwarrant.audit.recorder import Entry, Recorder
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Json
from gitwarrant.model.record import Record, RecordKind


class GroupCommit:
    """An asynchronous front of a recorder, used as `async with GroupCommit(recorder) as group`.

    Records keep the order in which they were handed over. The store is written
    by a thread of its own, so the loop goes on while the disk synchronises.
    After a failure nothing more is written: what was handed over later could
    otherwise be in the log without what came before it.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._waiting: list[tuple[Entry, asyncio.Future[Record]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until everything is durable, also what nobody awaits any more.

        Raises:
            GitwarrantError: something is not, and no other error is under way.
        """
        while self._writer is not None:
            await asyncio.wait([self._writer])
        if error is None and self._failure is not None:
            raise self._failure

    def append(self, kind: RecordKind, environment: str, body: Mapping[str, Json]) -> asyncio.Future[Record]:
        """Hand over one record. Awaiting what is returned waits until it is durable.

        Raises:
            RecordError: the body is none; the others are not concerned.
            GitwarrantError: on awaiting: the store failed, for this record or one before it.
        """
        entry = Entry.of(kind, environment, body)
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        if self._failure is not None:
            _failed(future, self._failure)
            return future
        self._waiting.append((entry, future))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        return future

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready in this turn of the loop joins
            group, self._waiting = self._waiting, []
            try:
                records = await asyncio.to_thread(self._recorder.append_many, [entry for entry, _ in group])
            except BaseException as error:  # noqa: BLE001 - it is raised where the record was handed over
                self._fail(error, group)
                break
            for record, (_, future) in zip(records, group, strict=True):
                if not future.done():  # who waited may have been cancelled
                    future.set_result(record)
        self._writer = None

    def _fail(self, error: BaseException, group: list[tuple[Entry, asyncio.Future[Record]]]) -> None:
        self._failure = error
        for _, future in (*group, *self._waiting):
            if not future.done():
                _failed(future, error)
        self._waiting = []


class Gathering:
    """Records that may follow a moment later: those of one turn of the event loop share one transaction.

    For what is only observed, and is observed again where it was lost.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._entries: list[Entry] = []
        self._failure: GitwarrantError | None = None

    def append(self, kind: RecordKind, environment: str, body: Mapping[str, Json]) -> None:
        """Have one record written when this turn of the event loop ends.

        Raises:
            GitwarrantError: earlier ones could not be written; they are tried again with this one.
        """
        self._entries.append(Entry.of(kind, environment, body))
        if len(self._entries) == 1 or self._failure is not None:
            asyncio.get_running_loop().call_soon(self._end_turn)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def write(self) -> None:
        """Write what was gathered, now.

        Raises:
            GitwarrantError: the store failed; nothing was lost.
        """
        if self._entries:
            self._recorder.append_many(self._entries)
            self._entries = []

    def _end_turn(self) -> None:
        try:
            self.write()
        except GitwarrantError as error:
            self._failure = error


def _failed(future: asyncio.Future[Record], error: BaseException) -> None:
    """Have it raised by whoever waits; on leaving at the latest, so the loop need not report it forgotten."""
    future.set_exception(error)
    future.exception()
