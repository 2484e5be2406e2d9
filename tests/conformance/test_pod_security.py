"""The Pod Security Standards, side by side with the fixtures of the API server's own admission plugin.

A fixture is one Pod that one control passes or fails, at a level and from a
version on. Judged from 1.25 on: before, the restricted profile asked for less.
What the baseline forbids our checks call high or worse, what only the restricted
profile forbids medium: so a finding's severity says which level it belongs to.
"""

import os
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.support.checking import judged

from gitwarrant.model.finding import CheckReport, Severity

CORPORA = Path(os.environ.get("GITWARRANT_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
FIXTURES = CORPORA / "pod-security"
VERSIONS = ("v1.25", "v1.30", "v1.34")

COVERED: Mapping[str, str] = {
    "capabilities_baseline": "dangerous-capabilities",
    "capabilities_restricted": "dangerous-capabilities",
    "hostnamespaces": "host-namespaces",
    "hostpathvolumes": "host-path",
    "hostports": "host-namespaces",
    "privileged": "privileged-container",
    "runasnonroot": "runs-as-root",
    "runasuser": "runs-as-root",
    "windowshostprocess": "privileged-container",
}
"""Controls of the standard, and the check that judges each."""

NOT_COVERED_YET = {
    "allowprivilegeescalation",
    "apparmorprofile",
    "hostprobesandhostlifecycle",
    "procmount",
    "restrictedvolumes",
    "seccompprofile_baseline",
    "seccompprofile_restricted",
    "selinuxoptions",
    "sysctls",
}
"""Controls that no check judges. A new check takes its controls out of here."""

LEVELS: Mapping[str, Severity] = {"baseline": Severity.HIGH, "restricted": Severity.MEDIUM}
"""The mildest severity that belongs to each level."""


def fixtures(verdict: str) -> Iterator[Any]:
    if not FIXTURES.is_dir():
        reason = f"the corpus is not at {CORPORA.name}/pod-security: set GITWARRANT_CORPORA"
        yield pytest.param("", Path(), id="corpus", marks=pytest.mark.skip(reason=reason))
        return
    for level, version in product(LEVELS, VERSIONS):
        for path in sorted((FIXTURES / level / version / verdict).glob("*.yaml")):
            yield pytest.param(level, path, id=f"{level}-{version}-{path.stem}")


def control(path: Path) -> str:
    """`hostports2.yaml` is about `hostports`."""
    return path.stem.rstrip("0123456789")


def findings(level: str, path: Path) -> tuple[str, ...]:
    """The checks that found something which this level forbids."""
    report = pod_security(path)
    assert report.unjudged == ()
    return tuple(one.rule for one in report.findings if one.severity >= LEVELS[level])


def pod_security(path: Path) -> CheckReport:
    # Names of fixtures have underscores, which no API server takes; it is only asked about the spec.
    text = re.sub(r"(?m)^  name: .*$", "  name: fixture", path.read_text())
    return judged(text, *sorted(set(COVERED.values())))


@pytest.mark.parametrize(("level", "path"), list(fixtures("pass")))
def test_a_pod_that_passes_the_standard_gives_no_finding(level: str, path: Path) -> None:
    """Whatever the fixture is about: a Pod of this level passes every control of it."""
    assert findings(level, path) == ()


@pytest.mark.parametrize(("level", "path"), list(fixtures("fail")))
def test_a_pod_that_fails_the_standard_is_found(level: str, path: Path) -> None:
    """By the check that covers its control. Other controls may fail with it, so others may find it too."""
    found = findings(level, path)

    if control(path) not in NOT_COVERED_YET:
        assert COVERED[control(path)] in found


@pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"the corpus is not at {CORPORA.name}/pod-security")
def test_the_lists_of_controls_are_those_of_the_standard() -> None:
    """A control that the standard gains appears here as a failure, not as silence."""
    controls = {control(path) for path in FIXTURES.glob(f"*/{VERSIONS[-1]}/fail/*.yaml")}

    assert controls == set(COVERED) | NOT_COVERED_YET
