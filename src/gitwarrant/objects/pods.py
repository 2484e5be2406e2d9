"""The Pods that an object is or would create, with the way to each of their parts.

A workload is judged as the Pod it makes. Custom kinds hold Pods too (an Argo
Rollout, a Knative Service, a Tekton task, a field nobody heard of yet); no
table of them is ever complete, so in every other kind Pods are found by their
shape. A privileged container does not escape by being wrapped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitwarrant.model.manifest import Content, Manifest, Pointer
from gitwarrant.objects.fields import WrongShape, mapping, mappings, spell, text

TEMPLATE: Pointer = ("spec", "template", "spec")

POD_SPECS: Mapping[tuple[str, str], Pointer] = {
    ("", "Pod"): ("spec",),
    ("", "PodTemplate"): ("template", "spec"),
    ("", "ReplicationController"): TEMPLATE,
    ("apps", "DaemonSet"): TEMPLATE,
    ("apps", "Deployment"): TEMPLATE,
    ("apps", "ReplicaSet"): TEMPLATE,
    ("apps", "StatefulSet"): TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
    ("batch", "Job"): TEMPLATE,
}
"""Where the kinds of Kubernetes keep the Pod they create: group and kind to the way to its spec."""

SHAPELESS = frozenset({("apiextensions.k8s.io", "CustomResourceDefinition")})
"""Kinds that describe fields instead of having them: their examples and defaults are no Pods."""

CONTAINER_LISTS: Mapping[str, str] = {
    "containers": "container",
    "initContainers": "init container",
    "ephemeralContainers": "ephemeral container",
}

FOREIGN_LISTS: Mapping[str, str] = {**CONTAINER_LISTS, "steps": "step", "sidecars": "sidecar"}
"""Names under which custom kinds keep lists of containers (Tekton, Argo Workflows)."""

FOREIGN_FIELDS = frozenset({"container", "script"})
"""Names under which custom kinds keep one container (Argo Workflows)."""

HOST_FLAGS = ("hostNetwork", "hostPID", "hostIPC")


@dataclass(frozen=True, slots=True)
class Container:
    """One container of any kind; `pointer` leads to it from the object's top.

    `role` is `container`, `init container`, `ephemeral container`, or what a custom kind calls it.
    """

    role: str
    name: str
    content: Content
    pointer: Pointer

    @property
    def security(self) -> Content:
        """Its security context, empty when absent."""
        return mapping(self.content, "securityContext", self.pointer)

    @property
    def ports(self) -> Iterator[tuple[Pointer, Content]]:
        """Its declared ports, each with the way to it."""
        return mappings(self.content, "ports", self.pointer)

    @property
    def title(self) -> str:
        """`init container 'setup'`."""
        return f"{self.role} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Pod:
    """A Pod that an object is or would create; `pointer` leads to its spec.

    `whole` is False where a custom kind holds only a part: then what is absent
    may be filled in by the kind's controller, and only what is there can be judged.
    """

    spec: Content
    pointer: Pointer
    containers: tuple[Container, ...]
    whole: bool

    @property
    def security(self) -> Content:
        """The security context of the Pod itself, empty when absent."""
        return mapping(self.spec, "securityContext", self.pointer)

    @property
    def is_windows(self) -> bool:
        """Whether it says that it runs on Windows, where Linux's settings mean nothing."""
        return text(mapping(self.spec, "os", self.pointer), "name", (*self.pointer, "os")) == "windows"

    @property
    def volumes(self) -> Iterator[tuple[Pointer, Content]]:
        """Its volumes, each with the way to it."""
        return mappings(self.spec, "volumes", self.pointer)


def pods_of(manifest: Manifest) -> tuple[Pod, ...]:
    """Find every Pod that a manifest is or would create; none for what has nothing to do with Pods.

    Raises:
        WrongShape: the object should hold a Pod but it cannot be read.
    """
    kind = (manifest.key.group, manifest.key.kind)
    way = POD_SPECS.get(kind)
    if way is not None:
        return (_pod_at(manifest.content, way),)
    if kind in SHAPELESS:
        return ()
    return tuple(_pods_by_shape(manifest.content))


def _pod_at(content: Content, way: Pointer) -> Pod:
    spec = content
    for depth, name in enumerate(way):
        spec = mapping(spec, str(name), way[:depth])
    containers = tuple(_declared_containers(spec, way))
    if not containers:
        raise WrongShape(f"{spell(way)} has no containers, so there is no Pod to judge", way)
    return Pod(spec, way, containers, whole=True)


def _declared_containers(spec: Content, way: Pointer) -> Iterator[Container]:
    for name, role in CONTAINER_LISTS.items():
        for pointer, content in mappings(spec, name, way):
            yield _container(role, content, pointer)


def _container(role: str, content: Content, pointer: Pointer) -> Container:
    name = content.get("name")
    return Container(role, name if isinstance(name, str) else str(pointer[-1]), content, pointer)


def _pods_by_shape(content: Content) -> Iterator[Pod]:
    """Walk the whole object with a stack of its own: depth costs memory, never the interpreter's stack."""
    waiting: list[tuple[Pointer, Any]] = [((), content)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, dict):
            containers = tuple(_containers_by_shape(value, pointer))
            if containers or _touches_the_host(value):
                yield Pod(value, pointer, containers, whole=_is_whole(content, pointer, containers))
            waiting += [
                ((*pointer, name), item)
                for name, item in reversed(value.items())
                if isinstance(item, (dict, list))
            ]
        else:
            waiting += [
                ((*pointer, index), item)
                for index, item in reversed(list(enumerate(value)))
                if isinstance(item, (dict, list))
            ]


def _containers_by_shape(content: Content, pointer: Pointer) -> Iterator[Container]:
    for name, value in content.items():
        role = FOREIGN_LISTS.get(name, "container")
        if isinstance(value, dict):
            if _is_container(value, named=name in FOREIGN_FIELDS):
                yield _container("container", value, (*pointer, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict) and _is_container(item, named=name in FOREIGN_LISTS):
                    yield _container(role, item, (*pointer, name, index))


def _is_container(content: Content, *, named: bool) -> bool:
    """Tell a container by two of three: the name it lies under, its image, a security context.

    A list `containers` without images counts: operators merge it into the Pods they make.
    """
    return named + ("image" in content) + isinstance(content.get("securityContext"), dict) > 1


def _touches_the_host(content: Content) -> bool:
    """Tell part of a Pod (a Tekton `podTemplate`) by what only a Pod has."""
    if any(content.get(name) is True for name in HOST_FLAGS):
        return True
    volumes = content.get("volumes")
    return isinstance(volumes, list) and any(
        isinstance(volume, dict) and volume.get("hostPath") is not None for volume in volumes
    )


def _is_whole(content: Content, pointer: Pointer, containers: tuple[Container, ...]) -> bool:
    """A template's spec is a whole Pod, as is the spec of a workload that is wrapped with its own kind."""
    if not any(container.role == "container" for container in containers):
        return False
    if pointer[-2:] == ("template", "spec"):
        return True
    parent: Any = content
    for step in pointer[:-1]:
        parent = parent[step]
    return (
        len(pointer) > 1
        and pointer[-1] == "spec"
        and isinstance(parent, dict)
        and parent.get("kind") == "Pod"
    )
