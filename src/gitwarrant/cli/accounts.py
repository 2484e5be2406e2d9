"""Show what verify found about each landing, to people and to programs."""

from collections.abc import Iterable, Sequence
from typing import Any

from gitwarrant.cli.terminal import Terminal, describe
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import Refused
from gitwarrant.trust.explain import Account, Explanation, Said, Wanted
from gitwarrant.trust.tallies import Tally
from gitwarrant.trust.wording import named, some

STEPS = {
    "3": "signature",
    "4": "may write",
    "4.3": "author",
    "5": "accepted",
    "5.3": "review",
    "6": "root",
}
"""The steps of verify, in a word each."""
MARKS = {True: ("ok", "good"), False: ("no", "bad"), None: ("--", "dim")}


def tell(explanation: Explanation, terminal: Terminal) -> None:
    """Each landing with every rule, signature and verdict in words."""
    for account in explanation.accounts:
        _heading(account, terminal)
        for said in account.said:
            _tell_said(said, terminal)
        if account.refusal:
            _tell_refusal(account.refusal, terminal, "  ")
    _tell_whole(explanation, terminal)


def tell_approvals(explanation: Explanation, terminal: Terminal) -> None:
    """Each landing with who approved, who is missing, and why a statement does not count."""
    for account in explanation.accounts:
        _heading(account, terminal)
        asked = [wanted for wanted in account.wanted if wanted.tally.needed]
        for wanted in asked:
            tell_wanted(wanted, terminal)
        if not asked:
            terminal.say(f"  {account.refusal.what}" if account.refusal else "  asks for no approval")
        for said in account.said:
            if said.step.startswith(("4.3", "5")) and said.holds is None:
                terminal.say_wrapped(said.text, "  ", "dim")
    _tell_whole(explanation, terminal)


def tell_wanted(wanted: Wanted, terminal: Terminal) -> None:
    """One thing that is asked: by whom, how much of it is there, and who could give the rest."""
    tally = wanted.tally
    state = "enough" if not tally.missing else f"{tally.missing} missing"
    by = ", ".join(tally.by) or "nobody"
    asked = f"{tally.needed} of {named(tally.groups)}"
    style = "good" if not tally.missing else "warn"
    terminal.say(f"  {terminal.style(f'{state:<10}', style)} {_subject(tally)}: {asked}; so far {by}")
    if tally.missing:
        able = ", ".join(wanted.able) or "nobody else: somebody must be added on the trust ref"
        terminal.say(f"             could give it: {able}   ({tally.place})", "dim")


def _subject(tally: Tally) -> str:
    """What needs the approvals: some paths, and the environment where it asks beyond the rules."""
    paths = some(tally.paths)
    return paths if tally.asker == f"{tally.paths[0]!r}" else f"{paths} in {tally.asker}"


def data(explanation: Explanation) -> dict[str, Any]:
    """An explanation as JSON data."""
    return {
        "repository": explanation.change.repository,
        "ref": explanation.change.ref,
        "base": explanation.change.base,
        "head": explanation.change.head,
        "landings": [_account_data(account) for account in explanation.accounts],
        "refusal": describe(explanation.refusal) if explanation.refusal else None,
    }


def wanted_data(wanted: Iterable[Wanted]) -> list[dict[str, Any]]:
    """What is asked, as JSON data."""
    return [
        {**_tagless(item.tally), "missing": item.tally.missing, "could_give": list(item.able)}
        for item in wanted
    ]


def _account_data(account: Account) -> dict[str, Any]:
    return {
        "landing": account.landing,
        "title": account.title,
        "paths": list(account.paths),
        "authors": list(account.authors),
        "said": [_tagless(said) for said in account.said],
        "approvals": wanted_data(account.wanted),
        "refusal": describe(account.refusal) if account.refusal else None,
    }


def _tagless(value: object) -> dict[str, Any]:
    return {name: item for name, item in plain(value).items() if name != "is"}


def _heading(account: Account, terminal: Terminal) -> None:
    verdict = terminal.style("refused", "bad") if account.refusal else terminal.style("proven", "good")
    by = f" by {', '.join(account.authors)}" if account.authors else ""
    terminal.say(f"{verdict}  {account.landing[:12]}{by}  {account.title}")


def _tell_said(said: Said, terminal: Terminal) -> None:
    mark, style = MARKS[said.holds]
    where = f"   ({said.place})" if said.place and said.place.path else ""
    begin = f"  {terminal.style(mark, style)}  {STEPS[said.step]:<9}  "
    terminal.say_wrapped(f"{said.text}{where}", begin)


def _tell_refusal(refusal: Refused, terminal: Terminal, margin: str = "") -> None:
    terminal.say_wrapped(refusal.what, f"{margin}{terminal.style('refused', 'bad')}: ")
    terminal.say_wrapped(refusal.remedy, f"{margin}{terminal.style('remedy', 'bold')}:  ")


def _tell_whole(explanation: Explanation, terminal: Terminal) -> None:
    """What is wrong with the change as a whole, where no landing said it already."""
    refusal = explanation.refusal
    known: Sequence[str] = [account.refusal.what for account in explanation.accounts if account.refusal]
    if refusal and not any(refusal.what.startswith(what) for what in known):
        _tell_refusal(refusal, terminal)
    if not explanation.accounts and refusal is None:
        terminal.say(f"{explanation.change.ref} has nothing new there", "dim")
