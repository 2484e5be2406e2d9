"""What we say about power, beside what the API server itself says."""

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, run
from tests.support.rbac import account, binding, role, rule, user

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.cluster.wire import new_audit_id
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.objects.power.atoms import Power, is_covered, powers_of
from gitwarrant.objects.power.builtin import BUILT_IN, BUILT_IN_LABELS
from gitwarrant.objects.power.subjects import Subject, groups_of, holdings
from gitwarrant.objects.resources import plural
from gitwarrant.objects.scope import BUILTIN
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

PLACE = Place("review.yaml", 1)
REVIEW = "authorization.k8s.io/v1"
RBAC_GROUP = "rbac.authorization.k8s.io"


def read(kubeconfig: Path, *names: str) -> list[dict[str, Any]]:
    async def inside() -> list[dict[str, Any]]:
        async with Cluster(from_kubeconfig(kubeconfig, environment={})) as cluster:
            found = [
                await cluster.get(ObjectKey(RBAC_GROUP, "ClusterRole", "", name), "v1") for name in names
            ]
        return [item for item in found if item]

    return asyncio.run(inside())


def test_the_roles_of_kubernetes_itself_are_as_its_server_has_them(cluster: Sandbox) -> None:
    live = {item["metadata"]["name"]: item for item in read(cluster.kubeconfig, *BUILT_IN)}

    assert {name: set(powers_of(item)) for name, item in live.items()} == dict(BUILT_IN)
    assert {name: item["metadata"]["labels"] for name, item in live.items()} == dict(BUILT_IN_LABELS)


def test_kinds_are_called_in_rules_as_the_server_calls_them(cluster: Sandbox) -> None:
    async def served() -> dict[tuple[str, str], str]:
        async with Cluster(from_kubeconfig(cluster.kubeconfig, environment={})) as client:
            return {(item.group, item.kind): item.plural for item in await client.served()}

    found = asyncio.run(served())
    known = {kind: plural(*kind) for kind in BUILTIN if kind in found}

    assert known == {kind: found[kind] for kind in known}
    assert len(known) > 40


def scene(namespace: str, name: str) -> tuple[list[Manifest], list[Subject]]:
    """Grants of every form, in a namespace and in the whole cluster."""
    web, ada = account(f"web-{name}", namespace), user(f"ada-{name}")
    team = Subject("Group", "", f"team-{name}")
    wide, narrow = f"wide-{name}", f"narrow-{name}"
    objects = [
        role(
            "mixed",
            rule("- apps", "pods deployments", "get list"),
            rule("-", "secrets configmaps", "get patch", "db web"),
            rule("*", "*/scale", "update"),
            rule("batch", "*", "*"),
            namespace=namespace,
        ),
        binding("mixed", "mixed", web, ada, namespace=namespace),
        role(wide, rule("-", "nodes namespaces", "get list"), rule("*", "jobs", "delete"), namespace=""),
        binding(wide, wide, team, namespace=""),
        role(narrow, rule("-", "pods/exec", "create"), rule(RBAC_GROUP, "*", "bind"), namespace=""),
        binding(narrow, narrow, ada, namespace=namespace, cluster_role=True),
        binding("view", "view", team, namespace=namespace, cluster_role=True),
        binding(
            "all", "cluster-admin", account(f"root-{name}", namespace), namespace=namespace, cluster_role=True
        ),
    ]
    return objects, [web, ada, team, account(f"root-{name}", namespace)]


def questions(seed: int, namespaces: list[str]) -> list[Power]:
    """Requests as clients make them: no wildcards, a name or none."""
    chance = random.Random(seed)
    things = [
        ("", "pods"),
        ("", "pods/exec"),
        ("", "secrets"),
        ("", "configmaps"),
        ("", "nodes"),
        ("apps", "deployments"),
        ("apps", "deployments/scale"),
        ("batch", "jobs"),
        ("batch", "cronjobs/status"),
        (RBAC_GROUP, "clusterroles"),
        (RBAC_GROUP, "roles"),
    ]
    verbs = ["get", "list", "create", "patch", "update", "delete", "bind", "escalate"]
    return [
        Power(
            *chance.choice(things),
            chance.choice(verbs),
            chance.choice(namespaces),
            chance.choice(["", "db", "web", "x"]),
        )
        for _ in range(250)
    ]


async def allowed(shop: Workshop, subject: Subject, power: Power) -> bool:
    """The server's own answer."""
    resource, _, below = power.resource.partition("/")
    attributes = {
        "group": power.group,
        "resource": resource,
        "subresource": below,
        "verb": power.verb,
        "namespace": power.namespace,
        "name": power.name,
    }
    name = f"system:serviceaccount:{subject.namespace}:{subject.name}"
    who: dict[str, Any] = {"user": name if subject.kind == "ServiceAccount" else subject.name}
    if subject.kind == "Group":
        who = {"user": "somebody", "groups": [subject.name]}
    elif groups_of(subject):
        who["groups"] = list(groups_of(subject))
    spec = {"resourceAttributes": attributes, **who}
    content = {"apiVersion": REVIEW, "kind": "SubjectAccessReview", "metadata": {}, "spec": spec}
    key = ObjectKey("authorization.k8s.io", "SubjectAccessReview", "", "")
    answer = await shop.send("POST", Manifest(key, "v1", content, PLACE, 0, ()), content, collection=True)
    return bool(answer["status"]["allowed"])


def test_who_may_do_what_is_what_the_server_answers(cluster: Sandbox) -> None:
    """250 requests of four subjects, allowed and not, and every power that we say they have."""

    async def test(shop: Workshop) -> None:
        objects, subjects = scene(shop.namespace, shop.namespace)
        await write(shop, objects)
        found = holdings(objects)
        asked = questions(7, [shop.namespace, "default", ""])
        counted = {True: 0, False: 0}
        for subject in subjects:
            held = found.of(subject)
            for power in [*asked, *(power for power in held if "*" not in str(power) and not power.url)]:
                ours = is_covered(power, held)
                assert ours is await allowed(shop, subject, power), f"{subject}: {power}"
                counted[ours] += 1
        assert min(counted.values()) > 100
        await remove(shop, objects)

    run(cluster.kubeconfig, test)


async def write(shop: Workshop, objects: Iterable[Manifest]) -> None:
    for item in objects:
        await shop.cluster.apply(item.key, item.version, item.content, force=True, audit_id=new_audit_id())


async def remove(shop: Workshop, objects: Iterable[Manifest]) -> None:
    """What belongs to the whole cluster stays otherwise."""
    for item in objects:
        if not item.key.namespace:
            uid = (await shop.live(item))["metadata"]["uid"]
            await shop.cluster.delete(item.key, item.version, uid=uid, audit_id=new_audit_id())
