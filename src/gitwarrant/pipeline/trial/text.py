"""A trial for people: one screen, in the order in which somebody new asks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from gitwarrant.git.past import End
from gitwarrant.model.finding import Finding, Severity
from gitwarrant.pipeline.trial.facts import Hand, Kind, Landing, Reason, Signature
from gitwarrant.pipeline.trial.history import History
from gitwarrant.pipeline.trial.manifests import Manifests
from gitwarrant.pipeline.trial.owners import Owners
from gitwarrant.pipeline.trial.start import Start
from gitwarrant.pipeline.trial.trial import Trial

Line: TypeAlias = tuple[str, str]
"""A style (bold, dim, warn, or none) and the text of one line."""

SHOWN_PEOPLE = 5
SHOWN_RULES = 4
NEXT = "Read from commits alone; nothing was changed. More: --details, or --output json with every commit."


def summary(trial: Trial) -> Iterator[Line]:
    """One screen about a trial."""
    yield from _title(trial)
    if trial.history.landings:
        yield from _people(trial.history)
        yield from _ways(trial)
    yield from _manifests(trial.manifests)
    if trial.history.landings:
        yield from _refused(trial.history)
    yield from _start(trial)
    yield "", ""
    yield "dim", NEXT


def many(count: int, noun: str, plural: str = "") -> str:
    """`1 landing`, `2 landings`; `person` and `people`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _title(trial: Trial) -> Iterator[Line]:
    history = trial.history
    begin, until = f"{history.begin:%Y-%m-%d}", f"{history.until:%Y-%m-%d}"
    seen = many(len(history.landings), "landing")
    yield "bold", f"{trial.repository}, branch {trial.branch}: {seen} from {begin} to {until}"
    if history.until == history.newest:
        yield "dim", f"  Nothing landed since, so these are the {trial.days} days before the newest landing."
    yield from (("warn", f"  {note}") for note in notes(trial))


def notes(trial: Trial) -> Iterator[str]:
    """What is missing in the picture; nothing that was not looked at passes in silence."""
    history = trial.history
    if history.end in (End.CUT, End.MISSING, End.LIMIT, End.TIME):
        yield f"Older landings are not in these numbers: {history.end.value}." + (
            " Fetch them: git fetch --unshallow" if history.end is End.CUT else ""
        )
    if history.not_looked_at:
        yield f"{many(history.not_looked_at, 'landing')} not looked at: the time was used up (--seconds)."
    if history.odd:
        reasons = "; ".join(dict.fromkeys(commit.odd for commit in history.odd))
        counted = many(len(history.odd), "commit")
        yield f"{counted} that git accepts and gitwarrant would refuse: {reasons[:200]}."
    for bend in trial.bends:
        yield f"Looked at as the commits themselves say; a deploy would refuse this clone. {bend}."
    if not history.landings and history.end is End.FIRST:
        yield "There is one commit only, so nothing has landed on it yet."


def _people(history: History) -> Iterator[Line]:
    landings = history.landings
    people = [person for person in history.people if not person.robot]
    robots = len(history.people) - len(people)
    alone = sum(landing.hand is Hand.ALONE for landing in landings)
    nobody = sum(not landing.lander for landing in landings)
    yield "", ""
    yield "bold", "Who could land alone"
    if history.people:
        also = f" and {many(robots, 'bot')}" if robots else ""
        yield "", f"  {many(len(people), 'person', 'people')}{also} landed something: any one of these"
        yield "", "  accounts, stolen, would do to deploy."
        yield "", f"  {alone:,} of {len(landings):,} landings show one person's hand only."
    for person in history.people[:SHOWN_PEOPLE]:
        bot = " (bot)" if person.robot else ""
        yield "", f"    {person.name[:40] + bot:<46} {person.landed:>5,} landed {person.alone:>5,} alone"
    if len(history.people) > SHOWN_PEOPLE:
        yield "dim", f"    and {len(history.people) - SHOWN_PEOPLE:,} more"
    if nobody:
        yield "", f"  {nobody:,} landed without a name: the forge made the commit, and Git does not say for whom."


def _ways(trial: Trial) -> Iterator[Line]:
    landings = trial.history.landings
    ways = Counter(landing.kind for landing in landings)
    other = sum(landing.hand is Hand.OTHER for landing in landings)
    yield "", ""
    yield "bold", "How it landed"
    yield "", "  " + ", ".join(f"{ways[kind]:,} {_way(kind)}" for kind in Kind if ways[kind])
    yield from _signatures(landings)
    yield "", f"  {other:,} were landed by somebody who wrote none of it. That is all that Git knows of a"
    yield "", "  review: approvals are kept by the forge, and a 'Reviewed-by' line anybody can write."
    yield from _owners(trial.owners)


def _way(kind: Kind) -> str:
    return {
        Kind.MERGE: "by a merge",
        Kind.FORGE: "committed by the forge (squash, rebase or an edit in the browser)",
        Kind.PUSH: "pushed",
    }[kind]


def _signatures(landings: Sequence[Landing]) -> Iterator[Line]:
    own = Counter(landing.signature for landing in landings)
    every = Counter(commit.signature for landing in landings for commit in landing.commits)
    yield "dim", "  landings commits"
    for signature in Signature:
        if every[signature]:
            yield "", f"  {own[signature]:>8,} {every[signature]:>7,}  {signature.value}"


def _owners(owners: Owners | None) -> Iterator[Line]:
    if owners is None:
        yield "", "  There is no CODEOWNERS file."
    elif owners.dialect != "GitHub":
        yield "", f"  {owners.path} is written in {owners.dialect}'s way; its lines were not looked at."
    else:
        yield "", f"  {owners.path}: {many(owners.lines, 'line')}, as GitHub reads them."
        for bad in owners.bad[:2]:
            yield "warn", f"    {bad.place}: {bad.what} (GitHub skips such a line silently)"
        if len(owners.bad) > 2:
            yield "warn", f"    and {len(owners.bad) - 2:,} more such lines"


def _manifests(found: Manifests) -> Iterator[Line]:
    yield "", ""
    yield "bold", "What the manifests say"
    judged = f"{many(found.objects, 'object')} in {many(len(found.files), 'file')}"
    if not found.objects:
        yield "", "  No plain Kubernetes manifest was found, so no check was run."
    elif found.findings:
        yield "", f"  {many(len(found.findings), 'finding')} in {judged}; {found.at_first:,} would refuse at once."
        yield from _findings(found.findings)
    else:
        yield "", f"  No finding in {judged}."
    yield from (("warn", f"  {line}") for line in not_judged(found))


def _findings(findings: Sequence[Finding]) -> Iterator[Line]:
    by_rule = Counter(finding.rule for finding in findings)
    worst: dict[str, Finding] = {}
    for finding in findings:
        if finding.rule not in worst or finding.severity > worst[finding.rule].severity:
            worst[finding.rule] = finding
    order = sorted(worst.values(), key=lambda one: (-list(Severity).index(one.severity), -by_rule[one.rule]))
    for one in order[:SHOWN_RULES]:
        yield "", f"    {by_rule[one.rule]:>4,}  {one.severity.value:<8} {one.rule:<22} {one.place}"
    if len(order) > SHOWN_RULES:
        rest = sum(by_rule[one.rule] for one in order[SHOWN_RULES:])
        yield "dim", f"    {rest:>4,}  of {many(len(order) - SHOWN_RULES, 'other check')}"


def not_judged(found: Manifests) -> Iterator[str]:
    """What no check has seen, and why."""
    for tool in sorted({one.tool for one in found.unrendered}):
        own = [one for one in found.unrendered if one.tool == tool]
        files, folders = sum(one.files for one in own), many(len(own), "folder")
        yield f"Not judged yet: {many(files, 'file')} of {tool}, in {folders}."
    if found.unjudged:
        first = found.unjudged[0]
        yield f"{many(len(found.unjudged), 'time')} a check could not decide: {first.place}: {first.reason}"
    if found.unreadable:
        first_file = found.unreadable[0]
        yield f"{many(len(found.unreadable), 'file')} would be refused unread: {first_file.place}: {first_file.what}"
    if found.left_out:
        left = found.left_out[0]
        yield f"Left out: {many(len(found.left_out), 'file')}: {left.path}: {left.reason}"
    if found.not_looked_at:
        yield f"{many(found.not_looked_at, 'file')} not looked at: the time was used up (--seconds)."


def _refused(history: History) -> Iterator[Line]:
    landings = history.landings
    refused = [landing for landing in landings if landing.refusal]
    yield "", ""
    yield "bold", "What the rules would have refused"
    yield "", f"  {len(refused):,} of {len(landings):,} landings, by the rules that 'gitwarrant init' writes with one approval"
    yield "", "  by another person, even if everybody above had been made known. The first reasons:"
    for reason, group in by_reason(refused):
        path = f" {group[0].paths[0]}" if group[0].paths else ""
        yield "", f"    {len(group):>4,}  {reason.value}"
        yield "dim", f"          such as {group[0].commit[:12]}{path}"


def by_reason(landings: Iterable[Landing]) -> list[tuple[Reason, list[Landing]]]:
    """The refused landings of each reason, in the order of reasons."""
    refused = [(landing.refusal.reason, landing) for landing in landings if landing.refusal]
    groups = ((reason, [landing for its, landing in refused if its is reason]) for reason in Reason)
    return [(reason, group) for reason, group in groups if group]


def _start(trial: Trial) -> Iterator[Line]:
    yield "", ""
    if trial.begun:
        yield "bold", "It has begun"
        yield "", "  .gitwarrant/ is here already. What its own rules say: gitwarrant verify"
        return
    yield "bold", "Start here"
    if trial.start is None:
        yield "", "  No folder with plain manifests was found to guess from: gitwarrant init --help"
        return
    yield from _guessed(trial.start)


def _guessed(start: Start) -> Iterator[Line]:
    for command in start.command:
        yield "good", f"  {command}"
    yield "dim", f"  A guess: {start.why}."
    if start.hindered:
        folders = many(len(start.hindered), "folder")
        yield "warn", f"  {folders} in it a tool must render; gitwarrant refuses them until they are plain YAML."
