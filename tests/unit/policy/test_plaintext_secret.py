"""plaintext-secret: what it finds, what it leaves alone, what must not slip by."""

import json

import pytest
from tests.support.checking import judged, said

from gitwarrant.model.finding import Fix

RULE = "plaintext-secret"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: database}\n"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def remembered(kind: str, copy: object) -> str:
    annotations = {LAST_APPLIED: copy if isinstance(copy, str) else json.dumps(copy)}
    metadata = {"name": "database", "annotations": annotations}
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": metadata})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            SECRET + "data: {password: aHVudGVyMg==}",
            ["4 readable values in a Secret: password"],
            id="violating",
        ),
        pytest.param(
            SECRET + "data: {a: YQ==}\nstringData: {b: b, c: c}",
            ["4 readable values in a Secret: a", "5 readable values in a Secret: b, c"],
            id="violating: both fields",
        ),
        pytest.param(SECRET, [], id="clean: filled in by somebody else"),
        pytest.param(SECRET + "data: {}\nstringData: {password: ''}", [], id="clean: empty values"),
        pytest.param(
            SECRET + "data: {password: 'ENC[AES256_GCM,data:x==,iv:y==,tag:z==,type:str]'}",
            [],
            id="clean: encrypted",
        ),
        pytest.param(
            SECRET + "data: {password: 'ENC[AES256_GCM]'}",
            ["4 readable values in a Secret: password"],
            id="evading: only looks encrypted",
        ),
        pytest.param(
            "apiVersion: v1\nkind: SecretList\nitems:\n"
            "  - {apiVersion: v1, kind: Secret, metadata: {name: database}, data: {a: YQ==}}",
            ["4 readable values in a Secret: a"],
            id="evading: in a list",
        ),
        pytest.param(
            remembered("Secret", {"apiVersion": "v1", "kind": "Secret", "data": {"a": "YQ=="}}),
            ["1 readable values in the copy that 'kubectl apply' left: a"],
            id="evading: in the copy that kubectl left",
        ),
        pytest.param(
            remembered("ConfigMap", {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}}),
            ["1 readable values in the copy that 'kubectl apply' left: a"],
            id="evading: the copy of a Secret on something else",
        ),
        pytest.param(
            "apiVersion: example.com/v1\nkind: Wrapper\nmetadata: {name: x}\nspec:\n"
            "  object: {apiVersion: v1, kind: Secret, metadata: {name: x}, data: {a: YQ==}}",
            ["5 readable values in a Secret: a"],
            id="evading: wrapped in a custom kind",
        ),
    ],
)
def test_plaintext_secret(text: str, expected: list[str]) -> None:
    """All findings of one object. Messages name keys, never values."""
    assert said(text, RULE) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: x}\n"
            "spec: {encryptedData: {password: AgB}}",
            id="SealedSecret",
        ),
        pytest.param(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\n"
            "spec: {data: [{secretKey: password, remoteRef: {key: database}}]}",
            id="ExternalSecret",
        ),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}", id="ConfigMap"),
    ],
)
def test_plaintext_secret_does_not_apply_to_what_only_refers_to_one(text: str) -> None:
    """A counted outcome of its own."""
    report = judged(text, RULE)

    assert [(one.not_applicable, one.violated) for one in report.tallies] == [(1, 0)]


def test_a_copy_that_cannot_be_read_is_not_judged() -> None:
    """It speaks of a Secret, but nobody knows what it carries."""
    report = judged(remembered("ConfigMap", '{"kind": "Secret"'), RULE)

    assert len(report.unjudged) == 1
    assert report.refused


def test_the_fix_removes_the_copy_alone() -> None:
    """Nothing that runs reads the annotation, so it is safe; a Secret's own values are not taken away."""
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "YQ=="}}

    [copy] = judged(remembered("ConfigMap", secret), RULE).findings
    [values] = judged(SECRET + "data: {a: YQ==}", RULE).findings

    way = ("metadata", "annotations", LAST_APPLIED)
    assert copy.fix == Fix("remove the annotation", way, None, safe=True)
    assert values.fix is None
