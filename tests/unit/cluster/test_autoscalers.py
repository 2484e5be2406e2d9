"""Whose autoscaler counts, and what number of replicas it explains."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from gitwarrant.cluster.autoscalers import Autoscalers
from gitwarrant.cluster.client import Cluster
from gitwarrant.model.manifest import Json, ObjectKey

WEB = ObjectKey("apps", "Deployment", "shop", "web")
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def scaler(uid: str = "ours", *owners: Json, **spec: Json) -> Json:
    metadata = {"uid": uid, "ownerReferences": list(owners)}
    return {"metadata": metadata, "spec": {"scaleTargetRef": TARGET, **spec}}


class Server:
    """A server with one autoscaler."""

    def __init__(self, item: Json) -> None:
        self._item = item

    async def list(self, *_kind: str) -> AsyncIterator[Any]:
        yield self._item


KEDA = {"kind": "ScaledObject", "uid": "ours"}


@pytest.mark.parametrize(
    ("item", "replicas", "explained"),
    [
        pytest.param(scaler(), 5, True, id="ours"),
        pytest.param(scaler("theirs"), 5, False, id="somebody's own"),
        pytest.param(scaler("made", KEDA), 5, True, id="made of a ScaledObject of ours"),
        pytest.param(scaler("made", {**KEDA, "uid": "x"}), 5, False, id="made of somebody's ScaledObject"),
        pytest.param(scaler(), 0, False, id="none at all, which it never sets"),
        pytest.param(scaler(minReplicas=0), 0, True, id="none, where it may"),
        pytest.param(scaler("made", KEDA), 0, True, id="none, by KEDA's operator"),
        pytest.param(scaler(scaleTargetRef={**TARGET, "name": "db"}), 5, False, id="of another workload"),
        pytest.param(
            scaler(scaleTargetRef={**TARGET, "apiVersion": "example.com/v1"}),
            5,
            False,
            id="of a kind with the same name",
        ),
    ],
)
def test_only_a_warranted_autoscaler_explains_a_number(item: Json, replicas: int, explained: bool) -> None:
    autoscalers = Autoscalers(cast("Cluster", Server(item)), frozenset({"ours"}))

    assert asyncio.run(autoscalers.explain(WEB, {"spec": {"replicas": replicas}})) is explained


def test_what_has_no_replicas_is_never_explained() -> None:
    autoscalers = Autoscalers(cast("Cluster", Server(scaler())), frozenset({"ours"}))
    config = ObjectKey("", "ConfigMap", "shop", "web")

    assert not asyncio.run(autoscalers.explain(config, {}))
