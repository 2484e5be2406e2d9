"""Every check teaches the same in the terminal, on its page and in the guides; its examples are true."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.checking import judged

from gitwarrant.policy.lesson import lines, page, sets_with, value
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.policy.subject import Check
from gitwarrant.yaml.reader import read

DOCS = Path(__file__).parents[3] / "docs"
EVERY_CHECK = [pytest.param(check, id=check.id) for check in CHECKS]


@pytest.mark.parametrize("check", EVERY_CHECK)
def test_a_check_has_its_page(check: Check) -> None:
    """Mend a difference by `gitwarrant explain ID --markdown > docs/checks/ID.md`."""
    written = (DOCS / "checks" / f"{check.id}.md").read_text()

    assert written == page(check)


@pytest.mark.parametrize("check", EVERY_CHECK)
def test_a_lesson_says_all_that_the_page_says(check: Check) -> None:
    """Id, severity, why, remedy, before, after, sets, and what it answers."""
    lesson = " ".join("".join(text for _, text in line).strip() for line in lines(check))

    texts = (check.id, check.severity.value, check.title, check.why, check.remedy, *check.maps_to)
    for text in (*texts, *sets_with(check), check.before, check.after):
        assert " ".join(text.split()) in " ".join(lesson.split())


@pytest.mark.parametrize("check", EVERY_CHECK)
def test_the_example_before_is_refused_and_the_one_after_passes(check: Check) -> None:
    """An example that does not hold teaches something wrong."""
    before, after = (judged(example(text), check.id) for text in (check.before, check.after))

    assert [finding.rule for finding in before.findings] != []
    assert after.findings == ()
    assert before.unjudged == after.unjudged == ()


def example(text: str) -> str:
    """A part of an object, with the rest that it needs to be one."""
    [document] = read(text.encode(), "example")
    content: dict[str, Any] = document.value
    if "apiVersion" in content:
        return text
    if "rules" in content:
        return "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: web}\n" + text
    head = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
    if "spec" in content:
        return head + text
    containers = "" if "containers" in content else "  containers: [{name: web}]\n"
    return head + "spec:\n" + "".join(f"  {line}\n" for line in text.splitlines()) + containers


def test_the_guides_name_every_check_and_every_set() -> None:
    """And no check that does not exist has a page."""
    overview = (DOCS / "checks" / "README.md").read_text()
    sets = (DOCS / "reference" / "policy-sets.md").read_text()

    for check in CHECKS:
        assert f"| [{check.id}]({check.id}.md) | {check.severity.value} | {check.title} |" in overview
    for policy in BUILTIN_SETS.values():
        names = ", ".join(f"[{name}](../checks/{name}.md)" for name in policy.checks)
        assert f"| `{policy.name}` | {policy.threshold.value} | {names} |" in sets
    pages = {path.stem for path in (DOCS / "checks").glob("*.md")} - {"README"}
    assert pages == {check.id for check in CHECKS}


def test_the_cis_table_is_what_the_checks_say() -> None:
    """Each paragraph of section 5 that a check answers, and no other."""
    text = (DOCS / "reference" / "policy-sets.md").read_text()
    table = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| 5.")]

    said = {(number, check.id) for check in CHECKS for number in cis(check)}
    assert {(row[0], row[2].strip("`")) for row in table} == said


def cis(check: Check) -> list[str]:
    return [one.removeprefix("CIS ") for one in check.maps_to if one.startswith("CIS ")]


def test_a_lesson_as_data_has_all_texts() -> None:
    """The members of `explain --output json`."""
    first = value(CHECKS[0])

    assert sorted(first) == [
        "after",
        "before",
        "id",
        "maps_to",
        "policies",
        "remedy",
        "severity",
        "title",
        "why",
    ]
    assert first["policies"] == [
        "basic-security",
        "enhanced-security",
        "production-security",
        "compliance-validation",
    ]
