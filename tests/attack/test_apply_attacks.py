"""Attacks on apply by somebody with a bundle, or with write access to the cluster. Stage: apply."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.cluster_workshop import Workshop, edited, leaf, run

from gitwarrant.audit.group import GroupCommit
from gitwarrant.cluster.ledger import Ledger
from gitwarrant.model.errors import Refused
from gitwarrant.model.live import Result
from gitwarrant.model.plan import LeafList, Operation
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def test_delete_without_a_leaf(cluster: Sandbox) -> None:
    """An object that vanished from the repository, but is no delete leaf, stays: apply never prunes."""

    async def attack(shop: Workshop) -> None:
        one, two = shop.config("one", a="1"), shop.config("two", a="1")
        await shop.apply(one, two)

        applied = await shop.apply(one)

        assert applied.complete
        assert (await shop.live(two))["data"] == {"a": "1"}
        assert [entry.key.name for entry in shop.owned()] == ["one", "two"]

    run(cluster.kubeconfig, attack)


def test_object_recreated_by_another_is_not_deleted(cluster: Sandbox) -> None:
    """The uid of the inventory is the precondition: what somebody else made under the name survives."""

    async def attack(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        await shop.send("DELETE", settings)
        await shop.send("POST", settings, {**settings.content, "data": {"theirs": "yes"}}, collection=True)

        [outcome] = (await shop.apply(deletes=[settings])).objects

        assert outcome.result is Result.FAILED
        assert "somebody else made it again" in outcome.message
        assert (await shop.live(settings))["data"] == {"theirs": "yes"}
        assert shop.records(RecordKind.APPLIED)[-1].body["result"] == "failed"

    run(cluster.kubeconfig, attack)


def test_bystander_with_our_label_is_not_deleted(cluster: Sandbox) -> None:
    """Our label on a stranger's object says nothing: the log is the inventory."""

    async def attack(shop: Workshop) -> None:
        mine, theirs = shop.config("mine"), shop.config("theirs")
        await shop.apply(mine)
        labels = (await shop.live(mine))["metadata"]["labels"]
        metadata = {**shop.named("theirs"), "labels": labels}
        await shop.send("POST", theirs, {**theirs.content, "metadata": metadata}, collection=True)

        [outcome] = (await shop.apply(deletes=[theirs])).objects

        assert outcome.result is Result.FAILED
        assert "gitwarrant did not create it" in outcome.message
        await shop.live(theirs)

    run(cluster.kubeconfig, attack)


def test_manifest_swapped_after_warrant(cluster: Sandbox) -> None:
    """One byte of one object other than what was signed: nothing at all is written."""

    async def attack(shop: Workshop) -> None:
        one, two = shop.config("one", a="1"), shop.config("two", a="1")
        listed = LeafList(tuple(sorted([leaf(one), leaf(two)])))
        warrant = await shop.warrant(listed)

        with pytest.raises(Refused, match="is not the object that was warranted") as refused:
            await shop.apply_as(warrant, listed, [one, edited(two, data={"a": "2"})])

        assert refused.value.stage == "apply"
        assert await shop.cluster.get(one.key, "v1") is None
        assert list(shop.log.read()) == []

    run(cluster.kubeconfig, attack)


def test_leaf_list_swapped_after_warrant(cluster: Sandbox) -> None:
    """A delete leaf slipped into the list changes its digest, which the warrant names."""

    async def attack(shop: Workshop) -> None:
        one, two = shop.config("one"), shop.config("two")
        await shop.apply(one, two)
        warrant = await shop.warrant(LeafList((leaf(one),)))
        more = LeafList(tuple(sorted([leaf(one), leaf(two, Operation.DELETE)])))

        with pytest.raises(Refused, match="the leaf list is not the one that the warrant names"):
            await shop.apply_as(warrant, more, [one])

    run(cluster.kubeconfig, attack)


def test_warrant_for_another_cluster(cluster: Sandbox) -> None:
    """A warrant of staging shown to production names another uid."""

    async def attack(shop: Workshop) -> None:
        one = shop.config("one")
        listed = LeafList((leaf(one),))
        warrant = replace(await shop.warrant(listed), cluster="another")

        with pytest.raises(Refused, match="the warrant is for cluster another"):
            await shop.apply_as(warrant, listed, [one])

    run(cluster.kubeconfig, attack)


def test_warrant_kept_for_later(cluster: Sandbox) -> None:
    """A warrant that has ended applies nothing."""

    async def attack(shop: Workshop) -> None:
        one = shop.config("one")
        listed = LeafList((leaf(one),))
        warrant = await shop.warrant(listed)
        ended = replace(warrant, not_after=warrant.issued - timedelta(seconds=1))

        with pytest.raises(Refused, match="the warrant ended at"):
            await shop.apply_as(ended, listed, [one])

    run(cluster.kubeconfig, attack)


def test_foreign_object_made_between_intent_and_write(cluster: Sandbox) -> None:
    """An intent in the log does not make an object ours: without our label it is not taken by force."""

    async def attack(shop: Workshop) -> None:
        settings = shop.config(a="1")
        listed = LeafList((leaf(settings),))
        warrant = await shop.warrant(listed)
        async with GroupCommit(shop.log) as group:
            await Ledger(shop.log, group, shop.name, warrant.sequence).intend(leaf(settings))
        theirs = {**settings.content, "data": {"a": "theirs"}}
        await shop.send("POST", settings, theirs, query="?fieldManager=mallory", collection=True)

        [outcome] = (await shop.apply_as(warrant, listed, [settings])).objects

        assert outcome.result is Result.FAILED
        assert "'mallory'" in outcome.message

    run(cluster.kubeconfig, attack)
