"""The check stage: manifests in, findings and outcomes out.

1. Every check that a policy set names runs on every object: one walk for all, unit by unit. A check
   sees one object and nothing else, so what it said of a unit holds wherever that unit is met again.
2. What came of each check on each object is counted under exactly one outcome.
3. What could not be judged (a field of a wrong type, a fault in a check) is said, and refuses.
4. Findings get their places, in one more reading per document that has some.

Not checked here: whether a finding is waived (waivers do not exist yet), and
whether the objects may be in this environment at all (plan).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.finding import CheckReport, Finding, Outcome, RuleTally, Unjudged
from gitwarrant.model.manifest import Manifest, Pointer, Source
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.objects.fields import WrongShape
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.subject import Check, Subject, Violation


def check(rendered: Rendered, sets: Sequence[PolicySet], *, checks: Sequence[Check] = CHECKS) -> CheckReport:
    """Judge every manifest by the checks which the policy sets name.

    Findings come in the order of files and lines; tallies in the order of the registry.

    Raises:
        Refused: there is no manifest, no check, or a set names a check that does not exist.
    """
    chosen = _chosen(sets, checks)
    if not len(rendered):
        raise Refused(
            "no manifest was read, and a check of nothing proves nothing",
            stage="check",
            remedy="name a folder or file with Kubernetes manifests",
            place=Place(rendered.folder) if rendered.folder else None,
        )
    parts = [unit.derived(("check", chosen), partial(_check_unit, unit, chosen)) for unit in rendered.units]
    return _report(parts, chosen, rendered, sets)


@dataclass(frozen=True, slots=True)
class _Part:
    """What the checks said of one unit. Outcomes are counted check by check, in the order of `Outcome`."""

    findings: tuple[Finding, ...]
    unjudged: tuple[Unjudged, ...]
    outcomes: tuple[int, ...]


def _check_unit(unit: Unit, checks: tuple[Check, ...]) -> _Part:
    walk = _Walk(checks)
    sources = {source.path: source.data for source in unit.sources}
    for manifest in unit.manifests:
        walk.judge(Subject(manifest, sources.get(manifest.place.path, b"")))
    findings, unjudged = [], []
    places = _places(walk.found, unit.sources)
    for found, place in sorted(zip(walk.found, places, strict=True), key=_by_place):
        if isinstance(found.said, Violation):
            findings.append(_finding(found, found.said, place))
        else:
            unjudged.append(Unjudged(found.check.id, found.manifest.key, place, found.said))
    counted = tuple(walk.outcomes[check.id, outcome] for check in checks for outcome in Outcome)
    return _Part(tuple(findings), tuple(unjudged), counted)


def _chosen(sets: Sequence[PolicySet], checks: Sequence[Check]) -> tuple[Check, ...]:
    named = {name for policy in sets for name in policy.checks}
    unknown = sorted(named - {check.id for check in checks})
    if unknown or not named:
        raise Refused(
            f"there is no check {unknown[0]!r}" if unknown else "no policy set names any check",
            stage="check",
            remedy="'gitwarrant explain' lists the checks, 'gitwarrant check --list' the policy sets",
        )
    return tuple(check for check in checks if check.id in named)


@dataclass(frozen=True, slots=True)
class _Found:
    """A violation or (with the reason) what could not be judged; places are not known yet."""

    check: Check
    manifest: Manifest
    pointer: Pointer
    said: Violation | str


class _Walk:
    """Runs checks and keeps what they say."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = checks
        self.found: list[_Found] = []
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()

    def judge(self, subject: Subject) -> None:
        """Run all checks on one object."""
        for check in self.checks:
            self.outcomes[check.id, self._judge(check, subject)] += 1

    def _judge(self, check: Check, subject: Subject) -> Outcome:
        outcome = Outcome.PASSED
        try:
            if not check.applies(subject):
                return Outcome.NOT_APPLICABLE
            for violation in check.run(subject):
                self.found.append(_Found(check, subject.manifest, violation.pointer, violation))
                outcome = Outcome.VIOLATED
        except WrongShape as error:
            self.found.append(_Found(check, subject.manifest, error.pointer, error.what))
            return Outcome.NOT_JUDGED
        except Exception as error:  # noqa: BLE001 - a check that breaks must refuse, whatever broke it
            reason = f"the check itself failed: {type(error).__name__}: {error}"
            self.found.append(_Found(check, subject.manifest, (), reason))
            return Outcome.NOT_JUDGED
        return outcome


def _report(
    parts: Sequence[_Part], checks: tuple[Check, ...], rendered: Rendered, sets: Sequence[PolicySet]
) -> CheckReport:
    findings = sorted(chain.from_iterable(part.findings for part in parts), key=_by_place_of)
    # Many units come to just the same outcomes: each such row is counted once, times how often it is there.
    rows = Counter(part.outcomes for part in parts).items()
    sums = iter(
        [sum(column) for column in zip(*([n * times for n in row] for row, times in rows), strict=True)]
    )
    return CheckReport(
        commit=rendered.commit,
        objects=len(rendered),
        findings=tuple(findings),
        unjudged=tuple(sorted(chain.from_iterable(part.unjudged for part in parts), key=_by_place_of)),
        tallies=tuple(_tally(check.id, {outcome: next(sums) for outcome in Outcome}) for check in checks),
        refused_by=tuple(finding for finding in findings if refuses(finding, sets)),
    )


def _by_place_of(said: Finding | Unjudged) -> tuple[Place, str]:
    return said.place, said.rule


def _by_place(placed: tuple[_Found, Place]) -> tuple[Place, str]:
    found, place = placed
    return place, found.check.id


def _finding(found: _Found, violation: Violation, place: Place) -> Finding:
    return Finding(
        rule=found.check.id,
        severity=violation.severity or found.check.severity,
        object=found.manifest.key,
        place=place,
        message=violation.message,
        remedy=violation.remedy or found.check.remedy,
        fix=violation.fix,
    )


def _tally(rule: str, outcomes: Mapping[Outcome, int]) -> RuleTally:
    return RuleTally(
        rule=rule,
        passed=outcomes[Outcome.PASSED],
        violated=outcomes[Outcome.VIOLATED],
        not_applicable=outcomes[Outcome.NOT_APPLICABLE],
        not_judged=outcomes[Outcome.NOT_JUDGED],
    )


def refuses(finding: Finding, sets: Iterable[PolicySet]) -> bool:
    """Whether a finding reaches the threshold of a set that names its check."""
    return any(finding.rule in policy.checks and finding.severity >= policy.threshold for policy in sets)


def _places(found: Sequence[_Found], sources: Iterable[Source]) -> Iterator[Place]:
    """The place of each, in order. A clean run never gets here with anything, and reads nothing twice."""
    if not found:
        return
    from gitwarrant.yaml.locate import locate_many  # noqa: PLC0415 - only a run with findings pays for it

    data = {source.path: source.data for source in sources}
    wanted: dict[tuple[str, int], set[Pointer]] = {}
    for one in found:
        wanted.setdefault((one.manifest.place.path, one.manifest.document), set()).add(_way(one))
    spans = {
        (path, document): locate_many(data[path], path, document, pointers)
        for (path, document), pointers in wanted.items()
        if path in data
    }
    for one in found:
        place = one.manifest.place
        here = spans.get((place.path, one.manifest.document))
        yield here[_way(one)].place if here else place


def _way(found: _Found) -> Pointer:
    return (*found.manifest.pointer, *found.pointer)
