"""host-namespaces: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import pod, said

NETWORK = (
    "the Pod shares the node's network: it can listen to every connection and reach what only the node may"
)
PROCESSES = "the Pod shares the node's processes: it can read their memory and environment, and stop them"
MEMORY = "the Pod shares the node's shared memory: it can read and change what other programs keep there"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "hostNetwork: true\nhostPID: true\nhostIPC: true\ncontainers: [{name: web}]",
            [f"5 {NETWORK}", f"6 {PROCESSES}", f"7 {MEMORY}"],
            id="violating: all three",
        ),
        pytest.param("hostNetwork: false\ncontainers: [{name: web}]", [], id="clean: false is said"),
        pytest.param(
            "containers: [{name: web, ports: [{containerPort: 80, hostPort: 80}]}]",
            ["5 container 'web' opens port 80 of the node"],
            id="violating: a port of the node",
        ),
        pytest.param(
            "containers: [{name: web, ports: [{containerPort: 80, hostPort: 0}, {containerPort: 81}]}]",
            [],
            id="clean: port 0 is none, as the standard has it",
        ),
        pytest.param(
            "containers: [{name: web}]\ninitContainers:\n  - {name: up, ports: [{hostPort: 1}]}",
            ["7 init container 'up' opens port 1 of the node"],
            id="evading: an init container's port",
        ),
    ],
)
def test_host_namespaces(spec: str, expected: list[str]) -> None:
    """All findings of one Pod."""
    assert said(pod(spec), "host-namespaces") == expected
