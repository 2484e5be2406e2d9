"""What the policy sets promise."""

from gitwarrant.model.finding import Severity
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.sets import BUILTIN_SETS, PURPOSES

IDS = tuple(check.id for check in CHECKS)


def test_the_sets_have_the_names_that_environments_use() -> None:
    """Each with its threshold and its purpose."""
    assert {policy.name: policy.threshold for policy in BUILTIN_SETS.values()} == {
        "basic-security": Severity.HIGH,
        "enhanced-security": Severity.MEDIUM,
        "performance-validation": Severity.LOW,
        "production-security": Severity.MEDIUM,
        "compliance-validation": Severity.MEDIUM,
    }
    assert list(PURPOSES) == list(BUILTIN_SETS)


def test_production_takes_every_check_and_each_stage_takes_what_the_one_before_takes() -> None:
    """Promotion never meets a milder gate."""
    basic, enhanced, production = (
        set(BUILTIN_SETS[name].checks)
        for name in ("basic-security", "enhanced-security", "production-security")
    )

    assert basic < enhanced < production == set(IDS)


def test_compliance_takes_what_answers_the_benchmark() -> None:
    """A check that maps to the CIS benchmark cannot be forgotten in the set."""
    answering = {check.id for check in CHECKS if any(text.startswith("CIS ") for text in check.maps_to)}

    assert set(BUILTIN_SETS["compliance-validation"].checks) == answering


def test_every_check_of_a_set_can_refuse() -> None:
    """A check below its set's threshold would be decoration."""
    severity = {check.id: check.severity for check in CHECKS}

    idle = [
        (policy.name, name)
        for policy in BUILTIN_SETS.values()
        for name in policy.checks
        if severity[name] < policy.threshold
    ]

    assert idle == []
