"""privileged-container: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, pod, said

RULE = "privileged-container"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "containers:\n  - name: web\n    securityContext:\n      privileged: true",
            ["8 container 'web' is privileged"],
            id="violating",
        ),
        pytest.param(
            "containers: [{name: web, securityContext: {privileged: false}}]", [], id="clean: false is said"
        ),
        pytest.param("containers: [{name: web}]", [], id="clean: nothing is said"),
        pytest.param(
            "containers: [{name: web}]\ninitContainers: [{name: up, securityContext: {privileged: true}}]",
            ["6 init container 'up' is privileged"],
            id="evading: an init container",
        ),
        pytest.param(
            "containers: [{name: web}]\n"
            "ephemeralContainers:\n  - {name: up, securityContext: {privileged: true}}",
            ["7 ephemeral container 'up' is privileged"],
            id="evading: an ephemeral container",
        ),
        pytest.param(
            "containers: [{name: web, securityContext: {privileged: on}}]",
            ["5 container 'web' is privileged"],
            id="evading: 'on' is true to Kubernetes",
        ),
        pytest.param(
            "securityContext: {windowsOptions: {hostProcess: true}}\ncontainers: [{name: web}]",
            ["5 every container of the Pod runs as a Windows HostProcess, with the node's own rights"],
            id="evading: Windows, for the whole Pod",
        ),
        pytest.param(
            "containers: [{name: web, securityContext: {windowsOptions: {hostProcess: true}}}]",
            ["5 container 'web' runs as a Windows HostProcess, with the node's own rights"],
            id="evading: Windows, for one container",
        ),
        pytest.param(
            "x: &power {privileged: true}\ncontainers: [{name: web, securityContext: {<<: *power}}]",
            ["5 container 'web' is privileged"],
            id="evading: merged in from elsewhere; the place is where it is written",
        ),
    ],
)
def test_privileged_container(spec: str, expected: list[str]) -> None:
    """All findings of one Pod."""
    assert said(pod(spec), RULE) == expected


def test_privileged_container_does_not_ask_about_other_kinds() -> None:
    """A counted outcome of its own."""
    report = judged("{apiVersion: v1, kind: Service, metadata: {name: web}}", RULE)

    assert [(tally.passed, tally.not_applicable) for tally in report.tallies] == [(0, 1)]
