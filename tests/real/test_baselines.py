"""Baselines on a real API server: from our own writes as from a clean create, whoever writes meanwhile."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from tests.support.cluster_workshop import Workshop, edited, manifest, run, until

from gitwarrant.cluster.applyset import applyset_id, parent_key
from gitwarrant.cluster.baseline import Baselines, BaselineStore, MemoryBaselines
from gitwarrant.cluster.client import Written
from gitwarrant.model.canonical import dumps, loads
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.objects.difference import compare, path
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

IMAGE = "registry.example/web@sha256:" + "a" * 64
LABELS = {"app": "x"}
POD = {"containers": [{"name": "web", "image": IMAGE, "ports": [{"containerPort": 80}]}]}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}
ONCE = {**TEMPLATE, "spec": {**POD, "restartPolicy": "Never"}}
SELECTOR = {"matchLabels": LABELS}
HOOK = {
    "name": "hook.example.com",
    "clientConfig": {"service": {"name": "hook", "namespace": "nowhere"}},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "failurePolicy": "Ignore",
    "rules": [
        {"apiGroups": ["none.example"], "apiVersions": ["v1"], "resources": ["x"], "operations": ["CREATE"]}
    ],
}
RULE = {"apiGroups": ["none.example"], "apiVersions": ["v1"], "resources": ["x"], "operations": ["CREATE"]}
STORAGE = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
CLAIM = {"metadata": {"name": "data"}, "spec": STORAGE}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}, "default": {}}
    },
}


def crd(group: str) -> dict[str, Any]:
    """The spec of a definition of widgets."""
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
    names = {"kind": "Widget", "plural": "widgets"}
    return {"group": group, "names": names, "scope": "Namespaced", "versions": [version]}


NAMESPACED: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "ConfigMap": ("v1", "ConfigMap", {"data": {"a": "1"}, "immutable": True}),
    "Secret": ("v1", "Secret", {"stringData": {"a": "1"}}),
    "Secret with data": ("v1", "Secret", {"data": {"a": "MQ=="}, "type": "example.com/x"}),
    "ServiceAccount": ("v1", "ServiceAccount", {}),
    "Service": ("v1", "Service", {"spec": {"selector": LABELS, "ports": [{"port": 80}]}}),
    "Service NodePort": (
        "v1",
        "Service",
        {"spec": {"type": "NodePort", "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}},
    ),
    "Service LoadBalancer": (
        "v1",
        "Service",
        {"spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]}},
    ),
    "Service headless": ("v1", "Service", {"spec": {"clusterIP": "None", "ports": [{"port": 80}]}}),
    "Service ExternalName": (
        "v1",
        "Service",
        {"spec": {"type": "ExternalName", "externalName": "a.example"}},
    ),
    "Deployment": ("apps/v1", "Deployment", {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    "StatefulSet": (
        "apps/v1",
        "StatefulSet",
        {
            "spec": {
                "selector": SELECTOR,
                "template": TEMPLATE,
                "serviceName": "x",
                "replicas": 0,
                "volumeClaimTemplates": [CLAIM],
            }
        },
    ),
    "DaemonSet": ("apps/v1", "DaemonSet", {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    "ReplicaSet": ("apps/v1", "ReplicaSet", {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    "ReplicationController": (
        "v1",
        "ReplicationController",
        {"spec": {"selector": LABELS, "template": TEMPLATE}},
    ),
    "Pod": ("v1", "Pod", {"spec": POD}),
    "PodTemplate": ("v1", "PodTemplate", {"template": TEMPLATE}),
    "Job": ("batch/v1", "Job", {"spec": {"template": {"spec": ONCE["spec"]}}}),
    "CronJob": (
        "batch/v1",
        "CronJob",
        {"spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": {"spec": ONCE["spec"]}}}}},
    ),
    "PersistentVolumeClaim": ("v1", "PersistentVolumeClaim", {"spec": STORAGE}),
    "ResourceQuota": ("v1", "ResourceQuota", {"spec": {"hard": {"count/leases.coordination.k8s.io": "500"}}}),
    "LimitRange": (
        "v1",
        "LimitRange",
        {"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "9Gi"}}]}},
    ),
    "Endpoints": (
        "v1",
        "Endpoints",
        {"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]},
    ),
    "EndpointSlice": (
        "discovery.k8s.io/v1",
        "EndpointSlice",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": [{"port": 80}]},
    ),
    "Role": (
        "rbac.authorization.k8s.io/v1",
        "Role",
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    ),
    "RoleBinding": (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}],
        },
    ),
    "NetworkPolicy": (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}},
    ),
    "Ingress": (
        "networking.k8s.io/v1",
        "Ingress",
        {"spec": {"defaultBackend": {"service": {"name": "x", "port": {"number": 80}}}}},
    ),
    "HorizontalPodAutoscaler": (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        {
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"},
            }
        },
    ),
    "PodDisruptionBudget": (
        "policy/v1",
        "PodDisruptionBudget",
        {"spec": {"minAvailable": 1, "selector": SELECTOR}},
    ),
    "Lease": ("coordination.k8s.io/v1", "Lease", {"spec": {"holderIdentity": "x"}}),
    "ControllerRevision": ("apps/v1", "ControllerRevision", {"revision": 1, "data": {"a": 1}}),
    "ResourceClaimTemplate": (
        "resource.k8s.io/v1",
        "ResourceClaimTemplate",
        {
            "spec": {
                "spec": {
                    "devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "x.example"}}]}
                }
            }
        },
    ),
}
CLUSTERED: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "Namespace": ("v1", "Namespace", {}),
    "PersistentVolume": (
        "v1",
        "PersistentVolume",
        {
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": "/x"},
                "storageClassName": "none",
            }
        },
    ),
    "ClusterRole": (
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        {"rules": [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}]},
    ),
    "ClusterRoleBinding": (
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "nobody"},
            "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "nowhere"}],
        },
    ),
    "PriorityClass": ("scheduling.k8s.io/v1", "PriorityClass", {"value": 10}),
    "StorageClass": ("storage.k8s.io/v1", "StorageClass", {"provisioner": "none.example/x"}),
    "CSIDriver": ("storage.k8s.io/v1", "CSIDriver", {"spec": {"attachRequired": False}}),
    "IngressClass": ("networking.k8s.io/v1", "IngressClass", {"spec": {"controller": "none.example/x"}}),
    "RuntimeClass": ("node.k8s.io/v1", "RuntimeClass", {"handler": "x"}),
    "ServiceCIDR": ("networking.k8s.io/v1", "ServiceCIDR", {"spec": {"cidrs": ["10.250.0.0/24"]}}),
    "ValidatingWebhookConfiguration": (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        {"webhooks": [HOOK]},
    ),
    "MutatingWebhookConfiguration": (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        {"webhooks": [HOOK]},
    ),
    "ValidatingAdmissionPolicy": (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        {
            "spec": {
                "matchConstraints": {"resourceRules": [RULE]},
                "validations": [{"expression": "object.a == 1"}],
            }
        },
    ),
    "ValidatingAdmissionPolicyBinding": (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        {"spec": {"policyName": "nothing", "validationActions": ["Deny"]}},
    ),
    "FlowSchema": (
        "flowcontrol.apiserver.k8s.io/v1",
        "FlowSchema",
        {"spec": {"priorityLevelConfiguration": {"name": "catch-all"}, "matchingPrecedence": 9_999}},
    ),
    "PriorityLevelConfiguration": (
        "flowcontrol.apiserver.k8s.io/v1",
        "PriorityLevelConfiguration",
        {
            "spec": {
                "type": "Limited",
                "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}},
            }
        },
    ),
    "DeviceClass": ("resource.k8s.io/v1", "DeviceClass", {"spec": {}}),
}


def made(shop: Workshop, api: str, kind: str, fields: Mapping[str, Any], name: str) -> Manifest:
    metadata = shop.named(name) if (api, kind) in {row[:2] for row in NAMESPACED.values()} else {"name": name}
    return manifest({"apiVersion": api, "kind": kind, "metadata": metadata, **fields})


def label(shop: Workshop) -> str:
    return applyset_id(parent_key(shop.name, shop.namespace))


def baselines(shop: Workshop, store: BaselineStore) -> Baselines:
    return Baselines(label(shop), shop.cluster, store)


async def kept(shop: Workshop, item: Manifest) -> Mapping[str, Any] | None:
    """The baseline that our own write left; None where it left none."""
    found = await baselines(shop, shop.baselines).known(item.key, item.version, item.digest)
    return found.content if found else None


async def probed(shop: Workshop, item: Manifest) -> Mapping[str, Any]:
    """The baseline that a clean create gives, asked for under another name."""
    return await baselines(shop, MemoryBaselines()).of(item)


def settled(truth: Mapping[str, Any] | None) -> Any:
    """A baseline without the one name in it that the server makes up: that of a Pod's token volume."""
    assert truth is not None
    return loads(re.sub(rb"kube-api-access-[a-z0-9]{5}", b"kube-api-access", dumps(truth)))


@pytest.mark.parametrize("case", [*NAMESPACED, *CLUSTERED, "CustomResourceDefinition", "a custom kind"])
def test_the_answer_to_our_create_is_what_a_clean_create_gives(cluster: Sandbox, case: str) -> None:
    """Kind by kind: the two ways to a baseline lead to the same bytes."""

    async def test(shop: Workshop) -> None:
        items = _items(shop, case)
        applied = await shop.apply(*items)
        try:
            assert applied.complete, applied
            for item in items:
                ours, clean = settled(await kept(shop, item)), settled(await probed(shop, item))
                assert [path(found.pointer) for found in compare(clean, ours)] == []
                assert dumps(ours) == dumps(clean)
        finally:
            await shop.apply(deletes=items)

    run(cluster.kubeconfig, test)


def _items(shop: Workshop, case: str) -> list[Manifest]:
    if case in NAMESPACED:
        return [made(shop, *NAMESPACED[case], "an-object")]
    if case in CLUSTERED:
        return [made(shop, *CLUSTERED[case], f"{shop.namespace}-x")]
    group = f"{shop.namespace}.example.com"
    definition = made(
        shop, "apiextensions.k8s.io/v1", "CustomResourceDefinition", {"spec": crd(group)}, f"widgets.{group}"
    )
    widget = manifest({"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": shop.named("w")})
    return [definition] if case == "CustomResourceDefinition" else [definition, widget]


def web(shop: Workshop, *, level: str = "1", **spec: Any) -> Manifest:
    """A Deployment without Pods; what differs between two of them is declared down to its last field."""
    item = shop.deployment(replicas=0, **spec)
    [container] = item.content["spec"]["template"]["spec"]["containers"]
    env = [{"name": "MODE", "value": "safe"}, {"name": "LEVEL", "value": level}]
    pod = {"containers": [{**container, "env": env}]}
    template = {**item.content["spec"]["template"], "spec": pod}
    return edited(item, spec={**item.content["spec"], "template": template})


def without_annotations(item: Manifest) -> Manifest:
    metadata = {name: value for name, value in item.content["metadata"].items() if name != "annotations"}
    return edited(item, metadata=metadata)


async def observed(shop: Workshop, item: Manifest) -> None:
    """Wait until the Deployment's controller wrote into it."""

    async def revised() -> bool:
        annotations = (await shop.live(item))["metadata"].get("annotations") or {}
        return "deployment.kubernetes.io/revision" in annotations

    await until(revised)


def questions(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that a clean create is asked for under, from now on."""
    names: list[str] = []
    real = shop.cluster.try_create

    async def counting(key: ObjectKey, version: str, content: Content) -> dict[str, Any]:
        names.append(key.name)
        return await real(key, version, content)

    monkeypatch.setattr(shop.cluster, "try_create", counting)
    return names


def test_a_baseline_follows_each_warranted_change_without_another_question(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values, list items' fields, fields that go: no dry run at all, and no drift."""

    async def test(shop: Workshop) -> None:
        first = web(shop)
        await shop.apply(first)
        await observed(shop, first)
        asked = questions(shop, monkeypatch)
        changed = (
            web(shop, level="2"),
            web(shop, level="2", minReadySeconds=5),
            without_annotations(web(shop, level="3")),
        )
        for item in changed:
            assert (await shop.apply(item)).complete
            assert (await shop.observe(item)).drifts == ()
            assert asked == [], item.content

        for item in changed:
            assert dumps(await kept(shop, item)) == dumps(await probed(shop, item))

    run(cluster.kubeconfig, test)


def test_what_is_declared_anew_with_defaults_is_asked_for(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second container gets two dozen fields from the server: only a clean create knows them."""

    async def test(shop: Workshop) -> None:
        await shop.apply(web(shop))
        item = web(shop)
        spec = item.content["spec"]
        pod = {"containers": [*spec["template"]["spec"]["containers"], {"name": "two", "image": IMAGE}]}
        item = edited(item, spec={**spec, "template": {**spec["template"], "spec": pod}})
        await shop.apply(item)
        asked = questions(shop, monkeypatch)

        assert (await shop.observe(item)).drifts == ()
        assert len(asked) == 1
        assert (await shop.observe(item)).drifts == ()
        assert len(asked) == 1

    run(cluster.kubeconfig, test)


Attack = Callable[[Workshop, Manifest], Awaitable[None]]


async def adds_a_field(shop: Workshop, item: Manifest) -> None:
    await shop.patch(item, {"metadata": {"annotations": {"evil": "yes"}}})


async def adds_a_container(shop: Workshop, item: Manifest) -> None:
    container = {"name": "evil", "image": IMAGE}
    await shop.patch(
        item, {"spec": {"template": {"spec": {"containers": [container]}}}}, kind="strategic-merge-patch"
    )


async def changes_a_default(shop: Workshop, item: Manifest) -> None:
    await shop.patch(item, {"spec": {"progressDeadlineSeconds": 601}})


async def forges_managed_fields(shop: Workshop, item: Manifest) -> None:
    """Every field as if our own apply had written it."""
    await adds_a_field(shop, item)
    fields = {
        "f:metadata": {"f:annotations": {".": {}, "f:evil": {}, "f:team": {}}},
        "f:spec": {"f:replicas": {}},
    }
    forged = {
        "manager": "gitwarrant",
        "operation": "Apply",
        "apiVersion": item.content["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "time": "2026-01-01T00:00:00Z",
    }
    # Not bound to a version: a controller that writes the status must not be faster.
    await shop.patch(item, {"metadata": {"managedFields": [forged]}})


async def empties_managed_fields(shop: Workshop, item: Manifest) -> None:
    await shop.patch(item, {"metadata": {"managedFields": [{}]}})
    await adds_a_field(shop, item)


async def poses_as_a_controller(shop: Workshop, item: Manifest) -> None:
    await shop.patch(item, {"metadata": {"annotations": {"evil": "yes"}}}, manager="kube-controller-manager")


async def makes_it_again(shop: Workshop, item: Manifest) -> None:
    """Deleted and made anew under our name, with our label and a field more."""
    live = await shop.live(item)
    await shop.send("DELETE", item)
    metadata = {
        **shop.named(item.key.name),
        "labels": live["metadata"]["labels"],
        "annotations": {"evil": "yes"},
    }
    await shop.send("POST", item, {**item.content, "metadata": metadata}, collection=True)


ATTACKS: Mapping[str, tuple[Attack, str]] = {
    "adds a field": (adds_a_field, "/metadata/annotations/evil"),
    "adds a container": (adds_a_container, "/spec/template/spec/containers/0"),
    "changes a default": (changes_a_default, "/spec/progressDeadlineSeconds"),
    "forges managedFields": (forges_managed_fields, "/metadata/annotations/evil"),
    "empties managedFields": (empties_managed_fields, "/metadata/annotations/evil"),
    "poses as a controller": (poses_as_a_controller, "/metadata/annotations/evil"),
    "makes it again": (makes_it_again, "/metadata/annotations/evil"),
}


async def differing(shop: Workshop, item: Manifest) -> list[str]:
    """The fields that one look finds to be drift."""
    drifts = (await shop.observe(item)).drifts
    return [path(found.pointer) for drift in drifts for found in drift.differences]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("moment", ["before the update", "after the update", "after the create"])
def test_no_edit_of_the_live_object_becomes_the_truth(cluster: Sandbox, attack: str, moment: str) -> None:
    """Whatever is put into the object, and whenever: the first look after it shows it as drift."""
    strike, where = ATTACKS[attack]

    async def test(shop: Workshop) -> None:
        first, second = web(shop), web(shop, level="2")
        await shop.apply(first)
        current = first
        if moment == "before the update":
            await strike(shop, first)
        if moment != "after the create":
            assert (await shop.apply(second)).complete
            current = second
        if moment != "before the update":
            await strike(shop, current)

        if (attack, moment) != ("forges managedFields", "before the update"):
            assert where in await differing(shop, current)  # there, our own update took the field away
        await shop.observe(current, mode=DriftMode.REVERT)
        assert where not in await differing(shop, current)
        assert "evil" not in repr(await shop.live(current))

    run(cluster.kubeconfig, test)


def test_a_field_that_somebody_else_applied_too_does_not_outlive_its_manifest(cluster: Sandbox) -> None:
    """Attack: own our field together with us. When we drop it the server keeps it; the baseline does not."""

    async def test(shop: Workshop) -> None:
        first, second = web(shop, minReadySeconds=7), web(shop)
        await shop.apply(first)
        theirs = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": shop.named("web"),
            "spec": {"minReadySeconds": 7},
        }
        query, content_type = "?fieldManager=mallory", "application/apply-patch+yaml"
        await shop.send("PATCH", first, theirs, query=query, content_type=content_type)
        await shop.apply(second)

        [drift] = (await shop.observe(second)).drifts

        assert [path(item.pointer) for item in drift.differences] == ["/spec/minReadySeconds"]

    run(cluster.kubeconfig, test)


def test_an_object_that_was_there_before_us_gives_no_baseline(cluster: Sandbox) -> None:
    """Attack: make the object first, with a field more, under our name. It was no create of ours."""

    async def test(shop: Workshop) -> None:
        item = shop.config(a="1")
        theirs = {**item.content, "data": {"a": "1", "evil": "yes"}}
        await shop.send("POST", item, theirs, collection=True)

        assert not (await shop.apply(item)).complete

        assert await kept(shop, item) is None

    run(cluster.kubeconfig, test)


@pytest.mark.parametrize(
    ("mutation", "where"),
    [
        pytest.param('Object{data: {"evil": "yes"}}', "/data/evil", id="adds a value"),
        pytest.param('Object{data: {"a": "1"}}', "/data/a", id="keeps the old value"),
    ],
)
def test_what_admission_makes_of_our_update_is_drift(cluster: Sandbox, mutation: str, where: str) -> None:
    """Attack: a mutation of updates alone, so that a clean create does not have it."""

    async def test(shop: Workshop) -> None:
        await shop.apply(shop.config(a="1"))
        second = shop.config(a="2")
        policy, binding = mutating(shop, mutation)
        for item in (policy, binding):
            await shop.send("POST", item, dict(item.content), collection=True)
        try:
            await until(lambda: mutates(shop, second))
            await shop.apply(second)
            assert await kept(shop, second) is None

            [drift] = (await shop.observe(second)).drifts
        finally:
            for item in (binding, policy):
                await shop.send("DELETE", item)

        assert [path(found.pointer) for found in drift.differences] == [where]

    run(cluster.kubeconfig, test)


def mutating(shop: Workshop, expression: str) -> tuple[Manifest, Manifest]:
    """A MutatingAdmissionPolicy for updates of the namespace's `settings`, and its binding."""
    api, name = "admissionregistration.k8s.io/v1", shop.namespace
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["UPDATE"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": shop.namespace}}
    spec = {
        "matchConstraints": {
            "resourceRules": [{**rule, "resourceNames": ["settings"]}],
            "namespaceSelector": here,
        },
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
    }
    named = {"apiVersion": api, "metadata": {"name": name}}
    policy = manifest({**named, "kind": "MutatingAdmissionPolicy", "spec": spec})
    bound = {**named, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": name}}
    return policy, manifest(bound)


async def mutates(shop: Workshop, item: Manifest) -> bool:
    """Whether the policy is at work: it takes the server a moment."""
    tried = await shop.cluster.apply(item.key, "v1", dict(item.content), force=True, dry_run=True)
    return bool(tried.content["data"] != item.content["data"])


def test_a_default_that_a_schema_had_for_a_moment_is_drift(cluster: Sandbox) -> None:
    """Attack: give the definition another default while we create an object, and take it back."""

    async def test(shop: Workshop) -> None:
        definition, widget = _items(shop, "a custom kind")
        await shop.apply(definition)
        try:
            evil = with_default(definition, 666)
            apply_real = shop.cluster.apply

            async def struck(key: ObjectKey, *arguments: Any, **named: Any) -> Written:
                if key == widget.key:
                    await shop.patch(definition, evil)
                    await until(lambda: defaults(shop, widget, 666))
                written = await apply_real(key, *arguments, **named)
                if key == widget.key:
                    await shop.patch(definition, with_default(definition, 3))
                    await until(lambda: defaults(shop, widget, 3))
                return written

            shop.cluster.apply = struck  # type: ignore[method-assign]
            await shop.apply(definition, widget)
            assert await kept(shop, widget) is None
            shop.cluster.apply = apply_real  # type: ignore[method-assign]

            drifts = {item.key: item for item in (await shop.observe(definition, widget)).drifts}
        finally:
            await shop.apply(deletes=[definition, widget])

        assert [path(item.pointer) for item in drifts[widget.key].differences] == ["/spec/size"]

    run(cluster.kubeconfig, test)


def with_default(definition: Manifest, size: int) -> dict[str, Any]:
    version = definition.content["spec"]["versions"][0]
    spec = {"type": "object", "properties": {"size": {"type": "integer", "default": size}}, "default": {}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {"spec": {"versions": [{**version, "schema": schema}]}}


async def defaults(shop: Workshop, widget: Manifest, size: int) -> bool:
    """Whether the server gives a new widget this size by now."""
    probe = {**widget.content, "metadata": shop.named("probe")}
    answer = await shop.send("POST", widget, probe, query="?dryRun=All", collection=True)
    return bool(answer["spec"]["size"] == size)
