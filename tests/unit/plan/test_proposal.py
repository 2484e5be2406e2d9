"""A drift as a patch of the repository: what can be written in place, and in words what cannot."""

import pytest

from gitwarrant.model.change import BlobId, File
from gitwarrant.model.live import Drift, DriftKind
from gitwarrant.model.manifest import Json, Manifest, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.plan.proposal import Proposal, propose
from gitwarrant.render.plain import PlainRenderer

FILE = b"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  mode: safe # reviewed
  level: info
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: web
          image: web:1
        - name: log
          image: web:1
"""
CONTAINERS: Pointer = ("spec", "template", "spec", "containers")
SPY: Json = {"name": "spy", "image": "spy"}
LEFT = "Deployment.apps web"
HEAD = "--- a/shop/web.yaml\n+++ b/shop/web.yaml\n"


def manifests(data: bytes = FILE) -> tuple[Manifest, ...]:
    return tuple(PlainRenderer().render((File("shop/web.yaml", 0o100644, BlobId("0"), data),)))


def proposed(index: int, *differences: FieldDifference, kind: DriftKind = DriftKind.CHANGED) -> Proposal:
    found = manifests()
    drift = Drift(found[index].key, kind, differences, ("kubectl",))
    return propose([drift], found, {"shop/web.yaml": FILE})


def changed(pointer: Pointer, before: Json, after: Json) -> FieldDifference:
    return FieldDifference(pointer, (before,), (after,))


def test_values_and_fields_of_one_file_make_one_patch() -> None:
    proposal = proposed(
        0,
        changed(("data", "mode"), "safe", "fast"),
        FieldDifference(("data", "level"), ("info",), ()),
        FieldDifference(("data", "extra"), (), ("on",)),
    )

    assert proposal == Proposal(
        f"""\
{HEAD}@@ -3,8 +3,8 @@
 metadata:
   name: settings
 data:
-  mode: safe # reviewed
-  level: info
+  extra: "on"
+  mode: fast # reviewed
 ---
 apiVersion: apps/v1
 kind: Deployment
""",
        (),
    )


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        pytest.param(
            [FieldDifference((*CONTAINERS, 0), (), (SPY,)), changed((*CONTAINERS, 2, "image"), "web:1", "x")],
            f"{LEFT} /spec/template/spec/containers/2/image: items of that list moved; "
            "by hand: set /spec/template/spec/containers/2/image to 'x'",
            id="an item in front makes another one of the same index",
        ),
        pytest.param(
            [FieldDifference((*CONTAINERS, 1), ({"name": "log"},), ())],
            f"{LEFT} /spec/template/spec/containers/1: items of that list moved; "
            "by hand: remove /spec/template/spec/containers/1",
            id="an item taken away",
        ),
        pytest.param(
            [FieldDifference(("metadata", "labels", "applyset.kubernetes.io/part-of"), ("a",), ())],
            f"{LEFT} /metadata/labels/applyset.kubernetes.io~1part-of: that is gitwarrant's own label",
            id="our label",
        ),
    ],
)
def test_what_cannot_be_written_is_left_with_its_reason(
    differences: list[FieldDifference], reason: str
) -> None:
    assert reason in proposed(1, *differences).left


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (DriftKind.MISSING, "missing: there is no value to take over"),
        (DriftKind.UNDECLARED, "nobody declared it: write its manifest yourself, if it is wanted"),
    ],
)
def test_a_drift_without_values_is_left_out(kind: DriftKind, reason: str) -> None:
    assert proposed(1, kind=kind) == Proposal("", (f"{LEFT}: {reason}",))


def test_secrets_and_rendered_objects_are_left_out() -> None:
    [secret] = manifests(b"apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n")
    drift = Drift(secret.key, DriftKind.CHANGED, (changed(("data", "a"), "(hidden)", "(hidden)"),), ())
    web = manifests()[1]
    other = Drift(web.key, DriftKind.CHANGED, (changed(("spec", "replicas"), 2, 3),), ())

    proposal = propose(
        [drift, other], [secret, web], {"shop/web.yaml": FILE.replace(b"replicas: 2", b"replicas: 4")}
    )

    assert proposal == Proposal(
        "",
        (
            "Secret db: the values of a Secret are never taken out of the cluster",
            f"{LEFT}: no file of the repository has it as it is: it was rendered from something else",
        ),
    )


def test_a_file_without_a_last_line_end_makes_a_patch_that_git_takes() -> None:
    data = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}"
    [item] = manifests(data)
    drift = Drift(item.key, DriftKind.CHANGED, (changed(("data", "b"), "c", "d"),), ())

    patch = propose([drift], [item], {"shop/web.yaml": data}).patch

    assert patch.endswith(
        "-data: {b: c}\n\\ No newline at end of file\n+data: {b: d}\n\\ No newline at end of file\n"
    )
