"""What an applier judges before it writes, and the order in which it writes; no cluster needed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from gitwarrant.cluster.admission import Admitted, admit
from gitwarrant.cluster.applyset import PART_OF, Parent, applyset_id, parent_content, parent_key
from gitwarrant.cluster.order import bounded, in_order, rank
from gitwarrant.model.canonical import digest, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.warrant import Warrant

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CONTENT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
ONE = Manifest(ObjectKey("", "ConfigMap", "shop", "a"), "v1", CONTENT, Place("a.yaml", 1, 1), 0, ())


def leaf(manifest: Manifest, operation: str = "apply") -> Leaf:
    key = manifest.key
    return Leaf(key.group, manifest.version, key.kind, key.namespace, key.name, operation, manifest.digest)


LISTED = LeafList((leaf(ONE),))
WARRANT = Warrant(
    "tenant",
    "test",
    "cluster",
    5,
    "",
    "repository",
    "main",
    CommitId("1" * 40),
    NOW,
    NOW + timedelta(hours=1),
    LISTED.digest,
    sha256(b""),
    (),
)


def judged(
    warrant: Warrant = WARRANT,
    leaves: LeafList = LISTED,
    manifests: tuple[Manifest, ...] = (ONE,),
    *,
    parent: Parent = Parent(),  # noqa: B008 - frozen
    logged: int = 0,
    inventory: Inventory = Inventory.of(()),  # noqa: B008 - frozen
) -> object:
    return admit(
        warrant,
        leaves,
        manifests,
        inventory=inventory,
        cluster="cluster",
        parent=parent,
        logged=logged,
        namespace="shop",
        now=NOW,
    )


def test_what_is_warranted_is_admitted_once_and_again() -> None:
    first = judged()
    again = judged(parent=Parent(5, digest(WARRANT), "u", "1"), logged=5)

    assert first == again


def other(name: str = "a", **content: object) -> Manifest:
    return replace(ONE, key=replace(ONE.key, name=name), content={**CONTENT, **content})


def warranted(*manifests: Manifest, operation: str = "apply") -> tuple[Warrant, LeafList]:
    leaves = LeafList(tuple(sorted(leaf(item, operation) for item in manifests)))
    return replace(WARRANT, leaves=leaves.digest), leaves


LABELLED = other(metadata={"name": "a", "namespace": "shop", "labels": {PART_OF: "x"}})
PARENT = other("gitwarrant-test", metadata={"name": "gitwarrant-test", "namespace": "shop"})
ELSEWHERE = replace(ONE, key=replace(ONE.key, namespace="kube-system"))
DOUBLE = replace(ONE, version="v2", content={**CONTENT, "apiVersion": "v2"})


@pytest.mark.parametrize(
    ("manifests", "operation", "what"),
    [
        pytest.param((LABELLED,), "apply", "sets the label applyset", id="claims another owner"),
        pytest.param((PARENT,), "apply", "is gitwarrant's own", id="would write our parent"),
        pytest.param(
            (ELSEWHERE,), "apply", "is not the object that was warranted", id="key and content differ"
        ),
        pytest.param((ONE,), "rename", "wants to rename", id="an operation we cannot"),
        pytest.param((ONE, DOUBLE), "apply", "names ConfigMap shop/a twice", id="one object in two versions"),
    ],
)
def test_a_warranted_object_may_still_be_refused(
    manifests: tuple[Manifest, ...], operation: str, what: str
) -> None:
    warrant, leaves = warranted(*manifests, operation=operation)

    with pytest.raises(Refused, match=what) as refused:
        judged(warrant, leaves, manifests)
    assert refused.value.stage == "apply"


@pytest.mark.parametrize(
    ("parent", "logged", "manifests", "what"),
    [
        pytest.param(Parent(6), 0, (ONE,), "has sequence 5, 6 was applied already", id="parent is ahead"),
        pytest.param(Parent(), 6, (ONE,), "has sequence 5, 6 was applied already", id="log is ahead"),
        pytest.param(Parent(5, "other"), 0, (ONE,), "another warrant with sequence 5", id="a rival"),
        pytest.param(Parent(), 0, (), "the manifest of ConfigMap shop/a is missing", id="missing"),
        pytest.param(Parent(), 0, (ONE, other("b")), "shop/b is not in the warrant", id="one too many"),
        pytest.param(Parent(), 0, (ONE, ONE), "is there twice", id="twice"),
    ],
)
def test_sequence_and_completeness(
    parent: Parent, logged: int, manifests: tuple[Manifest, ...], what: str
) -> None:
    with pytest.raises(Refused, match=what):
        judged(parent=parent, logged=logged, manifests=manifests)


def test_the_applyset_id_is_that_of_the_proposal() -> None:
    """KEP-3659: SHA-256 of name.namespace.kind.group, base64url, no padding; made here with coreutils."""
    key = parent_key("prod", "shop")

    assert key == ObjectKey("", "ConfigMap", "shop", "gitwarrant-prod")
    assert applyset_id(key) == "applyset-3zizuji6DUBA6OlXnee1V8ZL8m6HHD2TufX5K-woBXc-v1"


def test_an_existing_parent_is_replaced_only_as_it_was_read() -> None:
    key = parent_key("prod", "shop")
    earlier = Parent(1, "w", "uid", "77", frozenset({"Secret"}))
    members = [ObjectKey("apps", "Deployment", "other", "a"), ObjectKey("", "Namespace", "", "b")]

    metadata = parent_content(key, 2, digest(WARRANT), members, earlier)["metadata"]

    assert (metadata["uid"], metadata["resourceVersion"]) == ("uid", "77")
    annotations = metadata["annotations"]
    assert annotations["applyset.kubernetes.io/contains-group-kinds"] == "Deployment.apps,Namespace,Secret"
    assert annotations["applyset.kubernetes.io/additional-namespaces"] == "other"


def test_what_others_stand_on_comes_first() -> None:
    kinds = [
        ("", "Namespace"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "Secret"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("apps", "Deployment"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ]
    leaves = [Leaf(group, "v1", kind, "", "a", "apply", sha256(b"")) for group, kind in reversed(kinds)]

    assert [rank(*kind) for kind in kinds] == [0, 1, 2, 3, 4, 5]
    assert [together[0].kind for together in in_order(leaves)] == [kind for _, kind in kinds]


def test_calls_are_made_one_after_the_other_where_the_limit_says_so() -> None:
    """The first error stops what has not begun, and is raised as it is."""
    seen: list[int] = []

    async def call(number: int) -> int:
        seen.append(number)
        await asyncio.sleep(0)
        if number == 2:
            raise Refused("no", stage="apply", remedy="none")
        return number

    with pytest.raises(Refused):
        asyncio.run(bounded(1, [partial(call, number) for number in range(9)]))
    assert seen == [0, 1, 2]
    assert asyncio.run(bounded(3, [partial(call, number) for number in (0, 1)])) == [0, 1]


def entry(manifest: Manifest, *, uid: str = "u") -> InventoryEntry:
    return InventoryEntry(manifest.key, manifest.version, uid, manifest.digest)


def test_what_the_inventory_has_need_not_be_handed_over() -> None:
    """The log says that just this content was applied: it stands, and nothing of it is written."""
    admitted = judged(manifests=(), inventory=Inventory.of([entry(ONE)]))

    assert isinstance(admitted, Admitted)
    assert (admitted.applies, admitted.standing) == ({}, LISTED)


@pytest.mark.parametrize(
    "owned",
    [
        pytest.param((), id="never applied"),
        pytest.param((entry(other(data={"k": "2"})),), id="applied with another content"),
    ],
)
def test_what_the_inventory_lacks_has_to_be_handed_over(owned: tuple[InventoryEntry, ...]) -> None:
    with pytest.raises(Refused, match="the manifest of ConfigMap shop/a is missing"):
        judged(manifests=(), inventory=Inventory.of(owned))
