"""dangerous-capabilities: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, pod, said

RULE = "dangerous-capabilities"
KEEPS = "container 'web' does not drop all capabilities, so it keeps those that every container is given"


def with_capabilities(capabilities: str) -> str:
    return pod(f"containers: [{{name: web, securityContext: {{capabilities: {capabilities}}}}}]")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        pytest.param(
            "{drop: [ALL], add: [SYS_ADMIN, NET_BIND_SERVICE]}",
            ["5 container 'web' adds the capability 'SYS_ADMIN'"],
            id="violating",
        ),
        pytest.param("{drop: [ALL]}", [], id="clean: everything is dropped"),
        pytest.param("{drop: [ALL], add: [NET_BIND_SERVICE]}", [], id="clean: the one that may be added"),
        pytest.param("{}", [f"5 {KEEPS}"], id="violating: nothing is dropped"),
        pytest.param("{drop: [NET_RAW, SYS_ADMIN]}", [f"5 {KEEPS}"], id="violating: only some are dropped"),
        pytest.param("{drop: [all]}", [f"5 {KEEPS}"], id="evading: 'all' in small letters is not 'ALL'"),
        pytest.param(
            "{drop: [ALL], add: [CAP_CHOWN]}",
            ["5 container 'web' adds the capability 'CAP_CHOWN'"],
            id="evading: another spelling of a usual one",
        ),
        pytest.param(
            "{drop: [ALL], add: [ALL]}",
            ["5 container 'web' adds the capability 'ALL'"],
            id="evading: all back",
        ),
    ],
)
def test_dangerous_capabilities(capabilities: str, expected: list[str]) -> None:
    """All findings of one Pod."""
    assert said(with_capabilities(capabilities), RULE) == expected


def test_the_baseline_weighs_more_than_the_restricted_profile() -> None:
    """What the baseline forbids is high; what only the restricted profile forbids is medium."""
    report = judged(with_capabilities("{add: [SYS_ADMIN, CHOWN]}"), RULE)

    assert sorted((one.severity.value, one.message) for one in report.findings) == [
        ("high", "container 'web' adds the capability 'SYS_ADMIN'"),
        ("medium", "container 'web' adds the capability 'CHOWN'"),
        ("medium", KEEPS),
    ]


def test_windows_knows_no_capabilities() -> None:
    """The restricted profile asks nothing there; the baseline still does."""
    spec = (
        "os: {name: windows}\ncontainers: [{name: web, securityContext: {capabilities: {add: [CHOWN, BPF]}}}]"
    )

    assert said(pod(spec), RULE) == ["6 container 'web' adds the capability 'BPF'"]
