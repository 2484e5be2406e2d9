"""Computed Roles as YAML for `kubectl apply --server-side -f -`, each rule below its reasons."""

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from gitwarrant.cluster.power.roles import Grantings, Rule
from gitwarrant.model.manifest import Content


def manifest_text(granted: Grantings, remarks: Iterable[str]) -> str:
    """All objects as one YAML stream; `remarks` stand at its top as comments."""
    head = "".join(f"# {_printable(line)}".rstrip() + "\n" for line in remarks)
    documents = [
        *(_dump(content) for content in granted.heads),
        *("".join(_role(content, rules)) for content, rules in granted.roles),
        *(_dump(content) for content in granted.bindings),
    ]
    return head + "---\n" + "---\n".join(documents)


def _role(head: Content, rules: Iterable[Rule]) -> Iterator[str]:
    yield _dump(head)
    yield "rules:\n"
    for rule in rules:
        for verbs, reason in rule.reasons:
            yield f"  # {', '.join(verbs)}: {_printable(reason)}\n"
        yield "".join(f"  {line}\n" for line in _dump([dict(rule.content)]).splitlines())


def _dump(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=100)


def _printable(text: str) -> str:
    """Comments name objects, and names come from a repository: nothing in one may end the comment."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
