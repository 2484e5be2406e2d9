"""Records that many coroutines hand over at once: in order, durable before anybody goes on, all or none."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitwarrant.audit.group import Gathering, GroupCommit
from gitwarrant.audit.log import Log
from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import Entry, RecordError
from gitwarrant.model.manifest import Json
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.store import sqlite
from gitwarrant.store.sqlite import StoreError

SOURCE = str(Path(sqlite.__file__).parents[2])

GROUPING = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from gitwarrant.audit.group import GroupCommit
from gitwarrant.audit.log import Log
from gitwarrant.model.record import RecordKind

async def work(group):
    while True:
        record = await group.append(RecordKind.APPLY_INTENT, "production", {"padding": "x" * 500})
        os.write(1, f"{record.number}\\n".encode())

async def main():
    with Log(Path(sys.argv[1]), lambda: datetime.now(UTC)) as log:
        async with GroupCommit(log) as group:
            await asyncio.gather(*(work(group) for _ in range(16)))

asyncio.run(main())
"""


def now() -> datetime:
    return datetime.now(UTC)


class CountingLog(MemoryLog):
    """A log that says how large its groups were, and fails from the n-th on."""

    def __init__(self, fails_from: int = 1_000) -> None:
        super().__init__(now)
        self.groups: list[int] = []
        self.fails_from = fails_from

    def append_many(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        if len(self.groups) >= self.fails_from:
            raise StoreError("the disk is full", remedy="free some space")
        self.groups.append(len(entries))
        return super().append_many(entries)


def intents(log: MemoryLog | Log) -> list[int]:
    return [record.body["of"] for record in log.read()]


def test_what_is_handed_over_at_once_is_written_at_once_and_in_order() -> None:
    log = CountingLog()

    async def test() -> list[Record]:
        async with GroupCommit(log) as group:
            return list(
                await asyncio.gather(
                    *(group.append(RecordKind.APPLY_INTENT, "p", {"of": number}) for number in range(32))
                )
            )

    records = asyncio.run(test())

    assert log.groups == [32]
    assert records == list(log.read())
    assert intents(log) == list(range(32))


def test_who_awaits_goes_on_only_when_the_record_is_in_the_log() -> None:
    log = CountingLog()

    async def work(group: GroupCommit, number: int) -> bool:
        record = await group.append(RecordKind.APPLY_INTENT, "p", {"of": number})
        return record in list(log.read())

    async def test() -> list[bool]:
        async with GroupCommit(log) as group:
            return await asyncio.gather(*(work(group, number) for number in range(8)))

    assert asyncio.run(test()) == [True] * 8


def test_a_result_that_nobody_waits_for_is_in_the_log_when_the_group_ends() -> None:
    log = CountingLog()

    async def test() -> None:
        async with GroupCommit(log) as group:
            for number in range(3):
                group.append(RecordKind.APPLIED, "p", {"of": number})

    asyncio.run(test())

    assert intents(log) == [0, 1, 2]


def test_a_result_that_nobody_waits_for_joins_the_next_intent_in_its_order() -> None:
    log = CountingLog()

    async def test() -> None:
        async with GroupCommit(log) as group:
            group.append(RecordKind.APPLIED, "p", {"of": 1}, awaited=False)
            await asyncio.sleep(0)
            await group.append(RecordKind.APPLY_INTENT, "p", {"of": 2})

    asyncio.run(test())

    assert (log.groups, intents(log)) == ([2], [1, 2])


def test_a_result_that_nothing_follows_is_written_a_moment_later() -> None:
    """A wave may wait for minutes: what was done before it must not wait in memory as long."""
    log = CountingLog()

    async def test() -> None:
        async with GroupCommit(log) as group:
            done = group.append(RecordKind.APPLIED, "p", {"of": 1}, awaited=False)
            await asyncio.wait_for(asyncio.shield(done), 10)
            assert intents(log) == [1]

    asyncio.run(test())


def test_a_waiter_that_is_cancelled_takes_no_record_with_it() -> None:
    """One worker's failure cancels the others: what they had handed over is written all the same."""
    log = CountingLog()

    async def test() -> None:
        async with GroupCommit(log) as group:

            async def work() -> None:
                await group.append(RecordKind.APPLIED, "p", {"of": 1})

            worker = asyncio.create_task(work())
            await asyncio.sleep(0)
            worker.cancel()
            with pytest.raises(asyncio.CancelledError):
                await worker
            await group.append(RecordKind.APPLIED, "p", {"of": 2})

    asyncio.run(test())

    assert intents(log) == [1, 2]


def test_a_body_that_is_none_fails_alone() -> None:
    log = CountingLog()

    async def test() -> None:
        async with GroupCommit(log) as group:
            group.append(RecordKind.APPLIED, "p", {"of": 1})
            with pytest.raises(RecordError):
                group.append(RecordKind.APPLIED, "p", {"of": float("nan")})
            group.append(RecordKind.APPLIED, "p", {"of": 2})

    asyncio.run(test())

    assert intents(log) == [1, 2]


def test_after_a_failure_nothing_is_written_any_more() -> None:
    """A later intent in the log without an earlier result would tell another story."""
    log = CountingLog(fails_from=1)

    async def test() -> None:
        async with GroupCommit(log) as group:
            await group.append(RecordKind.APPLY_INTENT, "p", {"of": 1})
            group.append(RecordKind.APPLIED, "p", {"of": 1})  # fails, and nobody awaits it
            with pytest.raises(StoreError):
                await group.append(RecordKind.APPLY_INTENT, "p", {"of": 2})
            log.fails_from = 1_000
            with pytest.raises(StoreError):
                await group.append(RecordKind.APPLY_INTENT, "p", {"of": 3})

    with pytest.raises(StoreError, match="the disk is full"):
        asyncio.run(test())

    assert intents(log) == [1]


def test_an_error_under_way_is_not_replaced_by_the_log_s() -> None:
    log = CountingLog(fails_from=0)

    async def test() -> None:
        async with GroupCommit(log) as group:
            group.append(RecordKind.APPLIED, "p", {"of": 1})
            raise LookupError("what happened first")

    with pytest.raises(LookupError, match="what happened first"):
        asyncio.run(test())


def test_a_full_disk_fails_the_whole_group_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    with Log(tmp_path / "log.sqlite", now) as log:
        log.append(RecordKind.HEALTH, "p", {"of": 0})
        pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
        log._connection.execute(f"PRAGMA max_page_count = {pages + 2}")

        async def test() -> list[Record | BaseException]:
            async with GroupCommit(log) as group:
                small = await group.append(RecordKind.APPLY_INTENT, "p", {"of": 1})
                several: list[dict[str, Json]] = [
                    {"of": 2},
                    {"of": 3, "padding": "x" * 50_000},
                    {"of": 4},
                ]
                handed = [group.append(RecordKind.APPLY_INTENT, "p", body) for body in several]
                return [small, *await asyncio.gather(*handed, return_exceptions=True)]

        with pytest.raises(StoreError, match="the disk is full"):
            asyncio.run(test())

        assert intents(log) == [0, 1]


def test_what_is_gathered_in_one_turn_of_the_loop_is_written_at_once() -> None:
    log = CountingLog()

    async def test() -> None:
        gathering = Gathering(log)
        for number in range(5):
            gathering.append(RecordKind.HEALTH, "p", {"of": number})
        await asyncio.sleep(0)
        gathering.append(RecordKind.HEALTH, "p", {"of": 5})
        gathering.write()

    asyncio.run(test())

    assert log.groups == [5, 1]
    assert intents(log) == list(range(6))


def test_what_could_not_be_written_is_said_and_written_later() -> None:
    log = CountingLog(fails_from=0)

    async def test() -> None:
        gathering = Gathering(log)
        gathering.append(RecordKind.HEALTH, "p", {"of": 0})
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match="the disk is full"):
            gathering.append(RecordKind.HEALTH, "p", {"of": 1})
        log.fails_from = 1_000
        await asyncio.sleep(0)

    asyncio.run(test())

    assert intents(log) == [0, 1]


def test_kill_9_in_the_middle_of_groups_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Sixteen coroutines append; what one of them was told is there afterwards, and groups are whole."""
    path = tmp_path / "log.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-c", GROUPING, str(path), SOURCE], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(100)]

    os.kill(child.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    child.stdout.close()
    child.wait()

    with Log(path, now) as log:
        kept = [record.number for record in log.read()]
    assert kept == list(range(1, len(kept) + 1))
    assert set(acknowledged) <= set(kept)
    assert len(kept) - len(acknowledged) <= 16  # the group that was written and not told any more
