"""What a check teaches, as Markdown: the same text as its page in docs/checks/."""

from collections.abc import Mapping

from gitwarrant.model.environment import PolicySet
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.policy.subject import Check

STANDARDS: Mapping[str, str] = {
    "PSS": "Kubernetes Pod Security Standards",
    "CIS": "CIS Kubernetes Benchmark 1.10",
}


def page(check: Check) -> str:
    """The page of one check: id, severity, why, remedy, before and after, standards, policy sets."""
    return f"""\
# {check.id}

**{check.title}.** Severity: {check.severity.value}.

## Why

{_sentence(check.why)}

## What to do

{_sentence(check.remedy)}

Before:

```yaml
{check.before}```

After:

```yaml
{check.after}```

## Where it belongs

{_belongs(check)}"""


def sets_of(check: Check) -> tuple[PolicySet, ...]:
    """The built-in policy sets that name a check."""
    return tuple(policy for policy in BUILTIN_SETS.values() if check.id in policy.checks)


def standard(paragraph: str) -> str:
    """`CIS 5.2.2` in full: `CIS Kubernetes Benchmark 1.10, 5.2.2`."""
    short, _, rest = paragraph.partition(" ")
    return f"{STANDARDS[short]}, {rest}"


def _belongs(check: Check) -> str:
    lines = [f"- policy set `{policy.name}`" for policy in sets_of(check)]
    lines += [f"- {standard(paragraph)}" for paragraph in check.maps_to]
    return "".join(f"{line}\n" for line in lines)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."
