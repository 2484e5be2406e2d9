"""Taking over live objects from kubectl, Flux and Argo CD on a real API server: theirs today, ours after."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, edited, run, until
from tests.support.other_tools import TRACKED, applied_by_flux, applied_by_kubectl

from gitwarrant.cluster.ledger import Ledger
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.errors import Refused
from gitwarrant.model.live import Result
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.plan import Action
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

Deploy = Callable[[Sandbox, Workshop, Manifest], Awaitable[None]]


async def by_flux(_: Sandbox, shop: Workshop, item: Manifest) -> None:
    await applied_by_flux(shop, item)


async def by_argo_cd(cluster: Sandbox, _: Workshop, item: Manifest) -> None:
    metadata = item.content["metadata"]
    tracked = {**metadata, "annotations": {**metadata.get("annotations", {}), **TRACKED}}
    applied_by_kubectl(cluster.kubeconfig, {**item.content, "metadata": tracked}, "argocd-controller")


async def by_kubectl(cluster: Sandbox, _: Workshop, item: Manifest) -> None:
    applied_by_kubectl(cluster.kubeconfig, item.content)


TOOLS = [
    pytest.param(Adoptable.FLUX, by_flux, id="Flux, by server-side apply"),
    pytest.param(Adoptable.ARGOCD, by_argo_cd, id="Argo CD, by client-side apply"),
    pytest.param(Adoptable.KUBECTL, by_kubectl, id="kubectl apply"),
]


def more(item: Manifest, **annotations: str) -> Manifest:
    metadata = item.content["metadata"]
    wider = {**metadata, "annotations": {**metadata.get("annotations", {}), **annotations}}
    return edited(item, metadata=wider)


async def pods(shop: Workshop) -> Mapping[str, str]:
    """Uid and phase of the Pods of a namespace."""
    found = [pod async for pod in shop.cluster.list("", "v1", "Pod", shop.namespace)]
    return {pod["metadata"]["uid"]: pod["status"].get("phase", "") for pod in found}


@pytest.mark.parametrize(("tool", "deploy"), TOOLS)
def test_an_object_is_taken_over_without_a_restart(cluster: Sandbox, tool: Adoptable, deploy: Deploy) -> None:
    """The same Pods run on, what only the other tool declared is gone, and nobody but we own its fields."""

    async def test(shop: Workshop) -> None:
        web = shop.deployment(replicas=1)
        await deploy(cluster, shop, more(web, **{"theirs.example/alone": "1"}))

        async def running() -> bool:
            return list((await pods(shop)).values()) == ["Running"]

        await until(running, 30)
        before, uids = await shop.live(web), set(await pods(shop))
        shop.adopt = (tool,)

        refined = (await shop.refined((web, Action.CREATE))).plan.objects
        applied = await shop.apply(web)

        assert [(item.action, item.note) for item in refined] == [
            (Action.UPDATE, "adopts an object that exists")
        ]
        removed = {item.pointer[-1] for item in refined[0].differences if not item.after}
        assert "theirs.example/alone" in removed
        assert [item.result for item in applied.objects] == [Result.CONFIGURED]
        after = await shop.live(web)
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert after["spec"] == before["spec"]
        assert set(await pods(shop)) == uids
        assert set(after["metadata"]["annotations"]) - {"deployment.kubernetes.io/revision"} == {"team"}
        assert (await shop.observe(web)).drifts == ()
        owners = {entry["manager"] for entry in after["metadata"]["managedFields"]}
        assert owners <= {"gitwarrant", "kube-controller-manager"}

    run(cluster.kubeconfig, test)


def test_a_field_dropped_after_the_take_over_is_dropped_in_the_cluster(cluster: Sandbox) -> None:
    """Without the transfer it would stay, declared by Flux for ever."""

    async def test(shop: Workshop) -> dict[str, Any]:
        await applied_by_flux(shop, shop.config(a="1", b="2"))
        shop.adopt = (Adoptable.FLUX,)
        await shop.apply(shop.config(a="1", b="2"))
        await shop.apply(shop.config(a="1"))
        return await shop.live(shop.config())

    assert run(cluster.kubeconfig, test)["data"] == {"a": "1"}


def test_nothing_is_taken_over_unasked(cluster: Sandbox) -> None:
    """By plan, with the place and who declared it; a tool that was not named is as good as nobody."""

    async def test(shop: Workshop) -> Refused:
        settings = shop.config(a="1")
        await applied_by_flux(shop, settings)
        shop.adopt = (Adoptable.HELM,)
        with pytest.raises(Refused) as refusal:
            await shop.refined((settings, Action.CREATE))
        return refusal.value

    refusal = run(cluster.kubeconfig, test)

    assert (refusal.stage, str(refusal.place)) == ("plan", "web.yaml:1:1")
    assert refusal.what.endswith("exists, and this environment did not create it (declared by flux)")
    assert "adopt" in refusal.remedy


def test_an_object_that_appears_behind_the_plan_is_not_taken_over(cluster: Sandbox) -> None:
    """It is not in the inventory, so that it is never deleted as ours."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await shop.refined((settings, Action.CREATE))
        await shop.send("POST", settings, {**settings.content, "data": {"b": "2"}}, collection=True)

        applied = await shop.apply(settings)

        assert [item.result for item in applied.objects] == [Result.FAILED]
        assert "somebody else created it after the plan was made" in applied.objects[0].message
        assert shop.owned() == ()

    run(cluster.kubeconfig, test)


def test_every_write_of_a_take_over_has_its_record_first(cluster: Sandbox) -> None:
    """The change of managedFields, then the manifest: two intents with Audit-IDs of their own, one result."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await applied_by_flux(shop, settings)
        shop.adopt = (Adoptable.FLUX,)

        await shop.apply(settings)

        intents = shop.records(RecordKind.APPLY_INTENT)
        named = [record.body for record in intents if record.body["object"]["name"] == "settings"]
        assert [body["operation"] for body in named] == ["adopt", "apply"]
        assert len({body["audit_id"] for body in named}) == 2

    run(cluster.kubeconfig, test)


def test_a_take_over_that_was_killed_in_the_middle_is_finished(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fields are ours already, the label is not there yet: the log knows that we meant to."""

    class Killed(BaseException):
        pass

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        await applied_by_flux(shop, settings)
        shop.adopt = (Adoptable.FLUX,)

        async def killed(*_: Any) -> str:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "intend", killed)
            with pytest.raises(Killed):
                await shop.apply(settings)
        half = await shop.live(settings)
        assert "kustomize-controller" not in {entry["manager"] for entry in half["metadata"]["managedFields"]}

        refined = await shop.refine((settings, Action.CREATE))
        applied = await shop.apply(settings)

        assert refined == ((Action.UPDATE, "adopts an object that exists"),)
        assert applied.complete
        assert [entry.key for entry in shop.owned()] == [settings.key]

    run(cluster.kubeconfig, test)


def test_our_label_alone_makes_nothing_ours(cluster: Sandbox) -> None:
    """Whoever may write objects may label them; what we never meant to write is not taken by force."""

    async def test(shop: Workshop) -> None:
        settings = shop.config(a="1")
        owned = shop.config("mine", a="1")
        await shop.apply(owned)
        label = (await shop.live(owned))["metadata"]["labels"]
        metadata = {**settings.content["metadata"], "labels": label}
        theirs = {**settings.content, "metadata": metadata, "data": {"a": "2"}}
        await shop.send("POST", settings, theirs, collection=True)

        applied = await shop.apply(owned, settings)

        failed = [item for item in applied.objects if item.result is Result.FAILED]
        assert [item.key.name for item in failed] == ["settings"]
        assert (await shop.live(settings))["data"] == {"a": "2"}
        assert [entry.key.name for entry in shop.owned()] == ["mine"]

    run(cluster.kubeconfig, test)
