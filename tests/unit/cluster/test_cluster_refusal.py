"""Each answer of an API server as the error that a person can act on."""

from typing import Any

import pytest

from gitwarrant.cluster.refusal import (
    Cause,
    Conflict,
    Denied,
    FieldConflict,
    Invalid,
    NotFound,
    ServerTrouble,
    refusal,
)
from gitwarrant.model.errors import GitwarrantError

FORBIDDEN = (
    'deployments.apps "web" is forbidden: User "system:serviceaccount:ci:bot" cannot patch resource '
    '"deployments" in API group "apps" in the namespace "shop"'
)


def status(message: str, reason: str = "", *causes: tuple[str, str]) -> dict[str, Any]:
    listed = [{"field": field, "message": text} for field, text in causes]
    return {"kind": "Status", "message": message, "reason": reason, "details": {"causes": listed}}


@pytest.mark.parametrize(
    ("code", "answer", "kind", "what", "remedy"),
    [
        pytest.param(
            403,
            status(FORBIDDEN, "Forbidden"),
            Denied,
            'apply X: system:serviceaccount:ci:bot may not patch deployments.apps in the namespace "shop"',
            "grant the verb 'patch' on deployments.apps to system:serviceaccount:ci:bot by RBAC",
            id="RBAC",
        ),
        pytest.param(
            403,
            status('pods "a" is forbidden: violates PodSecurity "restricted:latest"'),
            Invalid,
            'apply X: pods "a" is forbidden: violates PodSecurity "restricted:latest"',
            "mend the manifest as the API server says",
            id="admission says 403 too",
        ),
        pytest.param(
            401,
            status("Unauthorized"),
            Denied,
            "apply X: the API server does not accept our credential",
            "renew the kubeconfig's credential",
            id="no credential",
        ),
        pytest.param(
            404,
            status('namespaces "shop" not found'),
            NotFound,
            'apply X: namespaces "shop" not found',
            "create it first, or check the name",
            id="not found",
        ),
        pytest.param(
            409,
            status("the object has been modified"),
            Conflict,
            "apply X: the object has been modified",
            "it changed since it was read: run again",
            id="moved on",
        ),
        pytest.param(
            422,
            status("is invalid", "Invalid", ("spec.replicas", "Invalid value: -1")),
            Invalid,
            "apply X: spec.replicas: Invalid value: -1",
            "mend the manifest as the API server says",
            id="invalid field",
        ),
        pytest.param(
            500,
            status(
                "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): errors:\n"
                "  .spec.a: field not declared in schema\n  .spec.b: expected map, got &{1}"
            ),
            Invalid,
            "apply X: spec.a: field not declared in schema; spec.b: expected map, got &{1}",
            "mend the manifest as the API server says",
            id="unknown fields, answered as 500",
        ),
        pytest.param(
            429,
            status("too many requests"),
            ServerTrouble,
            "apply X: the API server answered 429: too many requests",
            "try again later",
            id="overloaded",
        ),
        pytest.param(
            503,
            "<html>",
            ServerTrouble,
            "apply X: the API server answered 503: HTTP 503",
            "try again later",
            id="a proxy's page",
        ),
    ],
)
def test_an_answer_is_said_with_its_remedy(
    code: int, answer: Any, kind: type[GitwarrantError], what: str, remedy: str
) -> None:
    error = refusal(code, answer, "apply X")

    assert (type(error), error.what, error.remedy) == (kind, what, remedy)


def test_a_conflict_names_managers_and_fields() -> None:
    causes = (
        (".spec.replicas", 'conflict with "helm" using apps/v1'),
        (".data.a", 'conflict with "kubectl"'),
    )

    error = refusal(409, status("Apply failed with 2 conflicts", "Conflict", *causes), "apply X")

    assert isinstance(error, Conflict)
    assert error.conflicts == (FieldConflict("helm", ".spec.replicas"), FieldConflict("kubectl", ".data.a"))
    named = ".spec.replicas by 'helm' (Helm), .data.a by 'kubectl' (somebody with kubectl)"
    assert f"held by another manager: {named}" in error.what
    assert "'adopt: [helm]'" in error.remedy


def test_a_webhook_cannot_fill_the_log() -> None:
    """A message of a megabyte is cut in its middle: the reason often stands at its end."""
    error = refusal(422, status("x" * 1_000_000, "", ("f", "y" * 1_000_000 + ": no")), "apply X")

    assert isinstance(error, Invalid)
    assert len(error.what) < 3_000
    assert error.causes == (Cause("f", "y" * 150 + " ... " + "y" * 146 + ": no"),)
