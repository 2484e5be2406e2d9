"""The report for people: by file, with the source line and a caret, and what to do first."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from gitwarrant.model.errors import Place
from gitwarrant.model.finding import CheckReport, Finding, Severity, Unjudged
from gitwarrant.policy.report import Checked, Paint, Skipped

STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "bad",
    Severity.HIGH: "bad",
    Severity.MEDIUM: "warn",
    Severity.LOW: "dim",
}

MAX_EXCERPT = 100  # characters of a source line that fit beside a line number
MAX_NAMED = 5  # files named one by one when they were not looked at
MAX_FIRST = 3  # more is no longer "first"
WITHOUT_EXCERPT = "plaintext-secret"  # its lines hold the secret, and logs of a build are read by many


def write(checked: Checked, paint: Paint) -> str:
    """The report as text. Control characters of manifests are spelled out: none reaches a terminal."""
    return "".join(f"{line}\n" for line in _lines(checked, paint))


def _lines(checked: Checked, paint: Paint) -> Iterator[str]:
    lines = {source.path: source.data.split(b"\n") for source in checked.sources}
    for path, findings in groupby(checked.report.findings, key=lambda finding: finding.place.path):
        yield paint(clean(path), "bold")
        for finding in findings:
            yield from _finding(finding, checked.report, lines, paint)
        yield ""
    yield from _not_judged(checked, paint)
    yield from _first(checked.report.findings, paint)
    yield from _counts(checked.report)
    yield from _not_looked_at(checked.skipped)
    yield _verdict(checked, paint)


def _finding(
    finding: Finding, report: CheckReport, lines: Mapping[str, Sequence[bytes]], paint: Paint
) -> Iterator[str]:
    place, severity = finding.place, paint(finding.severity.value, STYLES[finding.severity])
    below = "" if finding in report.refused_by else paint("  (does not refuse)", "dim")
    yield f"  {place.line}:{place.column}  {severity}  {paint(finding.rule, 'bold')}{below}"
    yield f"    {clean(str(finding.object))}: {clean(finding.message)}"
    if finding.rule != WITHOUT_EXCERPT and place.path in lines:
        yield from _excerpt(lines[place.path], place, paint)
    yield f"    remedy: {clean(finding.remedy)}"


def _excerpt(lines: Sequence[bytes], place: Place, paint: Paint) -> Iterator[str]:
    """The source line from the field on, if the whole line is too long, and a caret below the field."""
    if not 0 < place.line <= len(lines):
        return
    line = lines[place.line - 1].decode(errors="replace").rstrip()
    start = place.column - 1
    if len(line) > MAX_EXCERPT:
        line, start = line[start : start + MAX_EXCERPT], 0
    word = len(line[start:].split(maxsplit=1)[0]) if line[start:].strip() else 1
    yield paint(f"{place.line:>8} |", "dim") + f" {clean(line)}"
    yield paint(f"{'':>8} |", "dim") + " " * (start + 1) + paint("^" + "~" * (word - 1), "bad")


def _not_judged(checked: Checked, paint: Paint) -> Iterator[str]:
    if not (checked.unreadable or checked.report.unjudged):
        return
    yield paint("could not be judged", "bad")
    for unreadable in checked.unreadable:
        yield f"  {clean(str(unreadable.place))}: {clean(unreadable.what)}"
        yield f"    remedy: {clean(unreadable.remedy)}"
    for (place, reason), rules in groupby(sorted(checked.report.unjudged, key=_reason), key=_reason):
        yield f"  {clean(str(place))}: {clean(reason)}"
        yield f"    not judged by: {', '.join(unjudged.rule for unjudged in rules)}"
    yield ""


def _reason(unjudged: Unjudged) -> tuple[Place, str]:
    return unjudged.place, unjudged.reason


def _first(findings: Sequence[Finding], paint: Paint) -> Iterator[str]:
    """The worst rules, and of equally bad ones those with the most findings: where mending helps most."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    worst = sorted(by_rule.values(), key=lambda same: (same[0].severity, len(same)), reverse=True)
    if len(findings) <= 1:
        return
    yield paint("what to do first", "bold")
    for number, same in enumerate(worst[:MAX_FIRST], start=1):
        more = f" (and {len(same) - 1} more)" if len(same) > 1 else ""
        yield f"  {number}. {clean(str(same[0].place))}{more}: {clean(same[0].remedy)}"
        yield paint(f"     gitwarrant explain {same[0].rule}", "dim")
    yield ""


def _counts(report: CheckReport) -> Iterator[str]:
    tallies = report.tallies
    yield (
        f"{_count(report.objects, 'object')}, {_count(len(tallies), 'check')}: "
        f"{sum(tally.passed for tally in tallies)} passed, "
        f"{sum(tally.violated for tally in tallies)} violated, "
        f"{sum(tally.not_applicable for tally in tallies)} not applicable, "
        f"{sum(tally.not_judged for tally in tallies)} could not be judged"
    )


def _not_looked_at(skipped: Sequence[Skipped]) -> Iterator[str]:
    if not skipped:
        return
    yield f"not looked at: {_count(len(skipped), 'file')}"
    for one in skipped[:MAX_NAMED]:
        yield f"  {clean(one.path)}: {clean(one.reason)}"
    if len(skipped) > MAX_NAMED:
        yield f"  ... and {len(skipped) - MAX_NAMED} more"


def _verdict(checked: Checked, paint: Paint) -> str:
    if not checked.refused:
        return paint("accepted", "good")
    reasons = []
    if refusing := len(checked.report.refused_by):
        reasons.append(f"{_count(refusing, 'finding')} at or above the threshold")
    if checked.report.unjudged:
        reasons.append(f"{_count(len(checked.report.unjudged), 'judgement')} not possible")
    if checked.unreadable:
        reasons.append(f"{_count(len(checked.unreadable), 'file')} not readable")
    return paint("refused", "bad") + ": " + ", ".join(reasons)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def clean(text: str) -> str:
    """Spell out what is not printable: a manifest must not move the cursor or hide what follows."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
