"""Who is looked at next: each once, none too often."""

import asyncio
import time

from gitwarrant.cluster.due import Due
from gitwarrant.model.manifest import ObjectKey

A, B = (ObjectKey("", "ConfigMap", "shop", name) for name in ("a", "b"))


def test_a_key_that_was_named_often_is_taken_once() -> None:
    async def run() -> bool:
        due = Due(pace=60)
        due.add([A, A])
        due.add([A])
        assert await due.take() == A
        due.done(A)
        return due.idle

    assert asyncio.run(run())


def test_a_key_that_changes_while_it_is_looked_at_is_looked_at_again() -> None:
    """After the pace, and not by two at once."""

    async def run() -> float:
        due = Due(pace=0.05)
        due.add([A])
        await due.take()
        due.add([A, B])
        assert await due.take() == B
        due.done(B)
        due.done(A)
        began = time.monotonic()
        assert await due.take() == A
        return time.monotonic() - began

    assert 0.04 < asyncio.run(run()) < 2


def test_who_waits_is_woken_by_what_is_added() -> None:
    async def run() -> ObjectKey:
        due = Due(pace=0)
        asyncio.get_running_loop().call_later(0.01, due.add, [B])
        return await asyncio.wait_for(due.take(), 2)

    assert asyncio.run(run()) == B


def test_what_was_dropped_is_not_taken() -> None:
    async def run() -> bool:
        due = Due(pace=0)
        due.add([A, B])
        due.drop([A])
        assert await due.take() == B
        due.done(B)
        return due.idle

    assert asyncio.run(run())


def test_quiet_waits_for_looks_and_not_for_what_only_waits() -> None:
    async def run() -> None:
        due = Due(pace=0)
        due.add([A, B])
        taken = await due.take()
        asyncio.get_running_loop().call_later(0.01, due.done, taken)
        await asyncio.wait_for(due.quiet(), 2)
        assert not due.idle

    asyncio.run(run())
