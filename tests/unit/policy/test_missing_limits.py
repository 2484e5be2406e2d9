"""missing-limits: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, pod, said

RULE = "missing-limits"


def container(resources: str) -> str:
    return pod(f"containers: [{{name: web, resources: {resources}}}]")


@pytest.mark.parametrize(
    ("resources", "missing"),
    [
        pytest.param(
            "{}",
            "resources.limits.memory, resources.requests.memory, resources.requests.cpu",
            id="violating: nothing",
        ),
        pytest.param("{requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}", "", id="clean"),
        pytest.param(
            "{requests: {cpu: 1}, limits: {memory: 1e6}}", "", id="clean: a limit is the request too"
        ),
        pytest.param("{limits: {cpu: 1, memory: 1G}}", "", id="clean: of the processor as well"),
        pytest.param(
            "{requests: {cpu: 100m, memory: 64Mi}}",
            "resources.limits.memory",
            id="violating: no memory limit",
        ),
        pytest.param(
            "{limits: {memory: 64Mi}}", "resources.requests.cpu", id="violating: no request for processor"
        ),
        pytest.param(
            "{requests: {cpu: 0}, limits: {memory: 0Mi}}",
            "resources.limits.memory, resources.requests.memory, resources.requests.cpu",
            id="evading: zero is as good as nothing",
        ),
    ],
)
def test_missing_limits(resources: str, missing: str) -> None:
    """What one container still has to say."""
    expected = [f"5 container 'web' has no {missing}"] if missing else []

    assert said(container(resources), RULE) == expected


def test_resources_of_the_whole_pod_count() -> None:
    """As Kubernetes 1.34 reads them: they bound all containers together."""
    spec = "resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}\ncontainers: [{name: web}]"

    assert said(pod(spec), RULE) == []


def test_an_init_container_needs_limits_as_well() -> None:
    """Evading: the work is done there."""
    spec = (
        "containers: [{name: web, resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}}]\n"
        "initContainers: [{name: up, resources: {limits: {cpu: 1}}}]"
    )

    assert said(pod(spec), RULE) == [
        "6 init container 'up' has no resources.limits.memory, resources.requests.memory"
    ]


def test_an_amount_that_is_none_is_not_judged() -> None:
    """`lots` is not an amount of memory."""
    report = judged(container("{requests: {cpu: 1}, limits: {memory: lots}}"), RULE)

    assert [one.reason for one in report.unjudged] == [
        "spec.containers[0].resources.limits.memory should be an amount such as 128Mi or 100m, but is 'lots'"
    ]
