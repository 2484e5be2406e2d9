"""Two controllers that fight: ours gives up, says who the other one is, and tries again later."""

from datetime import datetime, timedelta

import pytest
from tests.support.cluster_workshop import Workshop, now, run

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.cluster.restraint import FIGHT
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.live import Drift
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


class Passing:
    """A clock that can be put on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


async def fought(shop: Workshop, clock: Passing, item: Manifest) -> Drift:
    """Another controller sets a key again, each time it was put back."""
    for _ in range(FIGHT):
        await shop.patch(item, {"data": {"a": "theirs"}}, manager="other-controller")
        assert (await shop.observe(item, mode=DriftMode.REVERT)).reverted == (item.key,)
        clock.ahead += timedelta(minutes=5)
    await shop.patch(item, {"data": {"a": "theirs"}}, manager="other-controller")
    seen = await shop.observe(item, mode=DriftMode.REVERT)
    assert seen.reverted == ()
    return seen.drifts[0]


def test_a_fight_ends_with_a_name_and_begins_again_after_a_while(cluster: Sandbox) -> None:
    """The log alone knows of the fight: another process does not go on with it either."""

    async def test(shop: Workshop) -> None:
        shop.clock = clock = Passing()
        shop.log = MemoryLog(clock)
        settings = shop.config(a="1")
        await shop.apply(settings)

        drift = await fought(shop, clock, settings)

        assert (drift.fought, drift.managers) == (("/data/a",), ("other-controller",))
        assert drift.note == "not put back: put back 5 times within an hour, and written again each time"
        assert len(shop.records(RecordKind.REVERTED)) == FIGHT
        assert (await shop.live(settings))["data"] == {"a": "theirs"}

        clock.ahead += timedelta(hours=1)
        assert (await shop.observe(settings, mode=DriftMode.REVERT)).reverted == (settings.key,)

    run(cluster.kubeconfig, test)


def test_a_fight_over_one_field_shields_no_other(cluster: Sandbox) -> None:
    """Attack: fight over a harmless key, then change another. Stopped by observe: both come back."""

    async def test(shop: Workshop) -> None:
        shop.clock = clock = Passing()
        shop.log = MemoryLog(clock)
        settings = shop.config(a="1", password="ours")
        await shop.apply(settings)
        await fought(shop, clock, settings)

        await shop.patch(settings, {"data": {"password": "theirs"}})
        await shop.observe(settings, mode=DriftMode.REVERT)

        assert (await shop.live(settings))["data"] == {"a": "1", "password": "ours"}

    run(cluster.kubeconfig, test)


def test_a_new_warrant_ends_the_waiting(cluster: Sandbox) -> None:
    async def test(shop: Workshop) -> None:
        shop.clock = clock = Passing()
        shop.log = MemoryLog(clock)
        settings = shop.config(a="1")
        await shop.apply(settings)
        await fought(shop, clock, settings)

        await shop.apply(settings)
        await shop.patch(settings, {"data": {"a": "theirs"}}, manager="other-controller")

        assert (await shop.observe(settings, mode=DriftMode.REVERT)).reverted == (settings.key,)

    run(cluster.kubeconfig, test)
