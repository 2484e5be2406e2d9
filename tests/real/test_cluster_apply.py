"""Apply on a real API server: exactly the warranted leaves, each after its record, whatever happens."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.audited import whole_lines
from tests.support.cluster_workshop import Workshop, edited, leaf, manifest, now, run, until, workshop
from tests.support.dying_log import DyingLog, Killed

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.cluster.apply import highest_sequence
from gitwarrant.cluster.applyset import PART_OF, applyset_id, parent_key
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.cluster.refusal import Denied
from gitwarrant.cluster.transport import Answer, Request, Transport
from gitwarrant.cluster.wire import new_audit_id
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.errors import Refused, Unreachable
from gitwarrant.model.live import AppliedObject, Health, Result
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Action, LeafList, Operation
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox, credentials

pytestmark = pytest.mark.real


def results(objects: tuple[AppliedObject, ...]) -> dict[str, Result]:
    return {item.key.name: item.result for item in objects}


def test_objects_are_created_updated_and_deleted(cluster: Sandbox) -> None:
    """The whole life of two objects under three warrants, the inventory following by uid."""

    async def test(shop: Workshop) -> None:
        one, two = shop.config("one", a="1"), shop.config("two", a="1")
        first = await shop.apply(one, two)
        changed = edited(one, data={"a": "2"})
        second = await shop.apply(changed, deletes=[two])
        third = await shop.apply(changed, changed=frozenset())

        assert results(first.objects) == {"one": Result.CREATED, "two": Result.CREATED}
        assert results(second.objects) == {"one": Result.CONFIGURED, "two": Result.DELETED}
        assert results(third.objects) == {"one": Result.UNCHANGED}
        live = await shop.live(changed)
        assert live["data"] == {"a": "2"}
        assert [(entry.key, entry.uid) for entry in shop.owned()] == [(one.key, live["metadata"]["uid"])]
        assert await shop.cluster.get(two.key, "v1") is None

    run(cluster.kubeconfig, test)


def test_every_write_was_logged_before_it_was_sent(cluster: Sandbox) -> None:
    """The API server's own audit log holds exactly the Audit-IDs that our log holds as intents."""

    async def test(shop: Workshop) -> None:
        one, web = shop.config("one", a="1"), shop.deployment(paused=True)
        await shop.apply(one, web)
        await shop.apply(edited(one, data={"a": "2"}), deletes=[web])

        intents = {record.body["audit_id"]: record.time for record in shop.records(RecordKind.APPLY_INTENT)}
        seen: dict[str, str] = {}

        async def arrived() -> bool:
            seen.update(audited(cluster.audit_log, shop.namespace))
            return len(seen) >= len(intents)

        await until(arrived)
        assert seen.keys() == intents.keys()
        assert all(intents[audit_id].isoformat() < received for audit_id, received in seen.items())

    run(cluster.kubeconfig, test)


def audited(log: Path, namespace: str) -> dict[str, str]:
    """Audit-ID to time received, for our own writes into a namespace."""
    events = [json.loads(line) for line in whole_lines(log) if namespace in line]
    return {
        event["auditID"]: event["requestReceivedTimestamp"].replace("Z", "+00:00")
        for event in events
        if event["verb"] in ("patch", "delete", "create", "update")
        and event["objectRef"].get("namespace") == namespace
        and event["objectRef"]["resource"] != "namespaces"
        and event["userAgent"].startswith("gitwarrant/")
        and event["stage"] == "ResponseComplete"
    }


def test_members_and_parent_form_an_applyset(cluster: Sandbox) -> None:
    """KEP-3659: label on the member, id and kinds on the parent, which also keeps the sequence."""

    async def test(shop: Workshop) -> None:
        one, web = shop.config("one"), shop.deployment(paused=True)
        await shop.apply(one, web)
        await shop.apply(one, deletes=[web])

        key = parent_key("test", shop.namespace)
        parent = await shop.cluster.get(key, "v1")

        assert parent is not None
        assert parent["metadata"]["labels"] == {"applyset.kubernetes.io/id": applyset_id(key)}
        annotations = parent["metadata"]["annotations"]
        assert annotations["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap"
        assert annotations["applyset.kubernetes.io/tooling"].startswith("gitwarrant/v")
        assert (await shop.live(one))["metadata"]["labels"][PART_OF] == applyset_id(key)
        assert await highest_sequence(shop.cluster, "test", shop.namespace) == 2

    run(cluster.kubeconfig, test)


def test_a_custom_kind_and_its_object_arrive_in_one_change(cluster: Sandbox) -> None:
    """The definition is waited for; the plan says beforehand that the server cannot be asked yet."""

    async def test(shop: Workshop) -> None:
        group = f"{shop.namespace}.example.com"
        definition, widget = custom(group, shop)

        refined = await shop.refine((definition, Action.CREATE), (widget, Action.CREATE))
        applied = await shop.apply(definition, widget)
        try:
            assert refined == (
                (Action.CREATE, ""),
                (Action.CREATE, "its kind arrives with this change, so the server cannot be asked yet"),
            )
            assert applied.complete, applied
            seen = await shop.observe(definition, widget)
            assert seen.drifts == ()
            assert {item.health for item in seen.health} == {Health.HEALTHY}
        finally:
            removed = await shop.apply(deletes=[definition, widget])
        assert removed.complete, removed

    run(cluster.kubeconfig, test)


def custom(group: str, shop: Workshop) -> tuple[Manifest, Manifest]:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}},
    }
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": group,
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [version],
    }
    metadata = {"name": f"widgets.{group}"}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": shop.named("w"), "spec": {}}
    return manifest({**definition, "metadata": metadata, "spec": spec}), manifest(widget)


def test_a_namespace_and_its_object_arrive_in_one_change(cluster: Sandbox) -> None:
    """The environment's own namespace may come with its first change."""

    async def test(shop: Workshop) -> None:
        shop.namespace += "-own"
        space = manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": shop.namespace}})
        settings = shop.config(a="1")

        refined = await shop.refine((space, Action.CREATE), (settings, Action.CREATE))
        applied = await shop.apply(space, settings)
        try:
            note = "its namespace arrives with this change, so the server cannot be asked yet"
            assert refined == ((Action.CREATE, ""), (Action.CREATE, note))
            assert applied.complete, applied
            assert (await shop.observe(space, settings)).drifts == ()
        finally:
            removed = await shop.apply(deletes=[space, settings])
        assert removed.complete, removed

    run(cluster.kubeconfig, test)


def test_a_conflict_names_the_other_manager_and_its_field(cluster: Sandbox) -> None:
    """An object that we never wrote is not taken by force, at plan and at apply."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        theirs = {**settings.content, "data": {"a": "theirs"}}
        await shop.send("POST", settings, theirs, query="?fieldManager=helm", collection=True)

        with pytest.raises(Refused) as refused:
            await shop.refine((settings, Action.CREATE))
        [failed] = (await shop.apply(settings)).objects

        assert (refused.value.stage, refused.value.place) == ("plan", settings.place)
        assert ".data.a by 'helm'" in refused.value.what
        assert failed.result is Result.FAILED
        assert ".data.a by 'helm'" in failed.message
        assert (await shop.live(settings))["data"] == {"a": "theirs"}

    run(cluster.kubeconfig, test)


def test_what_we_own_is_taken_back_from_another_manager(cluster: Sandbox) -> None:
    """An object of the inventory is applied by force: the warrant decides, not who wrote last."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        await shop.send(
            "PATCH",
            settings,
            {**settings.content, "data": {"a": "x"}},
            query="?fieldManager=other&force=true",
            content_type="application/apply-patch+yaml",
        )

        [taken] = (await shop.apply(settings)).objects

        assert taken.result is Result.CONFIGURED
        assert (await shop.live(settings))["data"] == {"a": "1"}

    run(cluster.kubeconfig, test)


def test_one_failure_does_not_stop_the_others(cluster: Sandbox) -> None:
    """The field that the server does not know is named; the object beside it is applied."""

    async def test(shop: Workshop) -> None:
        wrong = shop.deployment("wrong", replica=3)
        good = shop.config("good", a="1")

        applied = await shop.apply(wrong, good)

        assert results(applied.objects) == {"good": Result.CREATED, "wrong": Result.FAILED}
        assert "spec.replica: field not declared in schema" in applied.objects[1].message
        assert not applied.complete
        completed = shop.records(RecordKind.APPLY_COMPLETED)
        assert [record.body for record in completed] == [{"sequence": 1, "complete": False}]
        assert [entry.key.name for entry in shop.owned()] == ["good"]

    run(cluster.kubeconfig, test)


def test_text_that_yaml_would_change_arrives_as_it_was_warranted(cluster: Sandbox) -> None:
    """Attack: line separators that a YAML reader folds. Stopped by the wire, which escapes them."""
    text = "a\u2028b\u0085c\ufeffd\U0001f600e\x7ff\u0000g\uffff\n\t\"\\' # : - {"

    async def test(shop: Workshop) -> None:
        settings = shop.config(a=text)
        await shop.apply(settings)

        assert (await shop.live(settings))["data"] == {"a": text}

    run(cluster.kubeconfig, test)


@pytest.mark.parametrize("after", range(9))
def test_killed_at_any_record_and_run_again_it_converges(cluster: Sandbox, after: int) -> None:
    """Each record is a point where the process may die; the next run takes what is ours and finishes."""

    async def test(shop: Workshop) -> None:
        shop.log = dying = DyingLog(after=-1)
        old = shop.config("old", a="1")
        await shop.apply(old)
        one, two = shop.config("one", a="1"), shop.config("two", a="1")
        listed = LeafList(tuple(sorted([leaf(one), leaf(two), leaf(old, Operation.DELETE)])))
        warrant = await shop.warrant(listed)
        dying.left = after

        with pytest.raises(Killed):
            await shop.apply_as(warrant, listed, [one, two])
        dying.left = -1
        again = await shop.apply_as(warrant, listed, [one, two])

        assert again.complete, again
        assert [entry.key.name for entry in shop.owned()] == ["one", "two"]
        assert await shop.cluster.get(old.key, "v1") is None
        assert (await shop.observe(one, two)).drifts == ()

    run(cluster.kubeconfig, test)


def test_an_older_warrant_is_refused_even_with_a_new_log(cluster: Sandbox) -> None:
    """Attack: restore yesterday's log and apply yesterday's warrant. Stopped by the parent in the cluster."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        listed = LeafList((leaf(settings),))
        older = await shop.warrant(listed)
        await shop.apply(settings)
        shop.log = MemoryLog(now)

        with pytest.raises(Refused, match="the warrant has sequence 1, 2 was applied already"):
            await shop.apply_as(older, listed, [settings])

    run(cluster.kubeconfig, test)


def test_two_appliers_at_once_do_not_both_go_on(cluster: Sandbox) -> None:
    """Attack: a second applier with another warrant of the same sequence. Stopped by the parent's version."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.apply(settings)
        listed = LeafList((leaf(settings),))
        warrant = await shop.warrant(listed)
        rival = replace(warrant, issued=warrant.issued + timedelta(seconds=1))

        outcomes = await asyncio.gather(
            shop.apply_as(warrant, listed, [settings]),
            shop.apply_as(rival, listed, [settings]),
            return_exceptions=True,
        )

        assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1

    run(cluster.kubeconfig, test)


def test_refining_says_what_only_the_cluster_knows(cluster: Sandbox) -> None:
    """Already so, adopted, missing, gone: each in words, and never more than the plan had."""

    async def test(shop: Workshop) -> None:
        shop.adopt = (Adoptable.KUBECTL,)
        same, other, lost = shop.config("same", a="1"), shop.config("other", a="1"), shop.config("lost")
        foreign, gone = shop.config("foreign"), shop.config("gone")
        await shop.apply(same, lost)
        theirs = {**other.content, "data": {"b": "2"}}
        await shop.send("POST", other, theirs, query="?fieldManager=kubectl-create", collection=True)
        await shop.send("POST", foreign, dict(foreign.content), collection=True)
        await shop.send("DELETE", lost)

        refined = await shop.refine(
            (same, Action.UPDATE),
            (other, Action.CREATE),
            (lost, Action.UPDATE),
            (foreign, Action.DELETE),
            (gone, Action.DELETE),
            (shop.config("new"), Action.CREATE),
        )

        assert refined == (
            (Action.UNCHANGED, "already so in the cluster"),
            (Action.UPDATE, "adopts an object that exists"),
            (Action.CREATE, "it is missing in the cluster and will be created"),
            (Action.DELETE, "gitwarrant did not create it: it will not be deleted"),
            (Action.UNCHANGED, "gone from the cluster already"),
            (Action.CREATE, ""),
        )

    run(cluster.kubeconfig, test)


def test_refining_shows_the_server_s_difference_and_no_defaults(cluster: Sandbox) -> None:
    """Only what changes is shown, though the server fills in two dozen fields."""

    async def test(shop: Workshop) -> None:
        web = shop.deployment(paused=True)
        await shop.apply(web)

        refined = await shop.refined((shop.deployment(paused=True, replicas=2), Action.UPDATE))

        [planned] = refined.plan.objects
        assert [(item.pointer, item.before, item.after) for item in planned.differences] == [
            (("spec", "replicas"), (1,), (2,))
        ]

    run(cluster.kubeconfig, test)


def test_an_invalid_object_is_refused_at_plan_with_its_place(cluster: Sandbox) -> None:
    """The server's cause and the file's line stand in one message."""

    async def test(shop: Workshop) -> None:
        with pytest.raises(Refused) as refused:
            await shop.refine((shop.deployment(replicas=-1), Action.CREATE))

        assert (refused.value.stage, str(refused.value.place)) == ("plan", "web.yaml:1:1")
        assert "spec.replicas: Invalid value: -1" in refused.value.what

    run(cluster.kubeconfig, test)


def test_an_api_server_that_is_gone_is_unreachable_at_once(cluster: Sandbox, tmp_path: Path) -> None:
    """Nothing listens: said within a second, by name of the server, without a traceback."""
    text = cluster.kubeconfig.read_text().replace(str(cluster.port), "1")
    gone = tmp_path / "kubeconfig"
    gone.write_text(text)

    async def test() -> None:
        async with Cluster(from_kubeconfig(gone, environment={})) as nobody:
            async with asyncio.timeout(1):
                await nobody.uid()

    with pytest.raises(Unreachable, match=r"https://127\.0\.0\.1:1 does not answer"):
        asyncio.run(test())


def test_an_api_server_that_goes_away_in_the_middle_loses_nothing(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is not tried, what was intended is in the log, and the next run finishes it."""

    async def test(shop: Workshop) -> None:
        items = [shop.config(f"c{number}", a="1") for number in range(6)]
        listed = LeafList(tuple(sorted(leaf(item) for item in items)))
        warrant = await shop.warrant(listed)
        connection, tried, done = shop.cluster._transport.connection, Transport._tried, [0, 0]

        async def failing(transport: Transport, request: Request, *, fresh: bool) -> Answer:
            if "/configmaps/c" not in request.path:
                return await tried(transport, request, fresh=fresh)
            done[0] += 1
            if done[0] > 3:
                await until(lambda: asyncio.sleep(0, done[1] == 3))
                transport.connection = replace(connection, server="https://127.0.0.1:1")
            answer = await tried(transport, request, fresh=fresh)
            done[1] += 1
            return answer

        monkeypatch.setattr(Transport, "_tried", failing)
        with pytest.raises(Unreachable):
            await shop.apply_as(warrant, listed, items)
        assert len(shop.owned()) == 3
        shop.cluster._transport.connection = connection
        monkeypatch.undo()

        assert (await shop.apply_as(warrant, listed, items)).complete
        assert len(shop.owned()) == 6

    run(cluster.kubeconfig, test)


def test_health_follows_a_deployment_and_a_failing_one_says_why(cluster: Sandbox) -> None:
    """Pods that become ready make it healthy; a held one leaves it waiting, with the count."""

    async def test(shop: Workshop) -> None:
        good = shop.deployment("good")
        held = shop.deployment("held")
        template = {**held.content["spec"]["template"]}
        template["metadata"] = {
            **template["metadata"],
            "annotations": {"sandbox.gitwarrant.dev/hold": "true"},
        }
        held = edited(held, spec={**held.content["spec"], "template": template})
        await shop.apply(good, held)

        async def healthy() -> bool:
            seen = await shop.observe(good, held)
            return [item.health for item in seen.health] == [Health.HEALTHY, Health.PROGRESSING]

        await until(healthy)
        seen = await shop.observe(good, held)
        assert seen.health[1].reason.startswith("0 of 1 Pods are available")

    run(cluster.kubeconfig, test)


def test_a_credential_without_the_right_is_told_which(cluster: Sandbox, tmp_path: Path) -> None:
    """RBAC's no names user, verb and resource, and the remedy says what to grant."""
    text = credentials("shared", "jane", ["nobody"], root=cluster.folder.path.parent)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(text)

    async def test() -> None:
        key = ObjectKey("", "ConfigMap", "default", "a")
        content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
        async with Cluster(from_kubeconfig(kubeconfig, environment={})) as jane:
            await jane.apply(key, "v1", content, force=False, audit_id=new_audit_id())

    with pytest.raises(Denied, match="jane may not patch configmaps") as denied:
        asyncio.run(test())
    assert denied.value.remedy == "grant the verb 'patch' on configmaps to jane by RBAC"


def test_lists_are_read_page_by_page(cluster: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """More objects than a page holds all come, each once."""
    monkeypatch.setattr("gitwarrant.cluster.client.PAGE", 3)

    async def test() -> None:
        async with workshop(cluster.kubeconfig) as shop:
            await shop.apply(*(shop.config(f"c{number}") for number in range(8)))
            names = [
                item["metadata"]["name"]
                async for item in shop.cluster.list("", "v1", "ConfigMap", shop.namespace, labels=PART_OF)
            ]
            assert names == [f"c{number}" for number in range(8)]

    asyncio.run(test())
