"""Whatever holds a Pod is judged as that Pod."""

from typing import Any

import pytest
from tests.support.manifests import (
    WRAPPINGS,
    Wrap,
    an_object,
    applies,
    container,
    found,
    pod,
    secure,
    violations,
)

from gitwarrant.policy.builtin.dangerous_capabilities import DangerousCapabilities
from gitwarrant.policy.builtin.host_namespaces import HostNamespaces
from gitwarrant.policy.builtin.host_path import HostPath
from gitwarrant.policy.builtin.image_without_digest import ImageWithoutDigest
from gitwarrant.policy.builtin.missing_limits import MissingLimits
from gitwarrant.policy.builtin.privileged_container import PrivilegedContainer
from gitwarrant.policy.builtin.runs_as_root import RunsAsRoot
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.subject import Check

Spec = dict[str, Any]

VIOLATING: tuple[tuple[Check, Spec], ...] = (
    (PrivilegedContainer(), {"containers": [secure(privileged=True)]}),
    (HostNamespaces(), {"containers": [container()], "hostPID": True}),
    (HostPath(), {"containers": [container()], "volumes": [{"name": "a", "hostPath": {"path": "/"}}]}),
    (DangerousCapabilities(), {"containers": [secure(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})]}),
    (ImageWithoutDigest(), {"containers": [container(image="web:1")]}),
    (RunsAsRoot(), {"containers": [container(securityContext={})]}),
    (MissingLimits(), {"containers": [container(resources={})]}),
)

IN_CONTAINERS: tuple[tuple[Check, Spec], ...] = (
    (PrivilegedContainer(), secure(privileged=True)),
    (HostNamespaces(), container(ports=[{"containerPort": 80, "hostPort": 80}])),
    (DangerousCapabilities(), secure(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})),
    (ImageWithoutDigest(), container(image="web:1")),
    (RunsAsRoot(), container(securityContext={})),
)


@pytest.mark.parametrize(("way", "wrap"), WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize(("check", "spec"), VIOLATING, ids=lambda value: getattr(value, "id", ""))
def test_wrapping_a_pod_hides_nothing(
    check: Check, spec: Spec, way: tuple[str | int, ...], wrap: Wrap
) -> None:
    """The same is found as in the bare Pod, at the same field, wherever the Pod lies."""
    bare = found(check, an_object("v1", "Pod", spec=spec))

    wrapped = found(check, wrap(spec))

    assert bare
    assert wrapped == [((*way, *pointer[1:]), message) for pointer, message in bare]


@pytest.mark.parametrize("wrap", [wrap for _, wrap in WRAPPINGS.values()], ids=WRAPPINGS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_harmless_pod_stays_harmless_in_every_wrapping(check: Check, wrap: Wrap) -> None:
    """No wrapping invents a finding."""
    content = wrap({"containers": [container()], "initContainers": [container("setup")]})

    assert not applies(check, content) or violations(check, content) == []


@pytest.mark.parametrize("name", ["initContainers", "ephemeralContainers"])
@pytest.mark.parametrize(("check", "guilty"), IN_CONTAINERS, ids=lambda value: getattr(value, "id", ""))
def test_containers_of_every_kind_are_judged(check: Check, guilty: Spec, name: str) -> None:
    """A second container of the less known kinds is found at its own place."""
    content = pod(**{name: [container("first"), guilty]})

    [violation] = violations(check, content)

    assert violation.pointer[:3] == ("spec", name, 1)


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        pytest.param(
            an_object("tekton.dev/v1", "Task", spec={"steps": [secure(privileged=True)]}),
            ("spec", "steps", 0, "securityContext", "privileged"),
            id="a step of a Tekton Task",
        ),
        pytest.param(
            an_object(
                "argoproj.io/v1alpha1",
                "Workflow",
                spec={"templates": [{"name": "a", "container": secure(privileged=True)}]},
            ),
            ("spec", "templates", 0, "container", "securityContext", "privileged"),
            id="the one container of an Argo Workflow template",
        ),
        pytest.param(
            an_object(
                "helm.toolkit.fluxcd.io/v2",
                "HelmRelease",
                spec={"values": {"extraThings": [secure(privileged=True)]}},
            ),
            ("spec", "values", "extraThings", 0, "securityContext", "privileged"),
            id="a container under any name, told by image and security context",
        ),
        pytest.param(
            an_object(
                "monitoring.coreos.com/v1",
                "Prometheus",
                spec={"containers": [{"name": "web", "securityContext": {"privileged": True}}]},
            ),
            ("spec", "containers", 0, "securityContext", "privileged"),
            id="a patch for a container, without an image",
        ),
    ],
)
def test_containers_in_custom_kinds_are_told_by_their_shape(
    content: Spec, pointer: tuple[str | int, ...]
) -> None:
    """A custom kind need not be known to be judged."""
    assert [where for where, _ in found(PrivilegedContainer(), content)] == [pointer]


@pytest.mark.parametrize("check", [HostNamespaces(), HostPath()], ids=["host-namespaces", "host-path"])
def test_part_of_a_pod_is_judged_by_what_it_has(check: Check) -> None:
    """A Tekton podTemplate has no containers; what it asks of the node counts all the same."""
    part = {"hostNetwork": True, "volumes": [{"name": "a", "hostPath": {"path": "/"}}]}
    content = an_object("tekton.dev/v1", "TaskRun", spec={"podTemplate": part})

    [violation] = violations(check, content)

    assert violation.pointer[:2] == ("spec", "podTemplate")


@pytest.mark.parametrize("check", [RunsAsRoot(), MissingLimits()], ids=["runs-as-root", "missing-limits"])
def test_of_a_part_nothing_is_missed(check: Check) -> None:
    """What a custom kind leaves out its controller may fill in: absence proves nothing there."""
    content = an_object("tekton.dev/v1", "Task", spec={"steps": [{"name": "a", "image": "web:1"}]})

    assert not applies(check, content) or violations(check, content) == []


def test_a_schema_that_describes_pods_is_no_pod() -> None:
    """Examples and defaults of a CustomResourceDefinition create nothing."""
    content = an_object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        spec={"versions": [{"schema": {"example": {"containers": [secure(privileged=True)]}}}]},
    )

    assert not applies(PrivilegedContainer(), content)
