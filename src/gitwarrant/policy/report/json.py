"""The report for programs: one JSON value, described in docs/reference/report.md."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Finding, Fix, RuleTally, Unjudged
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.policy.check import refuses
from gitwarrant.policy.report.checked import Checked
from gitwarrant.policy.report.human import Line

VERSION = 1
"""Grows when a member changes its meaning or goes away; new members come without."""


def lines(checked: Checked) -> Iterator[Line]:
    """The report as text, members sorted."""
    text = json.dumps(value(checked), indent=2, sort_keys=True, ensure_ascii=False)
    for line in text.split("\n"):
        yield [("", line)]


def value(checked: Checked) -> dict[str, Json]:
    """The report as plain data."""
    report = checked.report
    return {
        "version": VERSION,
        "refused": checked.refused,
        "objects": report.objects,
        "files": [source.path for source in checked.sources],
        "policies": [_policy(policy) for policy in checked.sets],
        "findings": [_finding(finding, checked.sets) for finding in report.findings],
        "unjudged": [_unjudged(one) for one in report.unjudged],
        "outcomes": [_tally(tally) for tally in report.tallies],
        "unreadable": [
            {"place": _place(one.place), "what": one.what, "remedy": one.remedy} for one in checked.unreadable
        ],
        "not_looked_at": [{"path": one.path, "reason": one.reason} for one in checked.skipped],
    }


def _policy(policy: PolicySet) -> dict[str, Json]:
    return {"name": policy.name, "checks": list(policy.checks), "threshold": policy.threshold.value}


def _finding(finding: Finding, sets: Sequence[PolicySet]) -> dict[str, Json]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "refuses": refuses(finding, sets),
        "object": _object(finding.object),
        "place": _place(finding.place),
        "message": finding.message,
        "remedy": finding.remedy,
        "fix": _fix(finding.fix) if finding.fix else None,
    }


def _fix(fix: Fix) -> dict[str, Json]:
    return {
        "description": fix.description,
        "pointer": list(fix.pointer),
        "value": fix.value,
        "safe": fix.safe,
    }


def _unjudged(one: Unjudged) -> dict[str, Json]:
    return {
        "rule": one.rule,
        "object": _object(one.object),
        "place": _place(one.place),
        "reason": one.reason,
    }


def _tally(tally: RuleTally) -> dict[str, Json]:
    return {
        "rule": tally.rule,
        "passed": tally.passed,
        "violated": tally.violated,
        "not_applicable": tally.not_applicable,
        "not_judged": tally.not_judged,
    }


def _object(key: ObjectKey) -> dict[str, Any]:
    return {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name}


def _place(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line, "column": place.column}
