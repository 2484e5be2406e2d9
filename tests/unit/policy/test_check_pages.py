"""The documentation says what the checks say."""

import re
from pathlib import Path

import pytest
from tests.support.manifests import an_object, applies, pod, violations

from gitwarrant.policy.pages import page
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.report.json import FORM
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.policy.subject import Check
from gitwarrant.yaml.reader import read

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs/checks"
INDEX = (PAGES / "README.md").read_text()

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


@each_check
def test_every_check_has_its_page(check: Check) -> None:
    """Written by: gitwarrant explain --format markdown ID > docs/checks/ID.md."""
    text = (PAGES / f"{check.id}.md").read_text()

    assert text == page(check)
    for part in (check.id, check.severity.value, check.before, check.after):
        assert part in text


def test_every_page_has_its_check() -> None:
    """A check that went leaves no page behind."""
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == {check.id for check in CHECKS}


@each_check
def test_a_check_has_one_name_in_every_spelling(check: Check) -> None:
    """Class, file and id."""
    kind = type(check)

    assert kind.__module__ == f"gitwarrant.policy.builtin.{check.id.replace('-', '_')}"
    assert re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower() == check.id


def test_the_index_lists_the_checks_in_the_order_of_the_registry() -> None:
    """The worst first."""
    rows = [f"| [{check.id}]({check.id}.md) | {check.severity.value} | {check.title} |" for check in CHECKS]

    assert "\n".join(rows) in INDEX
    assert [check.severity for check in CHECKS] == sorted((check.severity for check in CHECKS), reverse=True)


@pytest.mark.parametrize("name", BUILTIN_SETS)
def test_the_index_lists_the_sets(name: str) -> None:
    """With the threshold; the checks are spelled out or named by their set."""
    [row] = [line for line in INDEX.splitlines() if line.startswith(f"| `{name}` |")]

    assert f"| {BUILTIN_SETS[name].threshold.value} |" in row


def test_the_index_maps_the_benchmark_as_the_checks_do() -> None:
    """Paragraph by paragraph."""
    written = re.findall(r"^\| (5\.\d\.\d+) \| [^|]+ \| ([a-z-]+)", INDEX, re.MULTILINE)
    claimed = [
        (text.removeprefix("CIS "), check.id)
        for check in CHECKS
        for text in check.maps_to
        if text.startswith("CIS ")
    ]

    assert sorted(written) == sorted(claimed)
    assert FORM in INDEX


@each_check
def test_the_examples_are_what_they_claim_to_be(check: Check) -> None:
    """`before` violates the check, `after` does not."""
    after = example(check.after)

    assert violations(check, example(check.before))
    assert not applies(check, after) or violations(check, after) == []


def example(text: str) -> dict[str, object]:
    """An example made whole: it may be an object, a spec, a role's rules, a list of containers, or less."""
    [document] = read(text.encode(), "example.yaml")
    value = document.value
    if "kind" in value:
        return dict(value)
    if "rules" in value:
        return an_object("rbac.authorization.k8s.io/v1", "Role", **value)
    if "spec" in value:
        return an_object("v1", "Pod", **value)
    if "securityContext" in value:
        return pod(containers=[{"name": "web", **value}])
    return pod(**value)
