"""What a check teaches: on the terminal, as data, and as its page in docs/checks/. One text for all."""

import textwrap
from collections.abc import Iterator

from gitwarrant.model.manifest import Json
from gitwarrant.policy.report.human import Line
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.policy.subject import Check

WIDTH = 92


def sets_with(check: Check) -> list[str]:
    """The built-in policy sets that name a check."""
    return [policy.name for policy in BUILTIN_SETS.values() if check.id in policy.checks]


def lines(check: Check) -> Iterator[Line]:
    """The lesson for a terminal."""
    yield [("bold", f"{check.id} "), ("warn", check.severity.value)]
    yield [("", check.title)]
    for heading, text in (("why", check.why), ("remedy", check.remedy)):
        yield []
        yield [("bold", heading)]
        yield from ([("", f"  {line}")] for line in textwrap.wrap(text, WIDTH))
    for heading, example, style in (("before", check.before, "remove"), ("after", check.after, "add")):
        yield []
        yield [("bold", heading)]
        yield from ([(style, f"  {line}")] for line in example.splitlines())
    yield []
    yield [("bold", "in the policy sets "), ("", ", ".join(sets_with(check)))]
    if check.maps_to:
        yield [("bold", "answers "), ("", "; ".join(check.maps_to))]


def value(check: Check) -> dict[str, Json]:
    """The lesson as plain data."""
    return {
        "id": check.id,
        "severity": check.severity.value,
        "title": check.title,
        "why": check.why,
        "remedy": check.remedy,
        "before": check.before,
        "after": check.after,
        "policies": sets_with(check),
        "maps_to": list(check.maps_to),
    }


def page(check: Check) -> str:
    """The lesson as Markdown: what stands in docs/checks/<id>.md, letter for letter."""
    answers = "".join(f"- {paragraph}\n" for paragraph in check.maps_to) or "No paragraph of CIS or PSS.\n"
    return f"""\
# {check.id}

{check.title}.

**Severity:** {check.severity.value}. **Policy sets:** {", ".join(sets_with(check))}.

## Why

{textwrap.fill(check.why, 110)}

## Remedy

{textwrap.fill(check.remedy[0].upper() + check.remedy[1:] + ".", 110)}

Before:

```yaml
{check.before}```

After:

```yaml
{check.after}```

## Answers

{answers}"""
