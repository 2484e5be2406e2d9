"""Objects wrapped inside others: an OpenShift Template, a Crossplane Object, any custom kind with some."""

from collections.abc import Iterator
from typing import Any

from gitwarrant.model.manifest import Content, Manifest, Pointer

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
"""Groups of Kubernetes itself whose kinds carry no other objects."""


def objects_within(manifest: Manifest) -> Iterator[tuple[Pointer, Content]]:
    """The object itself, then every object wrapped in it, each with the way to it.

    A mapping that only names another object (an owner, a target) is given too: it
    has no rules and no data, so nothing is found in it.
    """
    yield (), manifest.content
    if manifest.key.group in BUILT_IN_GROUPS:
        return
    waiting: list[tuple[Pointer, Any]] = [((), manifest.content)]
    while waiting:
        pointer, value = waiting.pop()
        if pointer and isinstance(value, dict) and _names_a_kind(value):
            yield pointer, value
        items = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [((*pointer, name), item) for name, item in items if isinstance(item, (dict, list))]


def is_a(content: Content, group: str, *kinds: str) -> bool:
    """Whether an object is of one of these kinds, in any version of the group."""
    api, kind = content.get("apiVersion"), content.get("kind")
    if kind not in kinds or not isinstance(api, str):
        return False
    return api.rpartition("/")[0] == group


def _names_a_kind(content: Content) -> bool:
    return isinstance(content.get("apiVersion"), str) and isinstance(content.get("kind"), str)
