"""Manifests of plain values, every wrapping that holds a Pod, and what one check says of them."""

from collections.abc import Callable, Mapping
from typing import Any

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey, Pointer
from gitwarrant.policy.subject import Check, Subject, Violation

DIGEST = "sha256:" + "0123456789abcdef" * 4


def manifest(content: Mapping[str, Any], path: str = "web.yaml") -> Manifest:
    """A manifest of a plain object."""
    group, _, version = content["apiVersion"].rpartition("/")
    name = content.get("metadata", {}).get("name", "web")
    key = ObjectKey(group, content["kind"], "shop", name)
    return Manifest(key, version, content, Place(path, 1, 1), 0, ())


def violations(check: Check, content: Mapping[str, Any]) -> list[Violation]:
    """What one check finds in one object, which it must have something to say about."""
    subject = Subject(manifest(content))
    assert check.applies(subject), f"{check.id} does not apply"
    return list(check.run(subject))


def applies(check: Check, content: Mapping[str, Any]) -> bool:
    """Whether a check has anything to judge in an object."""
    return check.applies(Subject(manifest(content)))


def found(check: Check, content: Mapping[str, Any]) -> list[tuple[Pointer, str]]:
    """Where and what: the heart of `violations`, for tables."""
    return [(violation.pointer, violation.message) for violation in violations(check, content)]


def an_object(api: str, kind: str, **fields: Any) -> dict[str, Any]:
    """An object named `web`."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "web"}, **fields}


def pod(**spec: Any) -> dict[str, Any]:
    """A Pod with one harmless container, unless the fields say otherwise."""
    return an_object("v1", "Pod", spec={"containers": [container()], **spec})


def container(name: str = "web", **fields: Any) -> dict[str, Any]:
    """A container that every check accepts, with some fields more or other."""
    return {
        "name": name,
        "image": f"registry.example/{name}@{DIGEST}",
        "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}},
        **fields,
    }


def secure(**security: Any) -> dict[str, Any]:
    """A container with this security context."""
    return container(securityContext={"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}, **security})


Wrap = Callable[[dict[str, Any]], dict[str, Any]]

_TEMPLATE: Pointer = ("spec", "template", "spec")


def _templated(api: str, kind: str) -> Wrap:
    return lambda spec: an_object(api, kind, spec={"template": {"spec": spec}})


WRAPPINGS: Mapping[str, tuple[Pointer, Wrap]] = {
    "Pod": (("spec",), lambda spec: an_object("v1", "Pod", spec=spec)),
    "PodTemplate": (
        ("template", "spec"),
        lambda spec: an_object("v1", "PodTemplate", template={"spec": spec}),
    ),
    "ReplicationController": (_TEMPLATE, _templated("v1", "ReplicationController")),
    "Deployment": (_TEMPLATE, _templated("apps/v1", "Deployment")),
    "StatefulSet": (_TEMPLATE, _templated("apps/v1", "StatefulSet")),
    "DaemonSet": (_TEMPLATE, _templated("apps/v1", "DaemonSet")),
    "ReplicaSet": (_TEMPLATE, _templated("apps/v1", "ReplicaSet")),
    "Job": (_TEMPLATE, _templated("batch/v1", "Job")),
    "CronJob": (
        ("spec", "jobTemplate", "spec", "template", "spec"),
        lambda spec: an_object(
            "batch/v1", "CronJob", spec={"jobTemplate": {"spec": {"template": {"spec": spec}}}}
        ),
    ),
    "a Deployment of a group long gone": (_TEMPLATE, _templated("extensions/v1beta1", "Deployment")),
    "Argo Rollout": (_TEMPLATE, _templated("argoproj.io/v1alpha1", "Rollout")),
    "Knative Service": (_TEMPLATE, _templated("serving.knative.dev/v1", "Service")),
    "OpenKruise CloneSet": (_TEMPLATE, _templated("apps.kruise.io/v1alpha1", "CloneSet")),
    "KEDA ScaledJob": (
        ("spec", "jobTargetRef", "template", "spec"),
        lambda spec: an_object(
            "keda.sh/v1alpha1", "ScaledJob", spec={"jobTargetRef": {"template": {"spec": spec}}}
        ),
    ),
    "ControllerRevision": (
        ("data", *_TEMPLATE),
        lambda spec: an_object(
            "apps/v1", "ControllerRevision", data={"spec": {"template": {"spec": spec}}}, revision=1
        ),
    ),
    "Crossplane Object": (
        ("spec", "forProvider", "manifest", "spec"),
        lambda spec: an_object(
            "kubernetes.crossplane.io/v1alpha2",
            "Object",
            spec={"forProvider": {"manifest": an_object("v1", "Pod", spec=spec)}},
        ),
    ),
    "OpenShift Template": (
        ("objects", 0, *_TEMPLATE),
        lambda spec: an_object(
            "template.openshift.io/v1", "Template", objects=[_templated("apps/v1", "Deployment")(spec)]
        ),
    ),
    "a list inside a custom kind nobody heard of": (
        ("spec", "parts", 1, "deep", "template", "spec"),
        lambda spec: an_object(
            "example.com/v1", "Thing", spec={"parts": ["x", {"deep": {"template": {"spec": spec}}}]}
        ),
    ),
}
"""Every way in which an object holds a whole Pod: its name, the way to the Pod's spec, and the wrapping."""
