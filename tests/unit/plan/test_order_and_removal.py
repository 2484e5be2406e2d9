"""The plan of waves, hooks, objects that are made again, and deletes that need a word beforehand."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from gitwarrant.model.change import BlobId, CommitId, File, Tree, TreeId
from gitwarrant.model.environment import Bounds, DriftMode, Environment, Grant, Tenant
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import Action, Operation, Plan, Progress
from gitwarrant.model.rendered import Rendered
from gitwarrant.model.turn import Phase, Turn
from gitwarrant.plan.plan import plan
from gitwarrant.plan.text import lines
from gitwarrant.render.render import render

ENVIRONMENT = Environment(
    name="production",
    ref="refs/heads/main",
    path="env",
    namespace="shop",
    auto_deploy=True,
    promotion_source="",
    policies=(),
    approval_required=False,
    approvers=(),
    bounds=Bounds(max_objects=10, max_deletes=1),
    drift=DriftMode.REPORT,
    place=Place(".gitwarrant/environments.yaml", 3, 5),
)
CLUSTER_KINDS = frozenset({"StorageClass.storage.k8s.io", "PersistentVolume"})
TENANT = Tenant("shops", (Grant("production", frozenset({"shop"}), frozenset({"*"}), CLUSTER_KINDS),))
HOOK = "argocd.argoproj.io/hook"


def item(kind: str, name: str, *, annotations: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    kind, _, group = kind.partition(".")
    metadata = {"name": name, **({"annotations": annotations} if annotations else {})}
    version = f"{group}/v1" if group else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def config(name: str = "a", value: str = "1", **annotations: str) -> dict[str, Any]:
    return item("ConfigMap", name, annotations=annotations, data={"k": value})


def job(image: str = "1", **annotations: str) -> dict[str, Any]:
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}
    return item("Job.batch", "migrate", annotations=annotations, spec=spec)


def rendering(*objects: dict[str, Any]) -> Rendered:
    data = yaml.safe_dump_all(objects).encode()
    tree = Tree.of(
        CommitId("c" * 40), TreeId("d" * 40), "env", (File("env/a.yaml", 0o100644, BlobId(""), data),)
    )
    return render(tree, namespace="shop", custom_kinds=frozenset())


def planned(
    before: Rendered | None,
    after: Rendered,
    *,
    progress: Progress = Progress(),  # noqa: B008 - frozen
    **settings: Any,
) -> Plan:
    leaves = before.leaves if before else None
    return plan(replace(ENVIRONMENT, **settings), TENANT, after, before, leaves, progress=progress)


def actions(found: Plan) -> dict[str, Action]:
    return {one.key.name: one.action for one in found.objects}


def operations(found: Plan) -> dict[str, str]:
    return {leaf.name: leaf.operation for leaf in found.leaves.leaves}


def test_turns_are_part_of_the_plan_and_shown() -> None:
    """A person who reviews sees when each object is written."""
    found = planned(None, rendering(config("a", **{"gitwarrant.dev/wave": "2"}), config("b")))

    assert {one.key.name: one.turn for one in found.objects} == {"a": Turn(Phase.SYNC, 2), "b": Turn()}
    shown = [text for _, text in lines(found)]
    assert "+ ConfigMap shop/a  (env/a.yaml:1)  sync wave 2" in shown
    assert "+ ConfigMap shop/b  (env/a.yaml:10)" in shown


def test_an_order_that_cannot_be_followed_is_refused_at_its_line() -> None:
    """Not ignored: what was to come first would come whenever."""
    after = rendering(config("b"), job(**{HOOK: "SyncFail"}))

    with pytest.raises(Refused) as refused:
        planned(None, after)

    assert refused.value.what == "Job.batch shop/migrate: the hook 'SyncFail' is not run here"
    assert (refused.value.stage, str(refused.value.place)) == ("plan", "env/a.yaml:12:30")


@pytest.mark.parametrize(
    ("before", "progress", "expected"),
    [
        pytest.param(None, Progress(), Action.RUN, id="the first change"),
        pytest.param("1", Progress(), Action.UNCHANGED, id="nothing moves"),
        pytest.param("0", Progress(), Action.RUN, id="something else moves"),
        pytest.param("1", Progress(complete=False), Action.RUN, id="the last warrant was not done"),
    ],
)
def test_a_hook_runs_where_anything_moves(before: str | None, progress: Progress, expected: Action) -> None:
    """Once in each change: its leaf says so."""
    hook = job(**{HOOK: "PreSync"})
    found = planned(
        rendering(config(value=before), hook) if before else None,
        rendering(config(value="1"), hook),
        progress=progress,
    )

    assert actions(found)["migrate"] is expected
    runs = expected is Action.RUN
    assert operations(found)["migrate"] == (Operation.RECREATE if runs else Operation.APPLY).value


@pytest.mark.parametrize(
    ("hook", "first", "again", "never_done"),
    [
        pytest.param("pre-install", Action.RUN, Action.UNCHANGED, Action.RUN, id="install"),
        pytest.param("post-upgrade", Action.UNCHANGED, Action.RUN, Action.UNCHANGED, id="upgrade"),
        pytest.param("pre-install,pre-upgrade", Action.RUN, Action.RUN, Action.RUN, id="both"),
    ],
)
def test_helm_s_hooks_know_an_install_from_an_upgrade(
    hook: str, first: Action, again: Action, never_done: Action
) -> None:
    """An install is what nothing was applied to its end before."""
    job_ = job(**{"helm.sh/hook": hook})
    before, after = rendering(config(value="0"), job_), rendering(config(value="1"), job_)

    assert actions(planned(None, after))["migrate"] is first
    assert actions(planned(before, after))["migrate"] is again
    unfinished = Progress(complete=False, ever=False)
    assert actions(planned(before, after, progress=unfinished))["migrate"] is never_done


def test_a_hook_that_runs_is_not_counted_as_a_delete() -> None:
    """Its own declaration allows that the last run goes."""
    hook = job(**{HOOK: "PreSync"})

    found = planned(
        rendering(config(), hook), rendering(config(value="2"), hook), bounds=Bounds(10, 0), recreate=()
    )

    assert actions(found) == {"a": Action.UPDATE, "migrate": Action.RUN}


def test_a_hook_that_holds_data_is_not_made_again_unannounced() -> None:
    """Charts make claims by pre-install hooks: a second try of the install must not lose what they hold."""
    claim = item("PersistentVolumeClaim", "data", annotations={"helm.sh/hook": "pre-install"})
    unfinished = Progress(complete=False, ever=False)

    with pytest.raises(Refused, match="and what it stores may be lost"):
        planned(rendering(config(), claim), rendering(config(value="2"), claim), progress=unfinished)
    claim["metadata"]["annotations"]["gitwarrant.dev/delete"] = "allow"
    found = planned(rendering(config(), claim), rendering(config(value="2"), claim), progress=unfinished)
    assert actions(found)["data"] is Action.RUN


@pytest.mark.parametrize(
    ("recreate", "expected", "operation"),
    [
        pytest.param((), Action.UPDATE, "apply", id="not allowed: the server will refuse it"),
        pytest.param(("Job.batch",), Action.RECREATE, "recreate", id="allowed"),
        pytest.param(("Deployment.apps",), Action.UPDATE, "apply", id="another kind"),
    ],
)
def test_an_immutable_field_makes_an_object_again_where_its_kind_may(
    recreate: tuple[str, ...], expected: Action, operation: str
) -> None:
    found = planned(rendering(job("1")), rendering(job("2")), recreate=recreate)

    [one] = found.objects
    assert (one.action, one.note) == (expected, "/spec/template cannot be changed in place")
    assert operations(found) == {"migrate": operation}


@pytest.mark.parametrize(
    ("kind", "before", "after", "fields"),
    [
        pytest.param(
            "Deployment.apps",
            {"spec": {"selector": {"matchLabels": {"a": "1"}}}},
            {"spec": {"selector": {"matchLabels": {"a": "2"}}}},
            "/spec/selector",
            id="a part of a field",
        ),
        pytest.param("StatefulSet.apps", {}, {"spec": {"serviceName": "a"}}, "/spec/serviceName", id="whole"),
        pytest.param(
            "ConfigMap",
            {"immutable": True, "data": {"a": "1"}},
            {"data": {"a": "1"}},
            "/immutable",
            id="seal",
        ),
        pytest.param("Secret", {"type": "a"}, {"type": "b"}, "/type", id="a Secret's type"),
        pytest.param(
            "StorageClass.storage.k8s.io",
            {"provisioner": "a", "parameters": {"x": "1"}},
            {"provisioner": "b", "parameters": {"x": "2"}},
            "/parameters, /provisioner",
            id="two fields",
        ),
    ],
)
def test_the_table_names_what_cannot_be_changed(
    kind: str, before: dict[str, Any], after: dict[str, Any], fields: str
) -> None:
    [one] = planned(rendering(item(kind, "x", **before)), rendering(item(kind, "x", **after))).objects

    assert one.note == f"{fields} cannot be changed in place"


def test_a_field_that_may_change_has_no_note() -> None:
    before, after = {"replicas": 1, "selector": {}}, {"replicas": 2, "selector": {}}

    [one] = planned(
        rendering(item("Deployment.apps", "x", spec=before)),
        rendering(item("Deployment.apps", "x", spec=after)),
        recreate=("Deployment.apps",),
    ).objects

    assert (one.action, one.note) == (Action.UPDATE, "")


def test_an_annotation_lets_a_listed_kind_be_made_again_for_any_reason() -> None:
    """For what no table knows: a custom kind whose own rules refuse the change."""
    allowed = {"gitwarrant.dev/recreate": "allow"}
    before, after = rendering(config(value="1", **allowed)), rendering(config(value="2", **allowed))

    assert operations(planned(before, after, recreate=("ConfigMap",))) == {"a": "recreate"}
    assert operations(planned(before, after)) == {"a": "apply"}


def test_making_again_counts_as_a_delete() -> None:
    before = rendering(job("1"), config("gone"))

    with pytest.raises(Refused, match=r"2 objects would be deleted .* one change may delete 1"):
        planned(before, rendering(job("2")), recreate=("Job.batch",))


@pytest.mark.parametrize(
    ("kind", "annotations", "settings", "what"),
    [
        pytest.param("PersistentVolumeClaim", {}, {}, "and what it stores may be lost", id="a claim"),
        pytest.param("PersistentVolume", {}, {}, "and what it stores may be lost", id="a volume"),
        pytest.param("StatefulSet.apps", {}, {}, "whose Pods hold data", id="a stateful set"),
        pytest.param("ConfigMap", {}, {"data_kinds": ("ConfigMap",)}, "which holds data", id="by setting"),
        pytest.param(
            "ConfigMap",
            {"gitwarrant.dev/protect": "true", "gitwarrant.dev/delete": "allow"},
            {},
            "is protected by 'gitwarrant.dev/protect'",
            id="protected, whatever else it says",
        ),
    ],
)
def test_a_delete_that_was_not_announced_is_refused(
    kind: str, annotations: dict[str, str], settings: dict[str, Any], what: str
) -> None:
    """Also where it would be made again."""
    before = rendering(item(kind, "x", annotations=annotations), config())

    with pytest.raises(Refused, match=what):
        planned(before, rendering(config()), **settings)
    changed = {**annotations, "gitwarrant.dev/recreate": "allow"}
    with pytest.raises(Refused, match=what):
        planned(
            before, rendering(item(kind, "x", annotations=changed), config()), recreate=(kind,), **settings
        )


@pytest.mark.parametrize("kind", ["PersistentVolumeClaim", "StatefulSet.apps", "ConfigMap"])
def test_a_delete_that_was_announced_passes(kind: str) -> None:
    before = rendering(item(kind, "x", annotations={"gitwarrant.dev/delete": "allow"}), config())

    found = planned(before, rendering(config()), data_kinds=("ConfigMap",))

    assert operations(found) == {"a": "apply", "x": "delete"}


def test_an_announcement_does_not_count_in_the_change_that_makes_use_of_it() -> None:
    """Attack: annotate and make again in one landing. The object as it was warranted says nothing."""
    before = rendering(item("StatefulSet.apps", "x", spec={"serviceName": "a"}))
    allowed = {"gitwarrant.dev/delete": "allow"}
    after = rendering(item("StatefulSet.apps", "x", annotations=allowed, spec={"serviceName": "b"}))

    with pytest.raises(Refused, match="whose Pods hold data"):
        planned(before, after, recreate=("StatefulSet.apps",))


def test_what_an_earlier_warrant_allowed_and_was_not_done_is_allowed_still() -> None:
    """A delete that failed is named again, though what it was can no longer be shown."""
    before = rendering(item("StatefulSet.apps", "x"), config())
    owed = Progress(complete=False, owed=frozenset({ObjectKey("apps", "StatefulSet", "shop", "x")}))

    found = plan(ENVIRONMENT, TENANT, rendering(config()), None, before.leaves, progress=owed)

    assert operations(found) == {"a": "apply", "x": "delete"}


def test_making_again_that_was_not_done_is_allowed_by_the_next_warrant_too() -> None:
    """The manifest is the last warrant's already, so no difference shows it; the log does."""
    after = rendering(job("2"))
    owed = Progress(complete=False, owed=frozenset({ObjectKey("batch", "Job", "shop", "migrate")}))

    found = planned(after, after, progress=owed, recreate=("Job.batch",))

    assert actions(found) == {"migrate": Action.RECREATE}
    assert operations(found) == {"migrate": "recreate"}
