"""The lists behind a trial's numbers."""

from collections.abc import Iterator

from gitwarrant.pipeline.trial.facts import Landing
from gitwarrant.pipeline.trial.lines import Line
from gitwarrant.pipeline.trial.trial import Trial


def details(trial: Trial) -> Iterator[Line]:
    """Every person, landing, odd commit, finding, and file that was not judged."""
    yield from _people(trial)
    yield from _landings(trial.history.landings)
    yield from _listed("Commits that git accepts and gitwarrant would refuse", _odd(trial))
    yield from _listed("Findings", _findings(trial))
    yield from _listed("Not judged", _not_judged(trial))


def _listed(title: str, lines: Iterator[str]) -> Iterator[Line]:
    found = list(lines)
    if found:
        yield "", ""
        yield "bold", title
        yield from (("", f"  {line}") for line in found)


def _people(trial: Trial) -> Iterator[Line]:
    lines = (
        f"{person.name}{' (bot)' if person.robot else ''}: {', '.join((*person.addresses, *person.keys))}"
        for person in trial.history.people
    )
    yield from _listed("Who landed something: addresses and SSH keys", lines)


def _landings(landings: tuple[Landing, ...]) -> Iterator[Line]:
    if landings:
        yield "", ""
        yield "bold", "Landings, the newest first"
    for landing in landings:
        who = landing.lander or "nobody named"
        yield "", f"  {landing.commit[:12]} {landing.time:%Y-%m-%d} {landing.kind.value}, by {who}"
        written = ", ".join(landing.authors) or "somebody not known"
        commits, paths = len(landing.commits), len(landing.paths)
        yield "dim", f"    written by {written}; {commits} commits, {paths} paths; {landing.signature.value}"
        yield "dim", f"    {landing.refusal.said if landing.refusal else 'would have passed'}"


def _odd(trial: Trial) -> Iterator[str]:
    return (f"{commit.id[:12]}: {commit.odd}" for commit in trial.history.odd)


def _findings(trial: Trial) -> Iterator[str]:
    for one in trial.manifests.findings:
        yield f"{one.place}: {one.severity.value} {one.rule}: {one.message}"


def _not_judged(trial: Trial) -> Iterator[str]:
    found = trial.manifests
    for made in found.unrendered:
        yield f"{made.folder or '.'}: made by {made.tool}, files: {made.files}"
    for unjudged in found.unjudged:
        yield f"{unjudged.place}: {unjudged.rule}: {unjudged.reason}"
    for unreadable in found.unreadable:
        yield f"{unreadable.place}: {unreadable.what}"
    for left in found.left_out:
        yield f"{left.path}: {left.reason}"
