"""A round that is cancelled while it judges in a thread ends when the thread did: the log is closed next."""

import asyncio
import time

import pytest

from gitwarrant.agent.loop import _in_thread


def test_who_is_cancelled_waits_for_the_thread() -> None:
    ended: list[float] = []

    def work() -> None:
        time.sleep(0.2)
        ended.append(time.monotonic())

    async def run() -> float:
        task = asyncio.create_task(_in_thread(work))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic()

    assert asyncio.run(run()) >= ended[0]


def test_an_error_of_the_thread_is_the_callers() -> None:
    def work() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(_in_thread(work))
