"""What a trial says about manifests: findings by check, and everything that no check has seen."""

from collections import Counter
from collections.abc import Iterator, Sequence

from gitwarrant.model.finding import Finding, Severity
from gitwarrant.pipeline.trial.lines import Line, cut, headed, many, said
from gitwarrant.pipeline.trial.manifests import FIRST_SETS, Manifests

SHOWN = 4  # checks


def judged(found: Manifests) -> Iterator[Line]:
    """The findings, then what was not judged."""
    yield from headed("What the manifests say")
    where = f"{many(found.objects, 'object')} in {many(len(found.files), 'file')}"
    if not found.objects:
        yield from said("No plain Kubernetes manifest was read, so no check was run.")
    elif not found.findings:
        yield from said(f"No finding in {where}.")
    else:
        count, first = many(len(found.findings), "finding"), FIRST_SETS[0].name
        yield from said(
            f"{count} in {where}. A new environment ({first}) refuses {found.at_first:,} of them."
        )
        yield from _findings(found.findings)
    yield from (cut(f"  {line}", "warn") for line in not_judged(found))


def _findings(findings: Sequence[Finding]) -> Iterator[Line]:
    """By check, the worst first, each with its first place."""
    counts = Counter(finding.rule for finding in findings)
    worst: dict[str, Finding] = {}
    for finding in findings:
        if finding.rule not in worst or finding.severity > worst[finding.rule].severity:
            worst[finding.rule] = finding
    severities = list(Severity)
    order = sorted(worst.values(), key=lambda one: (-severities.index(one.severity), -counts[one.rule]))
    for one in order[:SHOWN]:
        yield cut(f"    {counts[one.rule]:>4,}  {one.severity.value:<8} {one.rule:<22} {one.place}")
    if len(order) > SHOWN:
        rest = sum(counts[one.rule] for one in order[SHOWN:])
        yield "dim", f"    {rest:>4,}  of {many(len(order) - SHOWN, 'other check')}"


def not_judged(found: Manifests) -> Iterator[str]:
    """What no check has seen, and why."""
    for tool in sorted({one.tool for one in found.unrendered}):
        own = [one for one in found.unrendered if one.tool == tool]
        files = many(sum(one.files for one in own), "file")
        yield f"Not judged yet: {files} of {tool}, in {many(len(own), 'folder')}."
    if found.unjudged:
        one = found.unjudged[0]
        yield f"{many(len(found.unjudged), 'time')} a check could not decide: {one.place}: {one.reason}"
    if found.unreadable:
        first = found.unreadable[0]
        yield f"{many(len(found.unreadable), 'file')} that a deploy would refuse: {first.place}: {first.what}"
    if found.left_out:
        left = found.left_out[0]
        yield f"{many(len(found.left_out), 'path')} left out: {left.path}: {left.reason}"
    if found.not_looked_at:
        yield f"{many(found.not_looked_at, 'file')} not looked at: the time was used up (--seconds)."
