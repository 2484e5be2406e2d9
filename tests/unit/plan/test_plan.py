"""The plan: what would be created, updated, deleted, and the leaves a warrant would have."""

import pytest

from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.change import BlobId, CommitId, File, Tree, TreeId
from gitwarrant.model.environment import Bounds, DriftMode, Environment, Grant, Tenant
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, Leaf, LeafList, Operation, Plan, PlannedObject
from gitwarrant.model.rendered import Rendered
from gitwarrant.plan.plan import plan
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
    bounds=Bounds(max_objects=4, max_deletes=1),
    drift=DriftMode.REPORT,
    place=Place(".gitwarrant/environments.yaml", 3, 5),
)
GRANT = Grant("production", frozenset({"shop"}), frozenset({"*"}), frozenset())
TENANT = Tenant("shops", (GRANT,))


def config_map(name: str, value: str = "1") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: '{value}'}}\n"


def rendering(*documents: str) -> Rendered:
    data = "---\n".join(documents).encode()
    files = (File("env/a.yaml", 0o100644, BlobId(""), data),)
    tree = Tree.of(CommitId("c" * 40), TreeId("d" * 40), "env", files)
    return render(tree, namespace="shop", custom_kinds=frozenset({"Widget.a.example"}))


def key(name: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", "shop", name)


def leaf(rendered: Rendered, name: str, operation: Operation = Operation.APPLY) -> Leaf:
    [digest] = [manifest.digest for manifest in rendered.manifests if manifest.key.name == name]
    return Leaf("", "v1", "ConfigMap", "shop", name, operation.value, digest)


def test_a_first_plan_creates_everything() -> None:
    """Objects sorted by key, leaves sorted, manifests as rendered."""
    after = rendering(config_map("b"), config_map("a"))

    planned = plan(ENVIRONMENT, TENANT, after, None, None)

    assert planned == Plan(
        "production",
        CommitId("c" * 40),
        (
            PlannedObject(Action.CREATE, key("a"), "v1", Place("env/a.yaml", 6, 1), ()),
            PlannedObject(Action.CREATE, key("b"), "v1", Place("env/a.yaml", 1, 1), ()),
        ),
        LeafList((leaf(after, "a"), leaf(after, "b"))),
        tuple(sorted(after.manifests, key=lambda manifest: manifest.key)),
    )
    assert planned.leaves == after.leaves
    assert decode(Plan, encode(planned)) == planned


def test_a_later_plan_updates_deletes_and_leaves_alone() -> None:
    """The delete's leaf has the digest of what was last applied."""
    before = rendering(config_map("gone"), config_map("same"), config_map("moved", "1"))
    after = rendering(config_map("same"), config_map("moved", "2"), config_map("new"))

    planned = plan(ENVIRONMENT, TENANT, after, before, before.leaves)

    difference = FieldDifference(("data", "k"), ("1",), ("2",))
    assert planned.objects == (
        PlannedObject(Action.DELETE, key("gone"), "v1", Place("env/a.yaml", 1, 1), ()),
        PlannedObject(Action.UPDATE, key("moved"), "v1", Place("env/a.yaml", 6, 1), (difference,)),
        PlannedObject(Action.CREATE, key("new"), "v1", Place("env/a.yaml", 11, 1), ()),
    )
    assert [manifest.key.name for manifest in planned.manifests] == ["moved", "new"]
    assert (planned.count(Action.UNCHANGED), planned.unchanged) == (1, 1)
    assert planned.leaves == LeafList(
        (
            leaf(before, "gone", Operation.DELETE),
            leaf(after, "moved"),
            leaf(after, "new"),
            leaf(after, "same"),
        )
    )


def test_what_was_deleted_is_not_deleted_again() -> None:
    """A delete leaf of the last warrant leaves nothing standing."""
    before = rendering(config_map("gone"), config_map("same"))
    after = rendering(config_map("same"))
    middle = plan(ENVIRONMENT, TENANT, after, before, before.leaves)

    planned = plan(ENVIRONMENT, TENANT, after, after, middle.leaves)

    assert (planned.objects, planned.unchanged) == ((), 1)
    assert planned.leaves == after.leaves


@pytest.mark.parametrize("given", ["nothing", "another rendering"])
def test_fields_are_shown_only_from_the_rendering_that_was_warranted(given: str) -> None:
    """Whoever hands in another previous rendering does not get to colour the plan."""
    before, after = rendering(config_map("a", "1")), rendering(config_map("a", "3"))
    forged = None if given == "nothing" else rendering(config_map("a", "2"))

    [planned] = plan(ENVIRONMENT, TENANT, after, forged, before.leaves).objects

    assert (planned.action, planned.differences, planned.note) == (
        Action.UPDATE,
        (),
        "what it was can no longer be shown",
    )


def test_secrets_are_compared_but_not_shown() -> None:
    """The plan, which is recorded and printed, holds no value of a Secret."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: %s}\n"
    before, after = rendering(secret % "alpha"), rendering(secret % "omega")

    planned = plan(ENVIRONMENT, TENANT, after, before, before.leaves)

    [update] = planned.objects
    assert update.differences == (FieldDifference(("stringData", "k"), ("(hidden)",), ("(hidden)",)),)


def test_bounds_are_allowed_up_to_their_edge() -> None:
    """Four objects and one delete."""
    before = rendering(*(config_map(f"a{n}") for n in range(4)))
    after = rendering(*(config_map(f"a{n}") for n in range(1, 5)))

    planned = plan(ENVIRONMENT, TENANT, after, before, before.leaves)

    assert (planned.count(Action.CREATE), planned.count(Action.DELETE)) == (1, 1)


def test_custom_kinds_need_to_be_named_in_the_grant() -> None:
    """`*` means what Kubernetes itself has in namespaces."""
    after = rendering("apiVersion: a.example/v1\nkind: Widget\nmetadata: {name: w}\n")
    named = Tenant(
        "shops", (Grant("production", frozenset({"shop"}), frozenset({"Widget.a.example"}), frozenset()),)
    )

    with pytest.raises(Refused, match=r"the kind Widget\.a\.example is not granted"):
        plan(ENVIRONMENT, TENANT, after, None, None)
    assert plan(ENVIRONMENT, named, after, None, None).count(Action.CREATE) == 1
