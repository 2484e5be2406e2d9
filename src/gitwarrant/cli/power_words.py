"""Power in words, for people and for programs."""

from collections.abc import Iterable, Iterator
from typing import Any

from gitwarrant.cluster.power.roles import Grantings
from gitwarrant.objects.power.atoms import spoken
from gitwarrant.objects.power.change import PowerChange, Share
from gitwarrant.objects.power.reach import Path
from gitwarrant.pipeline.power import Moved

Line = tuple[str, str]
"""(style, text)"""

SIGNS = (("add", "+"), ("remove", "-"))


def change_lines(change: PowerChange) -> Iterator[Line]:
    """What a change does to power, subject by subject."""
    for (style, sign), shares in zip(SIGNS, (change.added, change.removed), strict=True):
        for share in shares:
            yield style, f"{sign} {share.subject}"
            yield from ((style, f"    {sign} {line}") for line in _share_lines(share))


def moved_lines(found: Moved, environment: str) -> Iterator[Line]:
    """The same, and what gitwarrant itself needs then."""
    yield from change_lines(found.change)
    if found.applier:
        yield "change", f"~ gitwarrant itself needs more to deploy it: gitwarrant rbac {environment}"
        yield from (("change", f"    + {line}") for line in spoken(found.applier))


def _share_lines(share: Share) -> Iterator[str]:
    yield from spoken(share.powers)
    yield from (str(item) for item in share.unknown)
    yield from path_lines(share.paths)
    for run in share.runs:
        yield f"{run.workload} runs as it"


def path_lines(found: Iterable[Path]) -> list[str]:
    """Ways to more power, each in a sentence."""
    return [_path_line(path) for path in found]


def _path_line(path: Path) -> str:
    over = "".join(f", as {target}" for target in path.via)
    if path.target.kind == "reach":
        return str(path.first)
    word = "may do" if path.target.kind == "anything" else "has the power of"
    return f"{path.first}{over}: so it {word} {path.target}"


def rule_data(granted: Grantings) -> list[dict[str, Any]]:
    """Every rule with its reasons."""
    return [
        {
            "role": dict(head["metadata"]),
            "kind": head["kind"],
            "rule": dict(rule.content),
            "reasons": [{"verbs": list(verbs), "reason": reason} for verbs, reason in rule.reasons],
        }
        for head, rules in granted.roles
        for rule in rules
    ]


def change_data(change: PowerChange) -> dict[str, Any]:
    """What a change does to power, for programs."""
    return {
        "added": [_share_data(share) for share in change.added],
        "removed": [_share_data(share) for share in change.removed],
    }


def _share_data(share: Share) -> dict[str, Any]:
    subject = share.subject
    return {
        "subject": {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name},
        "powers": spoken(share.powers),
        "unknown": [str(item) for item in share.unknown],
        "paths": [
            {
                "way": path.first.way,
                "by": [str(power) for power in path.first.powers],
                "through": [str(target) for target in path.via],
                "to": str(path.target),
            }
            for path in share.paths
        ],
        "runs": [str(run.workload) for run in share.runs],
    }
