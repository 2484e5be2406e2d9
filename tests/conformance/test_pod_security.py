"""The Pod Security Standards' own fixtures: what must pass passes, what must fail is found.

Every version that the corpus holds is judged: our checks follow the latest standard, and none of the
controls they cover was ever milder.
"""

import os
import re
from pathlib import Path

import pytest
from tests.support.manifests import manifest

from gitwarrant.model.manifest import Manifest
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.subject import Subject
from gitwarrant.yaml.reader import read

HERE = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("GITWARRANT_CORPORA") or HERE.parent / "shared/corpora") / "pod-security"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus is missing: {CORPUS}")

COVERED = {
    "capabilities_baseline": "dangerous-capabilities",
    "hostnamespaces": "host-namespaces",
    "hostports": "host-namespaces",
    "hostpathvolumes": "host-path",
    "privileged": "privileged-container",
    "windowshostprocess": "privileged-container",
    "runasnonroot": "runs-as-root",
    "runasuser": "runs-as-root",
}
"""Control, as the fixtures name it, to the check that answers it."""

UNCOVERED = {
    "allowprivilegeescalation",
    "apparmorprofile",
    "capabilities_restricted",
    "hostprobesandhostlifecycle",
    "procmount",
    "restrictedvolumes",
    "seccompprofile_baseline",
    "seccompprofile_restricted",
    "selinuxoptions",
    "sysctls",
}
"""Controls that no check answers yet. This list only gets shorter."""

RESTRICTED_ONLY = {"runs-as-root"}
BY_ID = {check.id: check for check in CHECKS}


def fixtures(*pattern: str) -> list[Path]:
    """Fixture files, sorted."""
    return sorted(CORPUS.glob("/".join(pattern)))


def control(fixture: Path) -> str:
    """`hostports` of `hostports2.yaml`."""
    return re.sub(r"\d*$", "", fixture.stem)


def name(value: object) -> str | None:
    """A short id of a fixture."""
    return "/".join(value.parts[-4:]) if isinstance(value, Path) else None


def pod(fixture: Path) -> Manifest:
    """The one Pod of a fixture. Some have names that no API server takes, so they are not rendered."""
    [document] = read(fixture.read_bytes(), fixture.name)
    return manifest(document.value)


def found(fixture: Path, checks: set[str]) -> list[str]:
    """What these checks find in a fixture."""
    subject = Subject(pod(fixture))
    return [
        f"{violation.message} ({rule})" for rule in sorted(checks) for violation in BY_ID[rule].run(subject)
    ]


@pytest.mark.parametrize("fixture", fixtures("*", "*", "fail", "*.yaml"), ids=name)
def test_a_fixture_that_must_fail_is_found_by_the_check_of_its_control(fixture: Path) -> None:
    """Controls without a check are counted below, not skipped in silence."""
    rule = COVERED.get(control(fixture))

    assert rule is None or found(fixture, {rule})


@pytest.mark.parametrize("fixture", fixtures("baseline", "*", "pass", "*.yaml"), ids=name)
def test_a_fixture_that_the_baseline_accepts_has_no_finding(fixture: Path) -> None:
    """No false positive of any check that speaks for the baseline."""
    assert found(fixture, set(COVERED.values()) - RESTRICTED_ONLY) == []


@pytest.mark.parametrize("fixture", fixtures("restricted", "*", "pass", "*.yaml"), ids=name)
def test_a_fixture_that_restricted_accepts_has_no_finding(fixture: Path) -> None:
    """No false positive of any check that speaks for a Pod Security Standard."""
    assert found(fixture, set(COVERED.values())) == []


def test_the_controls_without_a_check_are_these() -> None:
    """Whoever adds a check takes its control off the list."""
    controls = {control(fixture) for fixture in fixtures("*", "*", "fail", "*.yaml")}

    assert controls - set(COVERED) == UNCOVERED


def test_every_check_that_claims_a_standard_is_held_to_the_fixtures() -> None:
    """A claim without a fixture would be a claim alone."""
    claiming = {check.id for check in CHECKS if any(text.startswith("PSS ") for text in check.maps_to)}

    assert claiming == set(COVERED.values())
