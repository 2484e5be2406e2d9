"""What `gitwarrant drift` says of objects, differences and rules."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.environment import DriftMode, Environment
from gitwarrant.model.live import (
    SHIPPED,
    Drift,
    DriftKind,
    Explained,
    Health,
    JudgedField,
    Observation,
    Writer,
)
from gitwarrant.pipeline.excuses import RuleInForce
from gitwarrant.plan.proposal import Proposal
from gitwarrant.plan.text import difference_lines, field_name

WHAT_FOLLOWS: Final = {
    DriftMode.REPORT: "the agent reports drift, and changes nothing",
    DriftMode.REVERT: "the agent puts drift back; never what nobody declared or what the server itself does",
    DriftMode.PROPOSE: "the agent reports drift with a change of the repository that would adopt it",
}


def say_drift(drift: Drift, *, reverted: bool, terminal: Terminal) -> None:
    """One object that is not as it was warranted, field by field."""
    by = f" by {', '.join(drift.managers)}" if drift.managers else ""
    note = f"  ({drift.note})" if drift.note else ""
    end = "  put back" if reverted else ""
    terminal.say(f"{drift.kind.value}{by}: {drift.key}{note}{end}", "bold")
    for style, text in difference_lines(drift.differences, {}):
        terminal.say(text, style)


def say_explained(explained: Sequence[Explained], terminal: Terminal) -> None:
    """Every difference of every object, with who wrote it and which rule lets it be."""
    terminal.say("")
    terminal.say(
        "every difference from the baselines:" if explained else "no difference from the baselines", "bold"
    )
    for item in explained:
        terminal.say(f"  {item.key}")
        for field in item.fields:
            _say_field(field, terminal)


def _say_field(field: JudgedField, terminal: Terminal) -> None:
    excuse = field.excuse
    name = field_name(field.difference, {}) if field.difference.pointer else "nobody declared it"
    verdict, style = ("drift", "warn") if excuse is None else ("let be", "dim")
    terminal.say(f"    {verdict:<7} {name}", style)
    if excuse is not None:
        terminal.say(f"            {excuse.reason}  ({excuse.rule}; {excuse.place})", "dim")
    for writer in field.writers:
        terminal.say(f"            {_written(writer)}", "dim")


def _written(writer: Writer) -> str:
    how = f"{writer.operation} through {writer.subresource}" if writer.subresource else writer.operation
    return f"written by {writer.manager or '(no name)'} ({how}), last at {writer.time or '?'}"


def say_rules(
    rules: Iterable[RuleInForce], environment: Environment, kinds: Collection[str], terminal: Terminal
) -> None:
    """The rules in force: all that are configured, and the shipped ones about kinds that are there."""
    terminal.say("")
    terminal.say("rules that let a difference be:", "bold")
    for rule in rules:
        if rule.place != SHIPPED or rule.kind in kinds:
            terminal.say(f"  {rule.rule}  ({rule.place})")
            for line in (rule.reason, *rule.conditions, *([f"forged: {rule.gain}"] if rule.gain else [])):
                terminal.say(f"      {line}", "dim")
    terminal.say("")
    terminal.say(f"mode {environment.drift.value}: {WHAT_FOLLOWS[environment.drift]}")


def say_proposal(proposal: Proposal, file: str | None, terminal: Terminal) -> None:
    """The patch, or where it was written; and what it leaves out."""
    terminal.say("")
    for reason in proposal.left:
        terminal.say(f"not in the patch: {reason}", "warn")
    if not proposal.patch:
        terminal.say("there is nothing to propose")
    elif file is None:
        for line in proposal.patch.splitlines():
            terminal.say(line, {"+": "add", "-": "remove", "@": "dim"}.get(line[:1], ""))
    else:
        with Path(file).open("x", encoding="utf-8") as patch:
            patch.write(proposal.patch)
        terminal.say(f"the patch is in {file}: git apply {file}, then have it reviewed like any change")


def say_sums(seen: Observation, terminal: Terminal) -> None:
    """How many objects drifted, and what is not healthy."""
    sick = [item for item in seen.health if item.health is not Health.HEALTHY]
    for item in sick:
        terminal.say(f"{item.health.value:<12} {item.key}  {item.reason}", "warn")
    healthy = f"{len(seen.health) - len(sick)} of {len(seen.health)} objects are healthy"
    strangers = sum(drift.kind is DriftKind.UNDECLARED for drift in seen.drifts)
    beside = f"; {strangers} that nobody declared" if strangers else ""
    if seen.drifts:
        drifted = len(seen.drifts) - strangers
        terminal.say(f"{drifted} objects drifted, {len(seen.reverted)} put back{beside}; {healthy}", "warn")
    else:
        terminal.say(f"as warranted; {healthy}", "good")
