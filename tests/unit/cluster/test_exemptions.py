"""Shipped exemptions: one field, one writer, and only where the manifest leaves room for it."""

from typing import Any

import pytest

from gitwarrant.cluster.drift import Terms, judge
from gitwarrant.cluster.exemptions import EXEMPTIONS, Exemption, exempt, name_of
from gitwarrant.model.live import Drift, Writer
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import bare

WEBHOOKS = "admissionregistration.k8s.io"
CA = "inject-ca-from"
NEG = "cloud.google.com/neg-status"
CLEANUP = "service.kubernetes.io/load-balancer-cleanup"


def written(manager: str, tree: Json, subresource: str = "") -> Json:
    return {"manager": manager, "operation": "Update", "subresource": subresource, "fieldsV1": tree}


def judged(kind: str, name: str, before: Json, after: Json, *managed: Json) -> Drift | None:
    """The drift between two states of one object, whose metadata are given as `metadata`."""
    kind, _, group = kind.partition(".")
    key = ObjectKey(group, kind, "shop", name)
    truth = bare({**before, "metadata": {"name": name, **before.get("metadata", {})}})
    metadata = {"name": name, "uid": "u1", "managedFields": list(managed), **after.get("metadata", {})}
    return judge(Terms(key, "u1", truth, truth), {**after, "metadata": metadata}).drift


def webhooks(**client: Json) -> Json:
    return {"webhooks": [{"name": "a", "clientConfig": client, "failurePolicy": "Ignore"}]}


BUNDLE: Json = {"f:webhooks": {'k:{"name":"a"}': {"f:clientConfig": {"f:caBundle": {}}}}}
ASKED: Json = {"metadata": {"annotations": {f"cert-manager.io/{CA}": "shop/ca"}}}
POLICY: Json = {"f:webhooks": {'k:{"name":"a"}': {"f:failurePolicy": {}}}}
RULES: Json = {"f:rules": {}}
FINALIZERS: Json = {"f:metadata": {"f:finalizers": {".": {}, f'v:"{CLEANUP}"': {}}}}


def annotated(name: str) -> Json:
    return {"f:metadata": {"f:annotations": {f"f:{name}": {}}}}


TABLE: list[tuple[str, bool, tuple[Any, ...]]] = [
    (
        "a CA bundle that the manifest asks for",
        True,
        (
            f"MutatingWebhookConfiguration.{WEBHOOKS}",
            "a",
            {**ASKED, **webhooks()},
            {**ASKED, **webhooks(caBundle="x")},
            written("cainjector", BUNDLE),
        ),
    ),
    (
        "attack: a CA bundle that it does not ask for, under the injector's name",
        False,
        (
            f"MutatingWebhookConfiguration.{WEBHOOKS}",
            "a",
            webhooks(),
            webhooks(caBundle="x"),
            written("cainjector", BUNDLE),
        ),
    ),
    (
        "attack: the annotation that asks was added as well",
        False,
        (
            f"MutatingWebhookConfiguration.{WEBHOOKS}",
            "a",
            webhooks(),
            {**ASKED, **webhooks(caBundle="x")},
            written("cainjector", BUNDLE),
        ),
    ),
    (
        "attack: a declared CA bundle replaced",
        False,
        (
            f"MutatingWebhookConfiguration.{WEBHOOKS}",
            "a",
            {**ASKED, **webhooks(caBundle="y")},
            {**ASKED, **webhooks(caBundle="x")},
            written("cainjector", BUNDLE),
        ),
    ),
    (
        "attack: another address, under the injector's name",
        False,
        (
            f"MutatingWebhookConfiguration.{WEBHOOKS}",
            "a",
            {**ASKED, **webhooks()},
            {**ASKED, **webhooks(url="https://mallory")},
            written("cainjector", BUNDLE),
        ),
    ),
    (
        "istiod lets its own webhook fail closed",
        True,
        (
            f"ValidatingWebhookConfiguration.{WEBHOOKS}",
            "istiod-default-validator",
            webhooks(),
            {"webhooks": [{"name": "a", "clientConfig": {}, "failurePolicy": "Fail"}]},
            written("pilot-discovery", POLICY),
        ),
    ),
    (
        "attack: somebody else's webhook, under istiod's name",
        False,
        (
            f"ValidatingWebhookConfiguration.{WEBHOOKS}",
            "gatekeeper",
            webhooks(),
            {"webhooks": [{"name": "a", "clientConfig": {}, "failurePolicy": "Fail"}]},
            written("pilot-discovery", POLICY),
        ),
    ),
    (
        "attack: a webhook opened, under istiod's name",
        False,
        (
            f"ValidatingWebhookConfiguration.{WEBHOOKS}",
            "istiod-default-validator",
            {"webhooks": [{"name": "a", "failurePolicy": "Fail"}]},
            {"webhooks": [{"name": "a", "failurePolicy": "Ignore"}]},
            written("pilot-discovery", POLICY),
        ),
    ),
    (
        "rules gathered for an aggregated ClusterRole",
        True,
        (
            "ClusterRole.rbac.authorization.k8s.io",
            "a",
            {"aggregationRule": {"clusterRoleSelectors": [{}]}, "rules": None},
            {"aggregationRule": {"clusterRoleSelectors": [{}]}, "rules": [{"verbs": ["get"]}]},
            written("clusterrole-aggregation-controller", RULES),
        ),
    ),
    (
        "attack: rules of a plain ClusterRole, under the gatherer's name",
        False,
        (
            "ClusterRole.rbac.authorization.k8s.io",
            "a",
            {"rules": None},
            {"rules": [{"verbs": ["*"]}]},
            written("clusterrole-aggregation-controller", RULES),
        ),
    ),
    (
        "a cloud's finalizer",
        True,
        (
            "Service",
            "a",
            {},
            {"metadata": {"finalizers": [CLEANUP]}},
            written("cloud-controller-manager", FINALIZERS),
        ),
    ),
    (
        "attack: a finalizer of another name beside it",
        False,
        (
            "Service",
            "a",
            {},
            {"metadata": {"finalizers": [CLEANUP, "mallory/stay"]}},
            written("cloud-controller-manager", FINALIZERS),
        ),
    ),
    (
        "attack: a declared finalizer taken away",
        False,
        (
            "Service",
            "a",
            {"metadata": {"finalizers": ["ours/stay"]}},
            {"metadata": {"finalizers": [CLEANUP]}},
            written("cloud-controller-manager", FINALIZERS),
        ),
    ),
    (
        "what GKE notes",
        True,
        ("Service", "a", {}, {"metadata": {"annotations": {NEG: "{}"}}}, written("glbc", annotated(NEG))),
    ),
    (
        "attack: cert-manager's name on an annotation that gives power",
        False,
        (
            "Secret",
            "a",
            {},
            {"metadata": {"annotations": {"cert-manager.io/allow-direct-injection": "true"}}},
            written("cert-manager", annotated("cert-manager.io/allow-direct-injection")),
        ),
    ),
    (
        "attack: the namespace moved to another project, under Rancher's name",
        False,
        (
            "Namespace",
            "a",
            {},
            {"metadata": {"annotations": {"field.cattle.io/projectId": "mallory"}}},
            written("rancher", annotated("field.cattle.io/projectId")),
        ),
    ),
]


@pytest.mark.parametrize(("exempted", "states"), [pytest.param(row[1], row[2], id=row[0]) for row in TABLE])
def test_an_exemption_covers_what_its_controller_does_and_no_more(
    exempted: bool, states: tuple[Any, ...]
) -> None:
    assert (judged(*states) is None) is exempted


@pytest.mark.parametrize("rule", EXEMPTIONS, ids=name_of)
def test_no_exemption_counts_without_its_writer(rule: Exemption) -> None:
    """Emptied managedFields, or another name, excuse nothing; only an autoscaler may be unnamed."""
    kind, _, group = rule.kind.partition(".")
    key = ObjectKey(group, kind, "shop", rule.names.replace("*", "a"))
    pointer = tuple(0 if step == "*" else step for step in rule.field)
    values = sorted(rule.values) or ["x"]
    difference = FieldDifference(pointer, (), (values if pointer[-1] == "finalizers" else values[0],))
    truth: dict[str, Json] = {
        "aggregationRule": {"a": 1},
        "metadata": {"annotations": {f"cert-manager.io/{CA}": "a"}},
    }
    theirs = Writer(min(rule.managers), "Update", rule.subresource, "")

    def excused(*writers: Writer) -> bool:
        return exempt(difference, key, truth, writers, autoscaled=True) is not None

    assert excused(theirs)
    assert not excused(Writer("kubectl-edit", "Update", "", ""))
    assert excused() is rule.autoscaled


def test_every_exemption_says_why_and_what_forging_it_would_gain() -> None:
    assert [name_of(rule) for rule in EXEMPTIONS if not (rule.reason and rule.gain and rule.managers)] == []
