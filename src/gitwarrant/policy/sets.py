"""Policy sets that come with gitwarrant: which checks, and from which severity a finding refuses."""

from collections.abc import Mapping

from gitwarrant.model.environment import PolicySet
from gitwarrant.model.finding import Severity

_BASIC = ("privileged-container", "host-namespaces", "host-path", "plaintext-secret")
_ENHANCED = (
    *_BASIC,
    "runs-as-root",
    "dangerous-capabilities",
    "image-without-digest",
    "hidden-characters",
    "wildcard-rbac",
    "cluster-admin-binding",
)
_PERFORMANCE = ("missing-limits",)
_CIS_SECTION_5 = (
    "cluster-admin-binding",
    "wildcard-rbac",
    "privileged-container",
    "host-namespaces",
    "runs-as-root",
    "dangerous-capabilities",
    "host-path",
    "plaintext-secret",
)

BUILTIN_SETS: Mapping[str, PolicySet] = {
    policy.name: policy
    for policy in (
        PolicySet("basic-security", _BASIC, Severity.HIGH),
        PolicySet("enhanced-security", _ENHANCED, Severity.MEDIUM),
        PolicySet("performance-validation", _PERFORMANCE, Severity.LOW),
        PolicySet("production-security", (*_ENHANCED, *_PERFORMANCE), Severity.MEDIUM),
        PolicySet("compliance-validation", _CIS_SECTION_5, Severity.MEDIUM),
    )
}
"""By name. `compliance-validation` holds what answers section 5 of the CIS Kubernetes Benchmark."""

PURPOSES: Mapping[str, str] = {
    "basic-security": "what no environment should accept, not even development",
    "enhanced-security": "the basics, and least privilege for workloads and people",
    "performance-validation": "workloads that leave room for their neighbours",
    "production-security": "everything",
    "compliance-validation": "what answers section 5 of the CIS Kubernetes Benchmark 1.10",
}
