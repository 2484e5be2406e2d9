"""`gitwarrant plan`: the plan of a change like a diff, and what each gate says to it."""

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gitwarrant.cli.configured import agent, git_folder, missing_statements, now, working
from gitwarrant.cli.power_words import change_data, change_lines
from gitwarrant.cli.revisions import base_of, commit_of
from gitwarrant.cli.terminal import Terminal, describe
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import plain
from gitwarrant.model.plan import Plan
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.local import judged, look, proposed, question
from gitwarrant.pipeline.power import power_of
from gitwarrant.pipeline.question import Judgement
from gitwarrant.plan.text import lines


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Judge, show the plan and every refusal."""
    if arguments.fetched or arguments.cluster or git_folder(Path.cwd()) is None:
        judgement, plan = _fetched(arguments)
        hint = ""
    else:
        clone = Clone.around(Path.cwd())
        judgement = _local(clone, arguments, terminal)
        plan, hint = judgement.plan, missing_statements(clone)
    show(judgement, plan, terminal)
    if hint and any(refusal.stage == "verify" for refusal in judgement.refusals):
        terminal.note(hint)
    return 1 if judgement.refusals else 0


def show(
    judgement: Judgement, plan: Plan | None, terminal: Terminal, *, unsaid: Collection[str] = ()
) -> None:
    """The plan like a diff, then what each gate says, but for stages that are left unsaid."""
    terminal.result(as_data(judgement, plan))
    say(judgement, plan, terminal, unsaid=unsaid)


def as_data(judgement: Judgement, plan: Plan | None) -> dict[str, Any]:
    """The plan and every refusal, for programs."""
    refusals = [describe(refusal) for refusal in judgement.refusals]
    moved = power_of(judgement)
    return {
        "plan": plain(plan) if plan else None,
        "power": change_data(moved) if moved else None,
        "refusals": refusals,
    }


def say(judgement: Judgement, plan: Plan | None, terminal: Terminal, *, unsaid: Collection[str] = ()) -> None:
    """The same for people."""
    if plan:
        for style, text in lines(plan):
            terminal.say(text, style)
        _say_power(judgement, terminal)
        terminal.say()
    for stage, verdict in verdicts(judgement):
        if stage in unsaid:
            continue
        refused = [refusal for refusal in judgement.refusals if refusal.stage == stage]
        terminal.say(f"{stage:<8} {terminal.style(verdict, 'bad' if refused else 'good')}")
        for refusal in refused:
            where = f"{refusal.place}: " if refusal.place else ""
            terminal.say(f"           {where}{refusal.what}")
            terminal.say(f"           remedy: {refusal.remedy}", "dim")


def _say_power(judgement: Judgement, terminal: Terminal) -> None:
    moved = power_of(judgement)
    if moved and (moved.added or moved.removed):
        terminal.say("power", "bold")
        for style, text in change_lines(moved):
            terminal.say(f"  {text}", style)


def verdicts(judgement: Judgement) -> list[tuple[str, str]]:
    """Each stage in order, with its verdict in a few words."""
    refused = {refusal.stage for refusal in judgement.refusals}
    authorship, report = judgement.authorship, judgement.report
    people = sorted(
        {name for landing in authorship.landings for name in landing.authors} if authorship else ()
    )
    said = {
        "fetch": "",  # heard of only where it refuses: a file of the revision that is too large, say
        "verify": f"proven: {', '.join(people) or 'nothing new'}",
        "render": _counted(len(judgement.rendered)) if judgement.rendered else "",
        "check": f"passed, {len(report.findings)} findings below the threshold" if report else "",
        "plan": "within bounds" if judgement.plan else "",
    }
    done = [(stage, "refused" if stage in refused else text) for stage, text in said.items()]
    return [(stage, text) for stage, text in done if text]


def _counted(objects: int) -> str:
    return f"{objects} object{'' if objects == 1 else 's'}"


def _local(clone: Clone, arguments: argparse.Namespace, terminal: Terminal) -> Judgement:
    view = look(clone, agent(arguments), now=now())
    environment = view.trusted.environment(arguments.environment)
    base = base_of(view, arguments.base, terminal)
    change = proposed(view, environment.ref, commit_of(view, arguments.revision, terminal), base)
    return judged(view, question(view, environment, change, now=now()))


def _fetched(arguments: argparse.Namespace) -> tuple[Judgement, Plan | None]:
    with working(arguments) as work:
        judgement = examine(work, candidate(work, arguments.environment))
        if not arguments.cluster or judgement.plan is None:
            return judgement, judgement.plan
        from gitwarrant.cli.reaching import refined  # noqa: PLC0415 - needs the extra 'cluster'

        return judgement, refined(work, judgement)
