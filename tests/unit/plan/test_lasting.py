"""What going back does not undo."""

from typing import Any

import pytest
import yaml

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Lasting
from gitwarrant.plan.lasting import lasting


def made(text: str) -> Manifest:
    content: dict[str, Any] = yaml.safe_load(text)
    group, _, version = content["apiVersion"].rpartition("/")
    key = ObjectKey(group, content["kind"], "shop", content["metadata"]["name"])
    return Manifest(key, version, content, Place("x.yaml", 1), 0, ())


CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: it}
spec: {storageClassName: %s, resources: {requests: {storage: %s}}}
"""
JOB = "{apiVersion: batch/v1, kind: Job, metadata: {name: it}, spec: {template: {x: %s}}}"
SECRET = "{apiVersion: v1, kind: Secret, metadata: {name: it}, data: {x: %s}}"
SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: it}
spec: {volumeClaimTemplates: [{metadata: {name: %s}}]}
"""
WIDGET = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: it}}"
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: it}, data: {x: %s}}"


def definition(*versions: str, storage: str) -> str:
    listed = [{"name": name, "storage": name == storage} for name in versions]
    spec = {"group": "example.com", "names": {"kind": "Widget"}, "versions": listed}
    kind, version = "CustomResourceDefinition", "apiextensions.k8s.io/v1"
    return yaml.safe_dump({"apiVersion": version, "kind": kind, "metadata": {"name": "it"}, "spec": spec})


AGAIN = "cannot be changed back: the object has to be deleted and made again"
VERSION_GOES = (
    "version v2 goes: objects that were written in it are not converted back, and they are stored so"
)
RAN = "it ran, or runs: what it did, such as a migration, stays done"


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        pytest.param(
            CLAIM % ("fast", "2Gi"),
            CLAIM % ("fast", "1500Mi"),
            ["a volume never shrinks: from 2Gi to 1500Mi"],
            id="a volume that grew",
        ),
        pytest.param(CLAIM % ("fast", "1Gi"), CLAIM % ("fast", "2Gi"), [], id="one that grows again"),
        pytest.param(
            CLAIM % ("fast", "1Gi"),
            CLAIM % ("slow", "1024Mi"),
            [f"/spec/storageClassName {AGAIN}"],
            id="a field that nobody may change",
        ),
        pytest.param(
            CLAIM % ("fast", "1Gi"),
            None,
            ["it is deleted, and with it the data, unless its volume is retained"],
            id="a claim that goes",
        ),
        pytest.param(
            SET % "data",
            SET % "disk",
            [f"/spec/volumeClaimTemplates {AGAIN}"],
            id="claims of a StatefulSet",
        ),
        pytest.param(JOB % "one", None, [RAN], id="a migration"),
        pytest.param(
            JOB % "one",
            JOB % "two",
            [f"/spec/template {AGAIN}", RAN],
            id="another migration",
        ),
        pytest.param(None, JOB % "one", ["it runs again: what it does is done twice"], id="one of then"),
        pytest.param(
            SECRET % "bmV3",
            SECRET % "b2xk",
            ["older values come back: what was rotated or revoked elsewhere since does not fit them"],
            id="a secret that was rotated",
        ),
        pytest.param(
            definition("v1", "v2", storage="v2"),
            definition("v1", storage="v1"),
            [VERSION_GOES],
            id="a version of a kind that goes",
        ),
        pytest.param(
            definition("v1", "v2", storage="v2"),
            definition("v1", "v2", storage="v1"),
            ["objects are stored as v1 again only when each is written"],
            id="a version that is stored",
        ),
        pytest.param(
            WIDGET,
            None,
            ["it is deleted; what its controller made stays or goes as that controller decides"],
            id="a custom object that goes",
        ),
        pytest.param(MAP % "one", MAP % "two", [], id="what can be undone"),
        pytest.param(MAP % "one", None, [], id="what can be made again"),
        pytest.param(JOB % "one", JOB % "one", [], id="what does not differ"),
    ],
)
def test_what_going_back_does_not_undo_is_said(
    now: str | None, then: str | None, expected: list[str]
) -> None:
    here, back = ([made(text)] if text else [] for text in (now, then))
    [key] = {item.key for item in (*here, *back)}

    assert lasting(here, back) == tuple(Lasting(key, what) for what in expected)


@pytest.mark.parametrize("versions", ["1", "[1]", "{}", "[{}]"])
def test_versions_without_form_are_none(versions: str) -> None:
    odd = definition("v1", storage="v1")
    head = odd.partition("  versions:")[0]

    [told] = lasting([made(odd)], [made(f"{head}  versions: {versions}\n")])

    assert told.what.startswith("version v1 goes: ")
