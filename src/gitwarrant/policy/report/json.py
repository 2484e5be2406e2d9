"""The report for programs. Described in docs/checks/README.md; fields are added, never changed."""

import json
from typing import Any

from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Finding, Fix, RuleTally, Unjudged
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.policy.report import Checked, Paint

FORM = "gitwarrant.check/1"


def write(checked: Checked, _paint: Paint) -> str:
    """The report as one JSON object, members sorted."""
    return json.dumps(plain(checked), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def plain(checked: Checked) -> dict[str, Any]:
    """The report as JSON data, for those who put it into something larger."""
    report = checked.report
    return {
        "form": FORM,
        "refused": checked.refused,
        "objects": report.objects,
        "findings": [_finding(finding, finding in report.refused_by) for finding in report.findings],
        "unjudged": [_unjudged(unjudged) for unjudged in report.unjudged],
        "tallies": [_tally(tally) for tally in report.tallies],
        "unreadable": [
            {"place": _place(one.place), "what": one.what, "remedy": one.remedy} for one in checked.unreadable
        ],
        "not_looked_at": [{"path": one.path, "reason": one.reason} for one in checked.skipped],
    }


def _finding(finding: Finding, refuses: bool) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "object": _object(finding.object),
        "place": _place(finding.place),
        "message": finding.message,
        "remedy": finding.remedy,
        "refuses": refuses,
        "fix": _fix(finding.fix) if finding.fix else None,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "description": fix.description,
        "pointer": list(fix.pointer),
        "value": fix.value,
        "safe": fix.safe,
    }


def _unjudged(unjudged: Unjudged) -> dict[str, Any]:
    return {
        "rule": unjudged.rule,
        "object": _object(unjudged.object),
        "place": _place(unjudged.place),
        "reason": unjudged.reason,
    }


def _tally(tally: RuleTally) -> dict[str, Any]:
    return {
        "rule": tally.rule,
        "passed": tally.passed,
        "violated": tally.violated,
        "not_applicable": tally.not_applicable,
        "not_judged": tally.not_judged,
    }


def _object(key: ObjectKey) -> dict[str, str]:
    return {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name}


def _place(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line, "column": place.column}
