"""What stops an environment, and the shortest legitimate way on: who does what, by name and command."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import groupby

from gitwarrant.model.change import Change
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.doors import check_doors
from gitwarrant.pipeline.judge import everywhere
from gitwarrant.pipeline.question import Judgement, Question
from gitwarrant.trust.chain import short
from gitwarrant.trust.explain import Account, Explanation, Wanted, explain
from gitwarrant.trust.wording import named


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
        waived=question.waived,
    )


def _proving(change: Change, environment: Environment, found: Explanation) -> Iterator[Step]:
    """What is missing to prove the change: authors, the fewest persons who can approve, the rest."""
    claimed: set[str] = set()
    for first, last in _runs(found.accounts):
        step = _claiming(change, found.accounts, first, last)
        claimed.update(step.who)
        yield step
    yield from _accepting(change, environment, found, claimed)
    others = [
        account
        for account in found.accounts
        if account.refusal and not account.missing and not account.unclaimed
    ]
    yield from map(_otherwise, others)
    if found.refusal and not any(account.refusal for account in found.accounts):
        yield _mending(found.refusal)


def _runs(accounts: Sequence[Account]) -> Iterator[tuple[int, int]]:
    """Landings in a row, from first to last, whose author the same persons could be."""
    places = [place for place, account in enumerate(accounts) if account.unclaimed]
    for first, last in spans(accounts, places):
        for _, group in groupby(range(first, last + 1), key=lambda place: accounts[place].unclaimed):
            same = list(group)
            if accounts[same[0]].unclaimed:
                yield same[0], same[-1]


def spans(accounts: Sequence[Account], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The fewest intervals, from first to last, that hold these landings and one statement each can cover."""
    start = end = -1
    for place in places:
        if start >= 0 and any(account.alone for account in accounts[start : place + 1]):
            yield start, end
            start = -1
        start, end = (place if start < 0 else start), place
    if start >= 0:
        yield start, end


def _claiming(change: Change, accounts: Sequence[Account], first: int, last: int) -> Step:
    """That an author says so; the one whose address the commits bear, else whoever it was."""
    unclaimed = accounts[first].unclaimed
    if unclaimed is None:
        raise ValueError("a landing that is asked about here has no author")
    what = f"gitwarrant propose {_interval(change, first, last)}"
    titles = _titles(accounts[first : last + 1])
    if unclaimed.named:
        return Step(unclaimed.named[:1], what, f"says to have written what no signature proves: {titles}")
    who = f"whoever wrote it ({' or '.join(unclaimed.able) or 'nobody here may'})"
    return Step((), f"{who}: {what}", f"no signature proves who wrote: {titles}")


def _accepting(
    change: Change, environment: Environment, found: Explanation, claimed: AbstractSet[str]
) -> Iterator[Step]:
    """The approvals that are missing; an author gives none."""
    lacking = [place for place, account in enumerate(found.accounts) if account.missing]
    for first, last in spans(found.accounts, lacking):
        command = f"gitwarrant approve {_interval(change, first, last)}"
        if environment.approval_required:
            command += f" --environment {environment.name}"
        accounts = [account for account in found.accounts[first : last + 1] if account.missing]
        yield from _approving(accounts, command, claimed)


def _approving(accounts: Sequence[Account], command: str, claimed: AbstractSet[str]) -> Iterator[Step]:
    """Who approves these landings by one command, and whom nobody can be found for."""
    wanted = [
        replace(item, able=tuple(name for name in item.able if name not in claimed))
        for account in accounts
        for item in account.missing
    ]
    people, impossible = fewest(wanted)
    if people:
        yield Step(
            people, command, f"{'approves' if len(people) == 1 else 'each approves'}: {_titles(accounts)}"
        )
    for item in impossible:
        groups = named(item.tally.groups)
        what = f"add {item.tally.missing} more to {groups} on the trust ref, who then runs: {command}"
        yield Step((), what, f"{item.tally.asker} needs {item.tally.needed} of {groups} ({item.tally.place})")


def _interval(change: Change, first: int, last: int) -> str:
    """Landings from first to last, as arguments of `propose` and `approve`."""
    base, head = change.landings[first].parent, change.landings[last].commit
    return f"{short(head)} --base {short(base)} --ref {change.ref}"


def _titles(accounts: Iterable[Account]) -> str:
    return ", ".join(dict.fromkeys(f"{account.title!r}" for account in accounts))


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
