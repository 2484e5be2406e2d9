"""Waves, hooks and objects that are made again, on a real API server with its controllers."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.support.cluster_workshop import Workshop, annotated, edited, leaf, run, until

from gitwarrant.model.live import Applied, AppliedObject, DriftKind, Health, Result
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.plan import LeafList, Operation
from gitwarrant.model.record import RecordKind
from gitwarrant.model.turn import Phase, Turn
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def results(applied: Applied) -> dict[str, Result]:
    return {item.key.name: item.result for item in applied.objects}


def message(applied: Applied, name: str) -> str:
    [found] = [item.message for item in applied.objects if item.key.name == name]
    return found


def written_in_order(shop: Workshop) -> list[str]:
    """The names of objects in the order in which their writes ended; the ApplySet's parent is none."""
    return [record.body["object"]["name"] for record in shop.records(RecordKind.APPLIED)]


def uid(objects: Iterable[AppliedObject], name: str) -> str:
    [found] = [item.uid for item in objects if item.key.name == name]
    return found


def test_a_wave_begins_when_the_one_before_is_healthy(cluster: Sandbox) -> None:
    """Wave 1 is written after the Deployment of wave 0 has its Pods; deletes go in reverse."""

    async def test(shop: Workshop) -> None:
        first, web = shop.config("first", a="1"), shop.deployment()
        later = annotated(shop.config("later", a="1"), wave="1")
        first = annotated(first, wave="-1")

        applied = await shop.apply(later, web, first)

        assert applied.complete, applied
        assert written_in_order(shop) == ["first", "web", "later"]
        assert (await shop.live(web))["status"]["availableReplicas"] == 1
        assert {entry.key.name: entry.turn for entry in shop.owned()} == {
            "first": Turn(Phase.SYNC, -1),
            "later": Turn(Phase.SYNC, 1),
            "web": Turn(),
        }

        removed = await shop.apply(deletes=[first, web, later])
        assert removed.complete, removed
        assert written_in_order(shop)[3:] == ["later", "web", "first"]

    run(cluster.kubeconfig, test)


def test_what_comes_after_an_unhealthy_wave_is_held_until_it_is_healthy(cluster: Sandbox) -> None:
    """Held objects are named with the reason and leave no record; the next try goes on from there."""

    async def test(shop: Workshop) -> None:
        held, later = shop.held_deployment("web"), annotated(shop.config("later", a="1"), wave="1")
        listed = shop.leaves(held, later)
        warrant = await shop.warrant(listed)

        applied = await shop.apply_as(warrant, listed, [held, later], changed=frozenset(), patience=1)
        again = await shop.apply_as(warrant, listed, [held, later], changed=frozenset(), patience=1)

        assert results(applied) == {"web": Result.CREATED, "later": Result.HELD}
        assert results(again) == {"web": Result.UNCHANGED, "later": Result.HELD}
        assert "not tried: Deployment.apps" in message(again, "later")
        assert "is progressing: 0 of 1 Pods are available" in message(again, "later")
        assert written_in_order(shop) == ["web"]
        [told, _] = shop.records(RecordKind.APPLY_COMPLETED)
        assert told.body == {
            "sequence": 1,
            "complete": False,
            "held": [{"why": message(applied, "later"), "objects": 1}],
        }
        mended = shop.deployment("web")
        assert (await shop.apply(mended, later)).complete

    run(cluster.kubeconfig, test)


def test_what_stands_in_a_namespace_that_failed_is_held_and_the_rest_goes_on(cluster: Sandbox) -> None:
    """A namespace stuck in its deletion: said with the finalizer; an object elsewhere is written."""

    async def test(shop: Workshop) -> None:
        space = f"{shop.namespace}-stuck"
        content = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
        stuck = replace(
            shop.config(),
            key=replace(shop.config().key, kind="Namespace", namespace="", name=space),
            content=content,
        )
        inside = edited(shop.config("inside"), metadata={"name": "inside", "namespace": space})
        inside = replace(inside, key=replace(inside.key, namespace=space))
        beside = shop.config("beside", a="1")
        await shop.apply(stuck, inside, beside)
        await shop.patch(inside, {"metadata": {"finalizers": ["example.com/never"]}})
        await shop.send("DELETE", stuck)
        changed = edited(inside, data={"a": "2"})

        applied = await shop.apply(stuck, changed, shop.config("beside", a="2"))
        await shop.patch(inside, {"metadata": {"finalizers": None}})

        assert results(applied) == {
            space: Result.FAILED,
            "inside": Result.HELD,
            "beside": Result.CONFIGURED,
        }
        assert "it is being deleted" in message(applied, space)
        assert message(applied, "inside") == f"not tried: Namespace {space} failed"

    run(cluster.kubeconfig, test)


def test_nothing_is_deleted_while_something_could_not_be_written(cluster: Sandbox) -> None:
    """A rename whose new object is refused keeps the old one."""

    async def test(shop: Workshop) -> None:
        old = shop.config("old", a="1")
        await shop.apply(old)

        applied = await shop.apply(shop.deployment("new", replicas=-1), deletes=[old])

        assert results(applied) == {"new": Result.FAILED, "old": Result.HELD}
        assert await shop.live(old)
        assert [entry.key.name for entry in shop.owned()] == ["old"]

    run(cluster.kubeconfig, test)


def test_hooks_run_around_what_stands_and_once_under_each_warrant(cluster: Sandbox) -> None:
    """PreSync ends before the rest is written, PostSync comes once that is healthy; a repeat runs none."""

    async def test(shop: Workshop) -> None:
        before, after = shop.job("before", hook="PreSync"), shop.job("after", hook="PostSync")
        web = shop.deployment()
        listed = shop.leaves(web, recreates=[before, after])
        warrant = await shop.warrant(listed)

        applied = await shop.apply_as(warrant, listed, [web, before, after], changed=frozenset())
        again = await shop.apply_as(warrant, listed, [web, before, after], changed=frozenset())

        assert results(applied) == {
            "before": Result.FINISHED,
            "web": Result.CREATED,
            "after": Result.FINISHED,
        }
        # Each hook has two records: that it began, and that it ended.
        assert written_in_order(shop) == ["before", "before", "web", "after", "after"]
        assert set(results(again).values()) == {Result.UNCHANGED}

        second = await shop.apply(web, recreates=[before, after], changed=frozenset())
        assert second.complete, second
        assert uid(second.objects, "before") != uid(applied.objects, "before")

    run(cluster.kubeconfig, test)


def test_a_hook_that_fails_holds_what_comes_after_it_and_runs_again(cluster: Sandbox) -> None:
    """A Job beyond its deadline: its reason is told, nothing else is written; mended, all goes on."""

    async def test(shop: Workshop) -> None:
        before = shop.job("before", held=True, hook="PreSync")
        before = edited(before, spec={**before.content["spec"], "activeDeadlineSeconds": 1})
        web = shop.config("web", a="1")

        applied = await shop.apply(web, recreates=[before])

        assert results(applied) == {"before": Result.FAILED, "web": Result.HELD}
        assert message(applied, "before") == "the hook is failed: it did not end within 1 s"
        assert "Job.batch" in message(applied, "web")
        mended = await shop.apply(web, recreates=[shop.job("before", hook="PreSync")])
        assert mended.complete, mended

    run(cluster.kubeconfig, test)


def test_a_hook_goes_as_its_delete_policy_says_and_its_absence_is_no_drift(cluster: Sandbox) -> None:
    """HookSucceeded removes the Job, one with a TTL of zero removes itself; neither is missing."""

    async def test(shop: Workshop) -> None:
        goes = shop.job("goes", hook="PostSync", policy="HookSucceeded")
        vanishes = shop.job("vanishes", hook="PostSync")
        vanishes = edited(vanishes, spec={**vanishes.content["spec"], "ttlSecondsAfterFinished": 0})

        applied = await shop.apply(recreates=[goes, vanishes])

        assert applied.complete, applied
        assert results(applied) == {"goes": Result.DELETED, "vanishes": Result.FINISHED}
        assert await shop.cluster.get(goes.key, "v1") is None

        async def vanished() -> bool:
            return await shop.cluster.get(vanishes.key, "v1") is None

        await until(vanished)
        seen = await shop.observe(goes, vanishes)
        assert seen.drifts == ()
        assert {item.health for item in seen.health} == {Health.HEALTHY}

    run(cluster.kubeconfig, test)


def test_a_hook_does_not_delete_what_somebody_else_gave_its_name(cluster: Sandbox) -> None:
    """Attack: a hook that is to run removes an object of its name first. Only one of ours."""

    async def test(shop: Workshop) -> None:
        theirs = shop.job("migrate", held=True)
        await shop.send("POST", theirs, dict(theirs.content), collection=True)

        applied = await shop.apply(recreates=[shop.job("migrate", hook="PreSync")])

        assert results(applied) == {"migrate": Result.FAILED}
        assert "gitwarrant did not create it" in message(applied, "migrate")
        assert (await shop.live(theirs))["spec"]["template"]["metadata"]["annotations"]

    run(cluster.kubeconfig, test)


def other_job(shop: Workshop) -> Manifest:
    """A Job whose template differs, which the API server does not let change."""
    item = shop.job("once")
    template = {**item.content["spec"]["template"], "metadata": {"labels": {"v": "2"}}}
    return edited(item, spec={**item.content["spec"], "template": template})


def test_an_immutable_field_makes_the_object_again_where_its_leaf_allows_it(cluster: Sandbox) -> None:
    """With an apply leaf the change fails and nothing is deleted; with a recreate leaf it is made again."""

    async def test(shop: Workshop) -> None:
        made = await shop.apply(shop.job("once"))
        refused = await shop.apply(other_job(shop))
        applied = await shop.apply(recreates=[other_job(shop)])

        assert results(refused) == {"once": Result.FAILED}
        assert "field is immutable" in message(refused, "once")
        assert results(applied) == {"once": Result.CREATED}
        assert message(applied, "once") == "made again"
        assert uid(applied.objects, "once") != uid(made.objects, "once")
        intents = [record for record in shop.records(RecordKind.APPLY_INTENT) if record.body["sequence"] == 3]
        named = [record.body["operation"] for record in intents if record.body["object"]["kind"] == "Job"]
        assert named == ["recreate", "recreate"]
        assert len({record.body["audit_id"] for record in intents}) == len(intents)

    run(cluster.kubeconfig, test)


def test_what_may_be_made_again_is_changed_in_place_where_that_does(cluster: Sandbox) -> None:
    """A recreate leaf allows a delete, it does not ask for one."""

    async def test(shop: Workshop) -> None:
        made = await shop.apply(shop.deployment())

        applied = await shop.apply(recreates=[shop.deployment(replicas=2)])

        assert results(applied) == {"web": Result.CONFIGURED}
        assert uid(applied.objects, "web") == uid(made.objects, "web")

    run(cluster.kubeconfig, test)


def test_nothing_is_deleted_whose_successor_would_be_refused(cluster: Sandbox) -> None:
    """An invalid object with a recreate leaf fails, and the one that stands stays."""

    async def test(shop: Workshop) -> None:
        made = await shop.apply(shop.job("once"))
        wrong = other_job(shop)
        wrong = edited(wrong, spec={**wrong.content["spec"], "backoffLimit": -1})

        applied = await shop.apply(recreates=[wrong])

        assert results(applied) == {"once": Result.FAILED}
        assert (await shop.live(wrong))["metadata"]["uid"] == uid(made.objects, "once")

    run(cluster.kubeconfig, test)


def test_a_finalizer_that_blocks_is_told_and_the_next_try_goes_on(cluster: Sandbox) -> None:
    """Made again, the object waits for somebody else's finalizer; once that is gone, a new run creates it."""

    async def test(shop: Workshop) -> None:
        job = shop.job("once")
        await shop.apply(job)
        await shop.patch(job, {"metadata": {"finalizers": ["example.com/hold"]}})
        listed = LeafList((leaf(other_job(shop), Operation.RECREATE),))
        warrant = await shop.warrant(listed)

        stuck = await shop.apply_as(warrant, listed, [other_job(shop)], patience=1)
        await shop.patch(job, {"metadata": {"finalizers": None}})
        mended = await shop.apply_as(warrant, listed, [other_job(shop)])

        assert message(stuck, "once") == "it is still there after 1 s, waiting for example.com/hold"
        assert mended.complete, mended
        assert (await shop.observe(other_job(shop))).drifts == ()

    run(cluster.kubeconfig, test)


def test_an_owner_that_an_attacker_names_is_drift(cluster: Sandbox) -> None:
    """Attack: a foreign owner, so that the collector deletes our object with it. Seen as drift."""

    async def test(shop: Workshop) -> None:
        ours, theirs = shop.config("ours", a="1"), shop.config("theirs")
        await shop.apply(ours)
        await shop.send("POST", theirs, dict(theirs.content), collection=True)
        owner = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "theirs",
            "uid": (await shop.live(theirs))["metadata"]["uid"],
        }
        await shop.patch(ours, {"metadata": {"ownerReferences": [owner]}})

        [drift] = (await shop.observe(ours)).drifts

        assert drift.kind is DriftKind.CHANGED
        assert [item.pointer for item in drift.differences] == [("metadata", "ownerReferences")]

    run(cluster.kubeconfig, test)
