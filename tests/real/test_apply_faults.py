"""What may go wrong between us and a real API server: each fault stays with its object, and mends."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.cluster_workshop import Workshop, edited, leaf, manifest, run
from tests.support.dying_log import DyingLog, Killed
from tests.support.webhook import Denied, Mutate, Silent, webhook

from gitwarrant.model.errors import Refused
from gitwarrant.model.live import Applied, Result
from gitwarrant.model.manifest import Json, Manifest
from gitwarrant.model.plan import Action, LeafList, Operation
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def results(applied: Applied) -> dict[str, Result]:
    return {item.key.name: item.result for item in applied.objects}


def message(applied: Applied, name: str) -> str:
    [found] = [item.message for item in applied.objects if item.key.name == name]
    return found


def deny(item: Mapping[str, Json]) -> list[dict[str, Json]]:
    if item["metadata"]["name"] == "wrong":
        raise Denied("no owner is named")
    return []


def ignore(item: Mapping[str, Json]) -> list[dict[str, Json]]:
    if item["metadata"]["name"] == "wrong":
        raise Silent
    return []


@pytest.mark.parametrize(
    ("behaviour", "what", "remedy"),
    [
        pytest.param(
            deny,
            'admission webhook "mutate.example.com" denied the request: no owner is named',
            "mend the manifest as mutate.example.com says",
            id="denies",
        ),
        pytest.param(
            ignore,
            "the webhook mutate.example.com could not be asked",
            "see why mutate.example.com does not answer",
            id="times out",
        ),
    ],
)
def test_a_webhook_that_stops_one_object_is_named_and_the_others_go_on(
    cluster: Sandbox,
    tmp_path: Path,
    behaviour: Mutate,
    what: str,
    remedy: str,
) -> None:
    """At plan the object's place is told, at apply it alone fails."""

    async def test(shop: Workshop) -> None:
        wrong, good = shop.config("wrong", a="1"), shop.deployment("good")
        async with webhook(shop, tmp_path, "configmaps", behaviour):
            with pytest.raises(Refused) as refused:
                await shop.refine((wrong, Action.CREATE))
            applied = await shop.apply(wrong, good)

        assert (refused.value.stage, refused.value.place) == ("plan", wrong.place)
        assert what in refused.value.what
        assert remedy in refused.value.remedy
        assert results(applied) == {"wrong": Result.FAILED, "good": Result.CREATED}
        assert what in message(applied, "wrong")
        assert remedy in message(applied, "wrong")

    run(cluster.kubeconfig, test)


def test_what_a_webhook_adds_is_shown_by_the_plan(cluster: Sandbox, tmp_path: Path) -> None:
    """The dry run goes through it, so a reviewer sees what will be there."""

    async def test(shop: Workshop) -> None:
        def label(_: Mapping[str, Json]) -> list[dict[str, Json]]:
            return [{"op": "add", "path": "/data/team", "value": "web"}]

        await shop.apply(shop.config(a="1"))
        async with webhook(shop, tmp_path, "configmaps", label):
            refined = await shop.refined((shop.config(a="2"), Action.UPDATE))

        [planned] = refined.plan.objects
        assert [(item.pointer, item.after) for item in planned.differences] == [
            (("data", "a"), ("2",)),
            (("data", "team"), ("web",)),
        ]

    run(cluster.kubeconfig, test)


def test_a_quota_that_is_full_is_told_by_its_name(cluster: Sandbox) -> None:
    """The object beyond it fails, the one within it stands."""

    async def test(shop: Workshop) -> None:
        quota = manifest(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": shop.named("few"),
                "spec": {"hard": {"count/deployments.apps": "0"}},
            }
        )
        await shop.apply(quota)

        applied = await shop.apply(quota, shop.deployment("web"), shop.config("beside", a="1"))

        assert results(applied)["web"] is Result.FAILED
        assert results(applied)["beside"] is Result.CREATED
        assert message(applied, "web").endswith("ask for less, or raise the ResourceQuota few")

    run(cluster.kubeconfig, test)


def weighing(job: Manifest, size: int) -> Manifest:
    """A Job with so many bytes of arguments."""
    pod = job.content["spec"]["template"]["spec"]
    containers = [{**pod["containers"][0], "args": ["x" * size]}]
    return edited(job, spec={"template": {"spec": {**pod, "containers": containers}}})


def test_an_object_that_no_store_takes_is_told_to_be_split(cluster: Sandbox) -> None:
    """Larger than etcd's limit, and larger than the API server reads at all."""

    async def test(shop: Workshop) -> None:
        large, huge = weighing(shop.job("large"), 1_700_000), weighing(shop.job("huge"), 3_300_000)

        applied = await shop.apply(large, huge, shop.config("beside", a="1"))

        assert results(applied) == {
            "large": Result.FAILED,
            "huge": Result.FAILED,
            "beside": Result.CREATED,
        }
        assert "split the object" in message(applied, "large")
        assert "split it" in message(applied, "huge")

    run(cluster.kubeconfig, test)


def custom(group: str, shop: Workshop) -> tuple[Manifest, Manifest]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": group,
        "names": {"kind": "Gadget", "plural": "gadgets"},
        "scope": "Namespaced",
        "versions": [version],
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gadgets.{group}"},
        "spec": spec,
    }
    gadget = {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": shop.named("g"), "spec": {}}
    return manifest(definition), manifest(gadget)


def test_a_definition_deleted_under_us_comes_back_with_its_objects(cluster: Sandbox) -> None:
    """Nothing fails because of it for good: the next apply makes both again."""

    async def test(shop: Workshop) -> None:
        definition, gadget = custom(f"{shop.namespace}.example.com", shop)
        await shop.apply(definition, gadget)
        await shop.send("DELETE", definition)
        try:
            tries: list[Applied] = []
            while len(tries) < 20 and not (tries and tries[-1].complete):  # until the old one is gone
                await asyncio.sleep(0.2 * len(tries))
                tries.append(await shop.apply(definition, gadget, shop.config("beside", a="1")))

            assert all(results(applied)["beside"] is not Result.FAILED for applied in tries)
            assert tries[-1].complete, tries[-1]
            assert (await shop.live(gadget))["metadata"]["name"] == "g"
        finally:
            await shop.apply(deletes=[gadget, definition])

    run(cluster.kubeconfig, test)


def test_an_object_whose_definition_failed_is_held(cluster: Sandbox) -> None:
    """A schema that the server refuses: said of the definition; its object waits, the others do not."""

    async def test(shop: Workshop) -> None:
        definition, gadget = custom(f"{shop.namespace}.example.com", shop)
        wrong = edited(definition, spec={**definition.content["spec"], "scope": "Nowhere"})

        applied = await shop.apply(wrong, gadget, shop.config("beside", a="1"))

        assert results(applied) == {
            wrong.key.name: Result.FAILED,
            "g": Result.HELD,
            "beside": Result.CREATED,
        }
        assert message(applied, "g") == f"not tried: {wrong.key} failed"

    run(cluster.kubeconfig, test)


@pytest.mark.parametrize("after", range(13))
def test_killed_between_the_steps_of_hooks_and_of_making_again_it_converges(
    cluster: Sandbox, after: int
) -> None:
    """At each record: before a delete, between delete and create, while a hook runs, after its end."""

    async def test(shop: Workshop) -> None:
        shop.log = dying = DyingLog(after=-1)
        hook, job, old = shop.job("before", hook="PreSync"), shop.job("once"), shop.config("old", a="1")
        await shop.apply(job, old, recreates=[hook])
        template = {**job.content["spec"]["template"], "metadata": {"labels": {"v": "2"}}}
        again = edited(job, spec={**job.content["spec"], "template": template})
        listed = LeafList(
            tuple(
                sorted(
                    [
                        leaf(again, Operation.RECREATE),
                        leaf(hook, Operation.RECREATE),
                        leaf(old, Operation.DELETE),
                    ]
                )
            )
        )
        warrant = await shop.warrant(listed)
        dying.left = after

        try:
            await shop.apply_as(warrant, listed, [again, hook], changed=frozenset())
        except Killed:
            ended = False
        else:
            ended = True
        dying.left = -1
        finished = await shop.apply_as(warrant, listed, [again, hook], changed=frozenset())

        assert ended == (after == 12)  # so the points cover an apply to its end
        assert finished.complete, finished
        assert [entry.key.name for entry in shop.owned()] == ["before", "once"]
        assert (await shop.live(again))["spec"]["template"]["metadata"]["labels"]["v"] == "2"
        assert await shop.cluster.get(old.key, "v1") is None
        ran = [
            record
            for record in shop.records(RecordKind.APPLIED)
            if record.body["sequence"] == 2 and record.body["result"] == "finished"
        ]
        assert len(ran) == 1
        assert (await shop.observe(again, hook)).drifts == ()

    run(cluster.kubeconfig, test)
