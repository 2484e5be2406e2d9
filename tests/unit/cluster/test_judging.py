"""What judging one object asks the server, and how often."""

import asyncio
from typing import Any, cast

import pytest
from tests.support.cluster_workshop import now

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.cluster import judging
from gitwarrant.cluster.autoscalers import Autoscalers
from gitwarrant.cluster.baseline import Baselines
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.drift import NO_RULES
from gitwarrant.cluster.judging import Judging
from gitwarrant.model.errors import Place
from gitwarrant.model.live import Drift, DriftKind, InventoryEntry
from gitwarrant.model.manifest import Content, Json, Manifest, ObjectKey

KEY = ObjectKey("", "ConfigMap", "shop", "web")
METADATA: Json = {"name": "web", "annotations": {}, "labels": {}}
DECLARED = Manifest(KEY, "v1", {"metadata": METADATA, "data": {"a": "1"}}, Place("web.yaml"), 0, ())


class Kept:
    """Baselines that are kept, and a server that by now makes `probe` of a clean create."""

    def __init__(self, probe: Content) -> None:
        self.asked, self._probe = 0, probe

    def anew(self) -> "Kept":
        return self

    async def of(self, manifest: Manifest) -> Content:
        return manifest.content

    async def first(self, _manifest: Manifest) -> None:
        return None

    async def probed(self, _manifest: Manifest) -> Content:
        self.asked += 1
        return self._probe


def live(**data: str) -> Json:
    return {"metadata": {**METADATA, "uid": "u1"}, "data": data}


def judged(kept: Kept, *states: Json) -> list[Drift | None]:
    """The verdicts about states that follow each other, each in a look of its own."""
    nobody = Autoscalers(cast("Cluster", None), frozenset())
    judge: Any = Judging("test", MemoryLog(now), cast("Baselines", kept), nobody, NO_RULES)
    entry = InventoryEntry(KEY, "v1", "u1", DECLARED.digest)
    return [asyncio.run(judge.anew().judged(DECLARED, entry, state))[0].drift for state in states]


def test_an_object_as_it_should_be_asks_nobody() -> None:
    kept = Kept(DECLARED.content)

    assert judged(kept, live(a="1")) == [None]
    assert kept.asked == 0


@pytest.mark.parametrize(
    ("probe", "kind"),
    [
        pytest.param({"a": "1"}, DriftKind.CHANGED, id="an edit"),
        pytest.param({"a": "1", "b": "2"}, DriftKind.ADMISSION, id="what the server does by now"),
    ],
)
def test_a_drift_that_stays_asks_once_whose_it_is(probe: Json, kind: DriftKind) -> None:
    kept = Kept({"metadata": METADATA, "data": probe})

    found = judged(kept, *[live(a="1", b="2")] * 3)

    assert [drift.kind for drift in found if drift] == [kind] * 3
    assert kept.asked == 1


def test_another_drift_of_the_object_asks_again() -> None:
    kept = Kept(DECLARED.content)

    judged(kept, live(a="2"), live(a="3"))

    assert kept.asked == 2


def test_after_a_while_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "ASK_AGAIN_SECONDS", -1.0)
    kept = Kept(DECLARED.content)

    judged(kept, *[live(a="2")] * 2)

    assert kept.asked == 2
