"""The report for people: what to do first, then every finding in its file, then what was counted."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Finding, Fix, Severity, Unjudged
from gitwarrant.model.manifest import Source
from gitwarrant.objects.fields import spell
from gitwarrant.policy.report.checked import Checked, Skipped, Unreadable
from gitwarrant.policy.report.excerpt import excerpt, printable

Line: TypeAlias = list[tuple[str, str]]
"""Parts of one line: a style (good, bad, warn, dim, bold, add, remove, change, or none) and its text."""

SEVERITY_STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bad",
    Severity.HIGH: "bad",
    Severity.MEDIUM: "warn",
    Severity.LOW: "dim",
}
MAX_SKIPPED = 8  # names shown; all of them are in the JSON report
WITHOUT_EXCERPT = frozenset({"plaintext-secret"})  # its lines hold secrets; a build's log has many readers


def lines(checked: Checked) -> Iterator[Line]:
    """Tell a run of checks, line by line.

    Names, messages and paths come from manifests: none of them reaches a
    terminal as anything but printable text.
    """
    for line in _lines(checked):
        yield [(style, printable(text)) for style, text in line]


def _lines(checked: Checked) -> Iterator[Line]:
    report = checked.report
    sources = {source.path: source for source in checked.sources}
    for path, findings in groupby(report.findings, key=lambda finding: finding.place.path):
        yield [("bold", path)]
        for finding in findings:
            yield from _finding(finding, sources)
    yield from _unjudged(report.unjudged)
    yield from _unreadable(checked.unreadable)
    yield from _skipped(checked.skipped)
    yield from _counts(checked)
    yield from _verdict(checked)


def _finding(finding: Finding, sources: Mapping[str, Source]) -> Iterator[Line]:
    place, style = finding.place, SEVERITY_STYLES[finding.severity]
    where = f"{place.line}:{place.column}" if place.line else "-"
    yield [
        ("", f"  {where:<8} "),
        (style, finding.severity.value),
        ("bold", f" {finding.rule} "),
        ("dim", str(finding.object)),
    ]
    yield [("", f"           {finding.message}")]
    if finding.rule not in WITHOUT_EXCERPT:
        yield from _source(place, style, sources)
    yield [("bold", "           remedy: "), ("", finding.remedy)]
    if finding.fix:
        yield [("bold", "           fix: "), ("", _fix(finding.fix))]
    yield []


def _source(place: Place, style: str, sources: Mapping[str, Source]) -> Iterator[Line]:
    found = excerpt(place, sources)
    if found:
        line, carets = found
        yield [("dim", f"    {place.line:>6} | "), ("", line)]
        yield [("dim", "           | "), (style, carets)]


def _fix(fix: Fix) -> str:
    risk = "" if fix.safe else " (the workload may behave differently)"
    return f"{fix.description}, at {spell(fix.pointer)}{risk}"


def _unjudged(unjudged: Sequence[Unjudged]) -> Iterator[Line]:
    """What several checks could not judge for one reason is said once."""
    if not unjudged:
        return
    yield [("bad", "could not be judged, so refused")]
    for (place, key, reason), group in groupby(unjudged, key=lambda one: (one.place, one.object, one.reason)):
        yield [("", f"  {place}: "), ("dim", f"{key}: "), ("", reason)]
        yield [("dim", "    by " + ", ".join(one.rule for one in group))]
    yield []


def _unreadable(unreadable: Sequence[Unreadable]) -> Iterator[Line]:
    if not unreadable:
        return
    yield [("bad", "could not be read, so refused")]
    for one in unreadable:
        yield [("", f"  {one.place}: {one.what}")]
        yield [("bold", "    remedy: "), ("", one.remedy)]
    yield []


def _skipped(skipped: Sequence[Skipped]) -> Iterator[Line]:
    if not skipped:
        return
    yield [("dim", "not looked at")]
    for one in skipped[:MAX_SKIPPED]:
        yield [("dim", f"  {one.path}: {one.reason}")]
    if len(skipped) > MAX_SKIPPED:
        yield [("dim", f"  and {len(skipped) - MAX_SKIPPED} more (--output json names them)")]
    yield []


def _counts(checked: Checked) -> Iterator[Line]:
    report = checked.report
    sets = ", ".join(f"{policy.name} (from {policy.threshold.value})" for policy in checked.sets)
    yield [
        ("dim", f"{_many(report.objects, 'object')} in {_many(len(checked.sources), 'file')}, judged by "),
        ("dim", f"{_many(len(report.tallies), 'check')} of {sets}"),
    ]
    outcomes = (
        f"{sum(tally.passed for tally in report.tallies)} passed",
        f"{sum(tally.violated for tally in report.tallies)} violated",
        f"{sum(tally.not_applicable for tally in report.tallies)} not applicable",
        f"{sum(tally.not_judged for tally in report.tallies)} could not be judged",
        f"{len(checked.skipped)} not looked at",
    )
    yield [("dim", "outcomes: " + ", ".join(outcomes))]


def _verdict(checked: Checked) -> Iterator[Line]:
    report = checked.report
    if not checked.refused:
        below = f"; {_many(len(report.findings), 'finding')} below the threshold" if report.findings else ""
        yield [("good", f"nothing refuses{below}")]
        return
    reasons = (
        (len(report.refused_by), "finding"),
        (len(report.unjudged), "check that could not judge"),
        (len(checked.unreadable), "unreadable file"),
    )
    yield [("bad", "refused: " + ", ".join(_many(count, what) for count, what in reasons if count))]
    yield from _first(checked)


def _first(checked: Checked) -> Iterator[Line]:
    """Where to begin: what cannot be read hides other faults, then the worst finding."""
    if checked.unreadable:
        one = checked.unreadable[0]
        place, remedy = one.place, one.remedy
    elif checked.report.unjudged:
        place, remedy = checked.report.unjudged[0].place, checked.report.unjudged[0].reason
    else:
        worst = max(checked.report.refused_by, key=lambda finding: finding.severity)
        place, remedy = worst.place, f"{worst.remedy} ('gitwarrant explain {worst.rule}' tells why)"
    yield [("bold", "mend first: "), ("", f"{place}: {remedy}")]


def _many(count: int, what: str) -> str:
    head, _, tail = what.partition(" ")
    return f"{count} {what}" if count == 1 else f"{count} {head}s{' ' * bool(tail)}{tail}"
