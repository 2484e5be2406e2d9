"""What stops an environment, and the shortest legitimate way on: who does what, by name and command."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitwarrant.model.change import Change
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.doors import check_doors
from gitwarrant.pipeline.judge import everywhere
from gitwarrant.pipeline.question import Judgement, Question
from gitwarrant.trust.explain import Account, Explanation, Wanted, explain
from gitwarrant.trust.landings import named


@dataclass(frozen=True, slots=True)
class Step:
    """One thing somebody does. Without `who`: whoever can."""

    who: tuple[str, ...]
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Blockage:
    """All that stops one candidate; nothing: the gates up to plan let it pass, and no door is closed."""

    environment: str
    change: Change
    refusals: tuple[Refused, ...]
    steps: tuple[Step, ...]
    explanation: Explanation


def blockage(judgement: Judgement) -> Blockage:
    """From everything the gates said to what has to be done."""
    question = judgement.question
    found = _explained(question)
    refusals = (*judgement.refusals, *_doors(question))
    steps: list[Step] = []
    if any(refusal.stage == "verify" for refusal in refusals):
        steps += _proving(question.change, question.environment, found)
    steps += [_mending(refusal) for refusal in refusals if refusal.stage != "verify"]
    return Blockage(question.environment.name, question.change, refusals, tuple(steps), found)


def _doors(question: Question) -> tuple[Refused, ...]:
    """What is closed at this moment."""
    try:
        check_doors(question)
    except Refused as refusal:
        return (refusal,)
    return ()


def _explained(question: Question) -> Explanation:
    return explain(
        question.change,
        question.root,
        everywhere(question.change, question.policy),
        question.environment,
        witnessed=question.witnessed,
        now=question.now,
    )


def _proving(change: Change, environment: Environment, found: Explanation) -> Iterator[Step]:
    """What is missing to prove the change: the fewest persons that can give it, then what they cannot."""
    wanted = [item for account in found.accounts for item in account.missing]
    command = f"gitwarrant approve {change.head[:12]} --base {change.base[:12]} --ref {change.ref}"
    if environment.approval_required:
        command += f" --environment {environment.name}"
    people, impossible = fewest(wanted)
    if people:
        titles = ", ".join(dict.fromkeys(account.title for account in found.accounts if account.missing))
        yield Step(people, command, f"each approves: {titles}")
    for item in impossible:
        groups = named(item.tally.groups)
        what = f"add {item.tally.missing} more to {groups} on the trust ref, who then runs: {command}"
        yield Step((), what, f"{item.tally.asker} needs {item.tally.needed} of {groups} ({item.tally.place})")
    others = [account for account in found.accounts if account.refusal and not account.missing]
    yield from map(_otherwise, others)
    if found.refusal and not any(account.refusal for account in found.accounts):
        yield _mending(found.refusal)


def fewest(wanted: Sequence[Wanted]) -> tuple[tuple[str, ...], tuple[Wanted, ...]]:
    """Persons who together can give all that is missing, and what no persons can.

    Greedy: whoever can give most comes first; among equals the first by name.
    """
    left = {index: item.tally.missing for index, item in enumerate(wanted)}
    possible = {index for index, item in enumerate(wanted) if len(item.able) >= item.tally.missing}
    impossible = tuple(item for index, item in enumerate(wanted) if index not in possible)
    people: list[str] = []
    able = {name for index in possible for name in wanted[index].able}
    while any(left[index] for index in possible):

        def gives(name: str) -> int:
            return sum(1 for index in possible if left[index] and name in wanted[index].able)

        best = min(sorted(able - set(people)), key=lambda name: -gives(name))
        people.append(best)
        for index in possible:
            if left[index] and best in wanted[index].able:
                left[index] -= 1
    return tuple(people), impossible


def _otherwise(account: Account) -> Step:
    refusal = account.refusal
    if refusal is None:
        raise ValueError("an account that is asked about here was refused")
    return Step((), refusal.remedy, refusal.what)


def _mending(refusal: Refused) -> Step:
    where = f"{refusal.place}: " if refusal.place else ""
    return Step((), refusal.remedy, f"{refusal.stage}: {where}{refusal.what}")
