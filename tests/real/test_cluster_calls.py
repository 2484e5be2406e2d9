"""What an apply costs, counted in the API server's own audit log; and what it does when objects move on."""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.audited import calls
from tests.support.cluster_workshop import Workshop, edited, now, run, until

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import Entry
from gitwarrant.cluster.applying.write import CHANGED
from gitwarrant.cluster.baseline import MemoryBaselines
from gitwarrant.cluster.client import Written
from gitwarrant.model.live import Applied, AppliedObject, Result
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Action
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.sandbox.find import Sandbox
from gitwarrant.store.sqlite import StoreError

pytestmark = pytest.mark.real

COUNT = 12


async def counted(shop: Workshop, cluster: Sandbox, since: str) -> tuple[Counter[str], str]:
    """What was asked about the environment's objects since a mark, and a new mark."""
    mark = f"mark-{secrets.token_hex(8)}"
    await shop.cluster.get(ObjectKey("", "ConfigMap", shop.namespace, mark), "v1")

    async def arrived() -> bool:
        return mark in cluster.audit_log.read_text()

    await until(arrived)
    return calls(cluster.audit_log, shop.namespace, since=since), mark


async def deploy(shop: Workshop, *planned: tuple[Manifest, Action]) -> Applied:
    """Plan and apply, as a deployer does it."""
    refined = await shop.refined(*planned)
    return await shop.apply(
        *(item for item, action in planned if action is not Action.DELETE),
        deletes=[item for item, action in planned if action is Action.DELETE],
        changed=frozenset(),
        planned=refined,
    )


def services(shop: Workshop, **data: str) -> list[Manifest]:
    return [shop.config(f"c{number:02}", **data) for number in range(COUNT)]


def test_calls_follow_the_change(cluster: Sandbox) -> None:
    """One dry run and one apply for each object that changes, one read and one delete for each that goes."""

    async def test(shop: Workshop) -> None:
        items = services(shop, a="1")
        _, mark = await counted(shop, cluster, "")

        await deploy(shop, *((item, Action.CREATE) for item in items))
        first, mark = await counted(shop, cluster, mark)

        changed = [edited(items[0], data={"a": "2"}), *items[1:]]
        plan = [(changed[0], Action.UPDATE), *((item, Action.UNCHANGED) for item in items[1:])]
        await deploy(shop, *plan)
        one, mark = await counted(shop, cluster, mark)

        await deploy(shop, *((item, Action.UNCHANGED) for item in changed))
        nothing, mark = await counted(shop, cluster, mark)

        await deploy(shop, *((item, Action.DELETE) for item in changed))
        last, _ = await counted(shop, cluster, mark)

        assert first == {"dry-run patch": COUNT, "patch": COUNT}
        assert one == {"dry-run patch": 1, "patch": 1}
        assert nothing == {}
        assert last == {"get": COUNT, "delete": COUNT}

    run(cluster.kubeconfig, test)


def test_looking_after_a_change_asks_for_no_baseline(cluster: Sandbox) -> None:
    """The answers to our own writes are the baselines: one read of each object is all."""

    async def test(shop: Workshop) -> None:
        items = services(shop, a="1")
        await deploy(shop, *((item, Action.CREATE) for item in items))
        changed = [edited(item, data={"a": "2"}) for item in items]
        await deploy(shop, *((item, Action.UPDATE) for item in changed))
        _, mark = await counted(shop, cluster, "")

        assert (await shop.observe(*changed)).drifts == ()

        seen, _ = await counted(shop, cluster, mark)
        assert seen == {"get": COUNT}

    run(cluster.kubeconfig, test)


def test_without_its_baselines_a_plan_reads_what_it_changes(cluster: Sandbox) -> None:
    """A lost cache costs a read for each changed object, and shows the same."""

    async def test(shop: Workshop) -> None:
        item = shop.config(a="1")
        await shop.apply(item)
        changed = edited(item, data={"a": "2"})
        known = (await shop.refined((changed, Action.UPDATE))).plan.objects
        shop.baselines = MemoryBaselines()
        _, mark = await counted(shop, cluster, "")

        read = (await shop.refined((changed, Action.UPDATE))).plan.objects

        assert read == known
        assert [found.pointer for found in read[0].differences] == [("data", "a")]
        assert (await counted(shop, cluster, mark))[0] == {"dry-run patch": 1, "get": 1}

    run(cluster.kubeconfig, test)


def test_what_an_earlier_warrant_still_owes_is_planned_too(cluster: Sandbox) -> None:
    """The plan says unchanged, for it compares warrants; the log knows better, so the server is asked."""

    async def test(shop: Workshop) -> None:
        item = shop.config(a="1")
        await shop.apply(item)

        refined = await shop.refined((edited(item, data={"a": "2"}), Action.UNCHANGED))

        [planned] = refined.plan.objects
        assert (planned.action, planned.note) == (
            Action.UPDATE,
            "not applied yet, though an earlier warrant names it",
        )
        assert refined.met[item.key].uid == (await shop.live(item))["metadata"]["uid"]

    run(cluster.kubeconfig, test)


async def planned_and_applied(
    shop: Workshop, item: Manifest, meanwhile: Any, action: Action = Action.UPDATE
) -> AppliedObject:
    """Plan one object, let something happen, apply it."""
    refined = await shop.refined((item, action))
    await meanwhile()
    [outcome] = (await shop.apply(item, planned=refined)).objects
    return outcome


def test_an_object_whose_status_moved_is_planned_again_and_written(cluster: Sandbox) -> None:
    """The difference is the same: a new intent and Audit-ID, and the write goes through."""

    async def test(shop: Workshop) -> None:
        web = shop.deployment(paused=True)
        await shop.apply(web)
        await until(lambda: settled(shop, web))

        async def meanwhile() -> None:
            await shop.patch(web, {"status": {"collisionCount": 7}}, subresource="/status")

        outcome = await planned_and_applied(shop, shop.deployment(paused=True, replicas=2), meanwhile)

        assert (outcome.result, outcome.message) == (Result.CONFIGURED, "")
        assert (await shop.live(web))["spec"]["replicas"] == 2
        intents = [
            record
            for record in shop.records(RecordKind.APPLY_INTENT)
            if record.body["object"]["kind"] == "Deployment" and record.body["sequence"] == 2
        ]
        assert len({record.body["audit_id"] for record in intents}) == 2
        assert shop.records(RecordKind.APPLIED)[-1].body["audit_id"] == intents[-1].body["audit_id"]

    run(cluster.kubeconfig, test)


async def settled(shop: Workshop, web: Manifest) -> bool:
    live = await shop.live(web)
    return bool(live.get("status", {}).get("observedGeneration") == live["metadata"]["generation"])


def test_a_declared_field_that_somebody_edits_meanwhile_is_put_right(cluster: Sandbox) -> None:
    """What we apply and what it changes in the baseline is the same: the warranted value wins."""

    async def test(shop: Workshop) -> None:
        item = shop.config(a="1", b="1")
        await shop.apply(item)

        async def meanwhile() -> None:
            await shop.patch(item, {"data": {"b": "9"}})

        outcome = await planned_and_applied(shop, shop.config(a="2", b="1"), meanwhile)

        assert outcome.result is Result.CONFIGURED
        assert (await shop.live(item))["data"] == {"a": "2", "b": "1"}

    run(cluster.kubeconfig, test)


def test_an_object_that_was_made_again_meanwhile_is_not_written(cluster: Sandbox) -> None:
    """Attack: swap the object between plan and apply. Another uid: nobody planned for that object."""

    async def test(shop: Workshop) -> None:
        item = shop.config(a="1")
        await shop.apply(item)
        theirs = {**item.content, "data": {"theirs": "yes"}}

        async def meanwhile() -> None:
            await shop.send("DELETE", item)
            await shop.send("POST", item, theirs, collection=True)

        outcome = await planned_and_applied(shop, shop.config(a="2"), meanwhile)

        assert (outcome.result, outcome.message) == (Result.FAILED, CHANGED)
        assert (await shop.live(item))["data"] == {"theirs": "yes"}

    run(cluster.kubeconfig, test)


def test_an_object_that_was_deleted_meanwhile_is_planned_anew_first(cluster: Sandbox) -> None:
    """It would be a create by now, which nobody planned; the next run does it."""

    async def test(shop: Workshop) -> None:
        item = shop.config(a="1")
        await shop.apply(item)

        async def meanwhile() -> None:
            await shop.send("DELETE", item)

        outcome = await planned_and_applied(shop, shop.config(a="2"), meanwhile)
        again = (await deploy(shop, (shop.config(a="2"), Action.UPDATE))).objects

        assert (outcome.result, outcome.message) == (Result.FAILED, CHANGED)
        assert [item.result for item in again] == [Result.CREATED]

    run(cluster.kubeconfig, test)


def test_an_object_that_never_rests_is_given_up(cluster: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes before each of our tries: bounded, with the reason, and each try in the log."""

    async def test(shop: Workshop) -> None:
        item = shop.config(a="1")
        await shop.apply(item)
        refined = await shop.refined((shop.config(a="2"), Action.UPDATE))
        real, edits = shop.cluster.apply, iter(range(100))

        async def restless(key: ObjectKey, *arguments: Any, **named: Any) -> Written:
            if key == item.key and not named.get("dry_run"):
                await shop.patch(item, {"metadata": {"annotations": {"edit": str(next(edits))}}})
            return await real(key, *arguments, **named)

        monkeypatch.setattr(shop.cluster, "apply", restless)
        [outcome] = (await shop.apply(shop.config(a="2"), planned=refined)).objects

        assert outcome.result is Result.FAILED
        assert "the object has been modified" in outcome.message
        assert next(edits) == 4

    run(cluster.kubeconfig, test)


class FailingLog(MemoryLog):
    """A log whose disk is full after so many records."""

    def __init__(self, after: int) -> None:
        super().__init__(now)
        self.left = after

    def append_many(self, entries: Sequence[Entry]) -> tuple[Record, ...]:
        if len(entries) > self.left:
            raise StoreError("the disk is full", remedy="free some space")
        self.left -= len(entries)
        return super().append_many(entries)


def test_a_log_that_fails_in_the_middle_stops_all_writes(cluster: Sandbox) -> None:
    """Nothing reaches the server whose intent is not in the log, however many were in flight."""

    async def test(shop: Workshop) -> None:
        shop.log = FailingLog(after=COUNT)
        items = services(shop, a="1")
        _, mark = await counted(shop, cluster, "")

        with pytest.raises(StoreError, match="the disk is full"):
            await shop.apply(*items)

        seen, _ = await counted(shop, cluster, mark)
        intended = shop.records(RecordKind.APPLY_INTENT)
        assert seen["patch"] <= len(intended) <= COUNT

    run(cluster.kubeconfig, test)
