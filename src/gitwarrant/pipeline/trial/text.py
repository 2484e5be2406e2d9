"""A trial for people: one screen, in the order in which somebody new asks."""

from collections import Counter
from collections.abc import Iterator

from gitwarrant.git.past import End
from gitwarrant.pipeline.trial.judged import judged
from gitwarrant.pipeline.trial.landed import people, refused, ways
from gitwarrant.pipeline.trial.lines import Line, cut, headed, many, said
from gitwarrant.pipeline.trial.start import Start
from gitwarrant.pipeline.trial.trial import Trial

NEXT = "Read from commits alone; nothing was changed. --details lists all of it, --output json with commits."


def summary(trial: Trial) -> Iterator[Line]:
    """One screen about a trial."""
    history = trial.history
    yield from _title(trial)
    if history.landings:
        yield from people(history)
        yield from ways(history, trial.owners)
    yield from judged(trial.manifests)
    if history.landings:
        yield from refused(history)
    yield from _start(trial)
    yield "", ""
    yield "dim", NEXT


def _title(trial: Trial) -> Iterator[Line]:
    history = trial.history
    begin, until = f"{history.seen_from:%Y-%m-%d}", f"{history.until:%Y-%m-%d}"
    seen = many(len(history.landings), "landing")
    yield "bold", f"{trial.repository}, branch {trial.branch}: {seen} from {begin} to {until}"
    if history.until == history.newest:
        yield "dim", "  Nothing newer has landed, so the time looked at ends with the newest landing."
    for note in notes(trial):
        yield from said(note, "warn")


def notes(trial: Trial) -> Iterator[str]:
    """What is missing in the picture; nothing that was not looked at passes in silence."""
    history = trial.history
    if history.end in (End.CUT, End.MISSING, End.LIMIT, End.TIME):
        remedy = " The rest: git fetch --unshallow" if history.end is End.CUT else ""
        yield f"Older landings are not in these numbers: {history.end.value}.{remedy}"
    if history.not_looked_at:
        left = many(history.not_looked_at, "landing")
        yield f"{left} not looked at: too little time (--seconds), or too many commits."
    if history.odd:
        reasons = Counter(commit.odd for commit in history.odd)
        said_why = "; ".join(f"{count} because {reason}" for reason, count in reasons.most_common(3))
        counted = many(len(history.odd), "commit")
        yield f"{counted} that git accepts and gitwarrant would refuse: {said_why}."
    for bend in trial.bends:
        yield f"Read as the commits themselves say, where a deploy would refuse this clone. {bend}."
    if not history.landings and history.end is End.FIRST:
        yield "There is one commit only, so nothing has landed on it yet."


def _start(trial: Trial) -> Iterator[Line]:
    if trial.begun:
        yield from headed("It has begun")
        yield from said(".gitwarrant/ is here already. What its own rules say: gitwarrant verify")
        return
    yield from headed("Start here")
    if trial.start is None:
        yield from said("No folder with plain manifests was found to guess from: gitwarrant init --help")
        return
    yield from _guessed(trial.start)


def _guessed(start: Start) -> Iterator[Line]:
    for command in start.command:
        yield "good", f"  {command}"
    yield from said(f"A guess: {start.why}.", "dim")
    if start.hindered:
        folders = many(len(start.hindered), "folder")
        yield cut(
            f"  {folders} in it a tool must render, which gitwarrant refuses until they are plain YAML.",
            "warn",
        )
