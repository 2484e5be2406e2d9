"""runs-as-root: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, pod, said

RULE = "runs-as-root"
KEPT = "securityContext: {runAsNonRoot: true}\n"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "containers: [{name: web}]",
            ["5 container 'web' may run as root: nothing says otherwise"],
            id="violating: nothing is said",
        ),
        pytest.param(
            "securityContext: {runAsNonRoot: true}\ncontainers: [{name: web}]",
            [],
            id="clean: the Pod says it",
        ),
        pytest.param(
            "containers: [{name: web, securityContext: {runAsNonRoot: true}}]",
            [],
            id="clean: the container says it",
        ),
        pytest.param(
            "containers: [{name: web, securityContext: {runAsUser: 7}}]",
            ["5 container 'web' runs as user 7 now, but nothing says that it never may be root"],
            id="violating: a user other than 0 alone, as the standard has it",
        ),
        pytest.param(
            KEPT + "containers:\n  - {name: web, securityContext: {runAsNonRoot: false}}",
            ["7 container 'web' says that it may run as root"],
            id="evading: the container takes back what the Pod says",
        ),
        pytest.param(
            "securityContext: {runAsNonRoot: false}\n"
            "containers:\n  - {name: web, securityContext: {runAsNonRoot: true}}",
            ["5 the Pod says that it may run as root"],
            id="violating: the Pod says otherwise than its containers",
        ),
        pytest.param(
            "securityContext: {runAsNonRoot: true, runAsUser: 0}\ncontainers: [{name: web}]",
            ["5 the Pod runs as user 0, which is root"],
            id="evading: user 0 beside runAsNonRoot",
        ),
        pytest.param(
            KEPT + "containers:\n  - {name: web, securityContext: {runAsUser: 0x0}}",
            ["7 container 'web' runs as user 0, which is root"],
            id="evading: zero in another spelling",
        ),
        pytest.param(
            "containers: [{name: web, securityContext: {runAsNonRoot: true}}]\ninitContainers: [{name: up}]",
            ["6 init container 'up' may run as root: nothing says otherwise"],
            id="evading: only the init container is left out",
        ),
    ],
)
def test_runs_as_root(spec: str, expected: list[str]) -> None:
    """All findings of one Pod."""
    assert said(pod(spec), RULE) == expected


@pytest.mark.parametrize(
    ("security", "safe"),
    [
        pytest.param("{}", False, id="an image that runs as root would not start any more"),
        pytest.param("{runAsUser: 7}", True, id="it does not run as root already"),
    ],
)
def test_the_fix_is_safe_only_where_nothing_changes_at_run_time(security: str, safe: bool) -> None:
    """Somebody may apply safe fixes without looking."""
    report = judged(pod(f"containers: [{{name: web, securityContext: {security}}}]"), RULE)

    assert [finding.fix.safe for finding in report.findings if finding.fix] == [safe]
