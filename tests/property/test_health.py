"""Any object gets a verdict: nothing that a cluster holds may end the look at all the others."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gitwarrant.cluster.health import health
from gitwarrant.cluster.health.rules import rules_of
from gitwarrant.cluster.health.verdict import BUILTIN
from gitwarrant.model.environment import HealthRule
from gitwarrant.model.errors import Place
from gitwarrant.model.live import Health
from gitwarrant.model.manifest import ObjectKey

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)

READ = """
    active attached availableReplicas conditions containerStatuses currentHealthy deletionTimestamp error
    expressionWarnings finalizers generation ingress initContainerStatuses lastScheduleTime lastState
    loadBalancer message name observedGeneration ownerReferences parents paused phase ready reason replicas
    restartCount restartPolicy rollingUpdate schedulingGates selector state status suspend terminated type
    typeChecking updateStrategy waiting
"""
SAID = "True False Unknown Ready Available Progressing Failed Pending Running CrashLoopBackOff 7 ' '"
SHAPED = st.recursive(
    SCALARS | st.sampled_from(SAID.split()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(READ.split()), inner, max_size=4)
    ),
    max_leaves=12,
)
"""JSON with the names that health reads, so that odd values stand where it looks."""

OBJECTS = st.fixed_dictionaries(
    {}, optional={"metadata": SHAPED, "spec": SHAPED, "status": SHAPED, "data": JSON, "kind": SHAPED}
)
KINDS = [*BUILTIN, ("example.com", "Widget"), ("argoproj.io", "Rollout"), ("kafka.strimzi.io", "Kafka")]
RULE = HealthRule(
    "*", Place("environments.yaml", 1), healthy="self.status.phase == 'Running'", reason="self.status.message"
)


@given(st.sampled_from(KINDS), OBJECTS, st.lists(OBJECTS, max_size=2))
@example(("batch", "Job"), {"status": {"conditions": [{"type": ["a"], "status": {}}]}}, [{"status": 7}])
@example(("apps", "Deployment"), {"metadata": {"annotations": 7}, "spec": [], "status": True}, [])
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_object_gets_a_verdict(kind: tuple[str, str], live: Any, pods: list[Any]) -> None:
    """And whoever is not healthy says why."""
    found = health(ObjectKey(*kind, "shop", "x"), live, pods)

    assert isinstance(found.health, Health)
    assert isinstance(found.reason, str)
    assert found.reason or found.health is Health.HEALTHY


@given(OBJECTS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_rule_gives_every_object_a_verdict(live: Any) -> None:
    """An object that the rule does not fit cannot be judged, which is a verdict too."""
    found = health(ObjectKey("example.com", "Widget", "shop", "x"), live, rules=rules_of((RULE,)))

    assert found.reason or found.health is Health.HEALTHY
