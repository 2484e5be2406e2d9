"""The checks about Pods: what violates them, what does not, and where each points."""

from typing import Any

import pytest
from tests.support.manifests import DIGEST, an_object, container, found, pod, secure, violations

from gitwarrant.model.finding import Fix
from gitwarrant.policy.builtin.dangerous_capabilities import BASELINE, DangerousCapabilities
from gitwarrant.policy.builtin.host_namespaces import HostNamespaces
from gitwarrant.policy.builtin.host_path import HostPath
from gitwarrant.policy.builtin.image_without_digest import ImageWithoutDigest
from gitwarrant.policy.builtin.missing_limits import MissingLimits
from gitwarrant.policy.builtin.privileged_container import PrivilegedContainer
from gitwarrant.policy.builtin.runs_as_root import RunsAsRoot
from gitwarrant.policy.subject import Check, Violation

Content = dict[str, Any]
FIRST = ("spec", "containers", 0)


def test_a_privileged_container_is_found_with_its_mending() -> None:
    """The whole violation: field, message, the way out."""
    pointer = (*FIRST, "securityContext", "privileged")

    assert violations(PrivilegedContainer(), pod(containers=[secure(privileged=True)])) == [
        Violation(
            pointer,
            "container 'web' is privileged",
            fix=Fix("remove 'privileged'", pointer, None, safe=False),
        )
    ]


def test_a_windows_host_process_counts_as_privileged_on_the_pod_and_on_the_container() -> None:
    """It holds the node's own rights."""
    options = {"windowsOptions": {"hostProcess": True}}

    assert found(PrivilegedContainer(), pod(securityContext=options, containers=[secure(**options)])) == [
        (
            ("spec", "securityContext", "windowsOptions", "hostProcess"),
            "every container of the Pod runs as a Windows HostProcess, with the node's own rights",
        ),
        (
            (*FIRST, "securityContext", "windowsOptions", "hostProcess"),
            "container 'web' runs as a Windows HostProcess, with the node's own rights",
        ),
    ]


def test_every_namespace_of_the_node_is_found() -> None:
    """Three fields, three findings, each with the removal as its fix."""
    content = pod(hostNetwork=True, hostPID=True, hostIPC=True)

    pointers = [violation.pointer for violation in violations(HostNamespaces(), content)]
    fixes = [violation.fix for violation in violations(HostNamespaces(), content)]

    assert pointers == [("spec", "hostNetwork"), ("spec", "hostPID"), ("spec", "hostIPC")]
    assert fixes == [Fix(f"remove {name!r}", ("spec", name), None, safe=False) for _, name in pointers]


def test_a_port_of_the_node_is_found() -> None:
    """Zero is no port: the API server reads it as none."""
    ports = [{"containerPort": 80, "hostPort": 0}, {"containerPort": 81, "hostPort": 8081}]

    assert found(HostNamespaces(), pod(containers=[container(ports=ports)])) == [
        ((*FIRST, "ports", 1, "hostPort"), "container 'web' opens port 8081 of the node")
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param({"path": "/etc"}, "volume 'a' is the path '/etc' of the node", id="a path"),
        pytest.param({}, "volume 'a' is a path of the node", id="empty, which the API server takes as one"),
    ],
)
def test_a_host_path_is_found(source: Content, message: str) -> None:
    """The fix puts an empty directory there, and says that this may change what the Pod does."""
    content = pod(volumes=[{"name": "a", "hostPath": source}])

    assert violations(HostPath(), content) == [
        Violation(
            ("spec", "volumes", 0, "hostPath"),
            message,
            fix=Fix(
                "use an empty directory that lives as long as the Pod",
                ("spec", "volumes", 0),
                {"name": "a", "emptyDir": {}},
                safe=False,
            ),
        )
    ]


@pytest.mark.parametrize("source", ["hostPath", "local"])
def test_a_persistent_volume_does_not_smuggle_a_host_path(source: str) -> None:
    """The detour by a claim leads to the same files."""
    content = an_object("v1", "PersistentVolume", spec={source: {"path": "/"}})

    assert found(HostPath(), content) == [
        (("spec", source), f"the volume ({source}) is the path '/' of the node")
    ]


@pytest.mark.parametrize("name", ["ALL", "SYS_ADMIN", "NET_RAW", "net_raw", "CAP_NET_RAW", "CAP_CHOWN", ""])
def test_a_capability_outside_the_baseline_is_found_however_it_is_spelled(name: str) -> None:
    """The runtime may understand spellings that the standard does not list."""
    content = pod(containers=[secure(capabilities={"add": ["CHOWN", name]})])

    assert found(DangerousCapabilities(), content) == [
        (
            (*FIRST, "securityContext", "capabilities", "add", 1),
            f"container 'web' adds the capability {name!r}",
        )
    ]


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        pytest.param("web", "no digest", id="no tag"),
        pytest.param("web:1.2", "no digest", id="a tag can move"),
        pytest.param("registry.example:5000/web", "no digest", id="a port is no tag"),
        pytest.param("web@sha256:", "a digest that is not whole", id="an empty digest"),
        pytest.param("web@sha256:abc", "a digest that is not whole", id="a short digest"),
        pytest.param(f"web@{DIGEST.upper()}", "a digest that is not whole", id="upper case"),
        pytest.param(f"web@{DIGEST}\n", "a digest that is not whole", id="a line break behind it"),
        pytest.param(f"@{DIGEST}", "a digest that is not whole", id="no name"),
    ],
)
def test_an_image_without_a_whole_digest_is_found(image: str, fault: str) -> None:
    """The finding points at the image."""
    assert found(ImageWithoutDigest(), pod(containers=[container(image=image)])) == [
        ((*FIRST, "image"), f"container 'web' uses {image!r}, which has {fault}")
    ]


def test_a_container_without_image_is_found() -> None:
    """Whatever fills it in later was not reviewed."""
    content = pod(containers=[{"name": "web"}])

    assert found(ImageWithoutDigest(), content) == [((*FIRST, "image"), "container 'web' names no image")]


def test_an_image_mounted_as_a_volume_is_judged_too() -> None:
    """An image volume brings files that were not reviewed either."""
    content = pod(volumes=[{"name": "model", "image": {"reference": "registry.example/model:1"}}])

    assert found(ImageWithoutDigest(), content) == [
        (
            ("spec", "volumes", 0, "image", "reference"),
            "volume 'model' uses 'registry.example/model:1', which has no digest",
        )
    ]


UNSAID = "container 'web' may run as root: nothing says otherwise"
SAID = "container 'web' says that it may run as root"
ROOT = "container 'web' runs as user 0, which is root"
POD_ROOT = "the Pod runs as user 0, which is root"
POD_SAID = "the Pod says that it may run as root"


@pytest.mark.parametrize(
    ("whole", "own", "messages"),
    [
        pytest.param({}, {}, [UNSAID], id="nothing said"),
        pytest.param({"runAsNonRoot": True}, {}, [], id="the Pod says it"),
        pytest.param({}, {"runAsNonRoot": True}, [], id="the container says it"),
        pytest.param(
            {"runAsNonRoot": True}, {"runAsNonRoot": False}, [SAID], id="the container takes it back"
        ),
        pytest.param(
            {"runAsNonRoot": False}, {"runAsNonRoot": True}, [POD_SAID], id="the Pod invites root for others"
        ),
        pytest.param({}, {"runAsUser": 1000}, [], id="a user that is not root"),
        pytest.param({"runAsUser": 1000}, {}, [], id="the Pod's user is not root"),
        pytest.param({"runAsUser": 1000}, {"runAsUser": 0}, [ROOT], id="the container goes back to root"),
        pytest.param({"runAsUser": 0}, {"runAsUser": 1000}, [POD_ROOT], id="the Pod is root for others"),
        pytest.param({"runAsUser": 0}, {}, [POD_ROOT], id="the Pod is root"),
        pytest.param({"runAsNonRoot": True}, {"runAsUser": 0}, [ROOT], id="it contradicts itself"),
        pytest.param({"runAsNonRoot": None}, {"runAsUser": None}, [UNSAID], id="null says nothing"),
        pytest.param({"runAsGroup": 1000}, {}, [UNSAID], id="a group is no user"),
    ],
)
def test_root_is_judged_by_pod_and_container_together(
    whole: Content, own: Content, messages: list[str]
) -> None:
    """The container's own field wins; what asks for root is refused wherever it stands."""
    content = pod(securityContext=whole, containers=[container(securityContext=own)])

    assert [message for _, message in found(RunsAsRoot(), content)] == messages


ALL = "resources.limits.memory, resources.requests.memory, resources.requests.cpu"


@pytest.mark.parametrize(
    ("resources", "missing"),
    [
        pytest.param({}, ALL, id="nothing"),
        pytest.param({"limits": {"memory": "1Gi"}}, "resources.requests.cpu", id="memory alone"),
        pytest.param(
            {"requests": {"cpu": 1, "memory": "1Gi"}}, "resources.limits.memory", id="requests without limit"
        ),
        pytest.param({"limits": {"memory": "1Gi", "cpu": "1"}}, "", id="limits are requests too"),
        pytest.param(
            {"limits": {"memory": "0Mi"}, "requests": {"cpu": "100m", "memory": "1Mi"}},
            "resources.limits.memory",
            id="a limit of zero is none",
        ),
        pytest.param({"limits": {"memory": 1e9}, "requests": {"cpu": 0.5}}, "", id="numbers"),
    ],
)
def test_what_is_missing_is_named(resources: Content, missing: str) -> None:
    """One finding for a container, with all the fields to write."""
    messages = [
        message for _, message in found(MissingLimits(), pod(containers=[container(resources=resources)]))
    ]

    assert messages == ([f"container 'web' has no {missing}"] if missing else [])


def test_resources_of_the_whole_pod_count_for_its_containers() -> None:
    """Since 1.34 a Pod may say them once."""
    resources = {"limits": {"memory": "1Gi"}, "requests": {"cpu": "1"}}

    assert found(MissingLimits(), pod(containers=[container(resources={})], resources=resources)) == []


@pytest.mark.parametrize(
    ("check", "content"),
    [
        pytest.param(
            PrivilegedContainer(), pod(containers=[secure(privileged=False)]), id="privileged: false"
        ),
        pytest.param(HostNamespaces(), pod(hostNetwork=False, hostPID=None), id="host flags off"),
        pytest.param(HostPath(), pod(volumes=[{"name": "a", "hostPath": None}]), id="hostPath: null"),
        pytest.param(
            DangerousCapabilities(),
            pod(containers=[secure(capabilities={"add": sorted(BASELINE), "drop": ["ALL"]})]),
            id="all of the baseline's capabilities",
        ),
        pytest.param(
            ImageWithoutDigest(), pod(containers=[container(image=f"web:1@{DIGEST}")]), id="tag and digest"
        ),
    ],
)
def test_what_is_not_wrong_is_not_found(check: Check, content: Content) -> None:
    """Near misses pass."""
    assert violations(check, content) == []
