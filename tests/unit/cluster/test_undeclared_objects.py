"""Who made an object that nobody declared: by what is made of what, never by the reference alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.discovery import Resource
from gitwarrant.cluster.drift import NO_RULES
from gitwarrant.cluster.refusal import ClusterError
from gitwarrant.cluster.undeclared import MAX_TOLD, Estate, Makers, undeclared
from gitwarrant.model.errors import Place
from gitwarrant.model.live import Drift, DriftKind
from gitwarrant.model.manifest import Json, Manifest, ObjectKey

VERBS = frozenset({"list", "create", "watch"})
HOME = "shop"
Live = Mapping[str, Json]


def resource(kind: str, verbs: frozenset[str] = VERBS) -> Resource:
    kind, _, group = kind.partition(".")
    return Resource(group, "v1", kind, f"{kind.lower()}s", True, verbs)


class Server:
    """A server with these objects, by kind; a kind with None may not be listed."""

    def __init__(self, objects: Mapping[str, Sequence[Live] | None]) -> None:
        self.concurrency, self._objects = 4, objects

    async def served(self) -> tuple[Resource, ...]:
        return (*map(resource, self._objects), resource("PodMetrics.metrics.k8s.io", frozenset({"list"})))

    async def pages(
        self, kind: Resource, _namespace: str, *, labels: str, metadata: bool
    ) -> AsyncIterator[Any]:
        assert metadata
        found = self._objects[ObjectKey(kind.group, kind.kind, "", "").typed]
        if found is None:
            raise ClusterError("it is forbidden", remedy="")
        name, _, value = labels.partition("=")
        items = [{"metadata": item} for item in found if not labels or item.get("labels") == {name: value}]
        yield SimpleNamespace(items=items)


def live(name: str, *owners: Json, **metadata: Json) -> Live:
    return {"name": name, "uid": f"uid-{name}", "ownerReferences": list(owners), **metadata}


def owner(uid: str, *, controller: bool = True) -> Json:
    return {"uid": uid, "controller": controller}


def key(kind: str, name: str) -> ObjectKey:
    kind, _, group = kind.partition(".")
    return ObjectKey(group, kind, HOME, name)


def declared(kind: str, name: str, **content: Json) -> Manifest:
    return Manifest(key(kind, name), "v1", content, Place(""), 0, ())


OURS = (
    declared("Deployment.apps", "web"),
    declared("CronJob.batch", "nightly"),
    declared("Kafka.kafka.strimzi.io", "events"),
    declared("Service", "web", spec={"selector": {"app": "web"}}),
    declared("Service", "outside", spec={}),
    declared("StatefulSet.apps", "db", spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}),
)


def told(objects: Mapping[str, Sequence[Live] | None], *, shared: bool = False) -> list[Drift]:
    estate = Estate(
        whole=frozenset() if shared else frozenset({HOME}),
        shared=frozenset({HOME}) if shared else frozenset(),
        identifier="applyset-1",
        declared=frozenset(item.key for item in OURS),
        uids={f"uid-{item.key.kind}-{item.key.name}": item.kind for item in OURS},
        makers=Makers.of(OURS),
        ignoring=NO_RULES,
    )
    return asyncio.run(undeclared(cast("Cluster", Server(objects)), estate))[0]


@pytest.mark.parametrize(
    ("objects", "strangers"),
    [
        pytest.param(
            {
                "Pod": [live("web-1-a", owner("uid-web-1"))],
                "ReplicaSet.apps": [live("web-1", owner("uid-Deployment-web"))],
            },
            [],
            id="a Deployment's ReplicaSet and its Pod",
        ),
        pytest.param(
            {"Pod": [live("a", owner("uid-x"))], "ReplicaSet.apps": [live("x")]},
            ["a", "x"],
            id="a ReplicaSet of nobody, and its Pod",
        ),
        pytest.param(
            {"Pod": [live("a", owner("uid-Deployment-web"))]},
            ["a"],
            id="a Pod that names a Deployment, which makes none",
        ),
        pytest.param(
            {"Job.batch": [live("a", owner("uid-CronJob-nightly", controller=False))]},
            ["a"],
            id="an owner that does not control it",
        ),
        pytest.param(
            {
                "ConfigMap": [live("events-config", owner("uid-Kafka-events"))],
                "RoleBinding.rbac.authorization.k8s.io": [live("events-role", owner("uid-Kafka-events"))],
            },
            ["events-role"],
            id="what an operator makes of a custom resource, but for power",
        ),
        pytest.param(
            {"Endpoints": [live("web"), live("outside"), live("other")]},
            ["other", "outside"],
            id="Endpoints that a controller keeps right, and others",
        ),
        pytest.param(
            {"PersistentVolumeClaim": [live("data-db-0"), live("data-db-x"), live("data-db2-0")]},
            ["data-db-x", "data-db2-0"],
            id="claims by the name of a declared StatefulSet",
        ),
        pytest.param(
            {
                "ConfigMap": [live("kube-root-ca.crt"), live("kube-root-ca")],
                "ServiceAccount": [live("default"), live("builder")],
            },
            ["kube-root-ca", "builder"],
            id="what is in every namespace",
        ),
        pytest.param({"Event": [live("a")], "Lease.coordination.k8s.io": [live("b")]}, [], id="bookkeeping"),
        pytest.param({"Deployment.apps": [live("web")]}, [], id="what is declared"),
    ],
)
def test_what_nobody_declared_is_told(objects: Mapping[str, Sequence[Live]], strangers: list[str]) -> None:
    found = told(objects)

    assert [drift.key.name for drift in found] == strangers
    assert {drift.kind for drift in found} <= {DriftKind.UNDECLARED}


def test_in_a_shared_namespace_only_the_wearers_of_our_label_are_told() -> None:
    worn = live("worn", labels={PART_OF: "applyset-1"})

    [drift] = told({"Service": [worn, live("free")], "Pod": [worn]}, shared=True)

    assert drift.key == key("Service", "worn")
    assert "it carries this environment's label" in drift.note


def test_what_cannot_be_listed_is_said_of_the_namespace() -> None:
    [drift] = told({"Service": None, "ConfigMap": []})

    assert drift == Drift(
        ObjectKey("", "Namespace", "", HOME),
        DriftKind.UNJUDGED,
        (),
        (),
        "could not be listed: Service (it is forbidden)",
    )


def test_very_many_are_counted() -> None:
    *_, last = told({"ConfigMap": [live(f"a{number}") for number in range(MAX_TOLD + 3)]})

    assert last.note == "3 more objects that nobody declared"
