"""Say in words what verify finds about each landing of a change: every signature, rule and verdict.

The verdict itself is `landings.judge`'s, so an explanation never disagrees with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.commit import parse_commit
from gitwarrant.model.authorship import LandingProof
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.statement import StatementKind
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust import landings
from gitwarrant.trust.authors import Signed, Unproven
from gitwarrant.trust.case import Case
from gitwarrant.trust.cases import Inquiry, open_cases
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import writes_as
from gitwarrant.trust.tallies import Tally, tallies
from gitwarrant.trust.verify import concluded, outcome_of
from gitwarrant.trust.wording import able, named, some

MAX_TITLE = 72  # characters of a message's first line that are shown
SHOWN = 5  # commits of one key that are named


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a step of verify found. `holds` is None for what speaks neither for nor against."""

    step: str
    holds: bool | None
    text: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for a landing, and the persons who could still give it."""

    tally: Tally
    able: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """That nothing proves who wrote a landing, approvals aside, and who could say that they did."""

    able: tuple[str, ...]
    """Who may change all of it."""
    named: tuple[str, ...]
    """Those of them whose addresses the commits bear: a claim, good enough to ask them first."""


@dataclass(frozen=True, slots=True)
class Account:
    """One landing: what was found, what is asked, and why it is refused; None: it is not."""

    landing: CommitId
    title: str
    paths: tuple[str, ...]
    authors: tuple[str, ...]
    said: tuple[Said, ...]
    wanted: tuple[Wanted, ...]
    unclaimed: Unclaimed | None
    """None: it is known who wrote it, or the approvals that are asked will tell."""
    alone: bool
    """Only a statement about this landing alone counts: it changes who decides about others."""
    refusal: Refused | None

    @property
    def missing(self) -> tuple[Wanted, ...]:
        """What is still to be given."""
        return tuple(wanted for wanted in self.wanted if wanted.tally.missing)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All landings of a change; `refusal` is verify's verdict on the whole, None: it is proven."""

    change: Change
    accounts: tuple[Account, ...]
    refusal: Refused | None


def explain(
    change: Change,
    root: TrustRoot,
    policies: Mapping[CommitId, TrustPolicy],
    environment: Environment | None,
    *,
    witnessed: Witnessed,
    now: datetime,
    waived: bool = False,
) -> Explanation:
    """Explain a change; the arguments are those of `verify`. Never refuses.

    A change that does not hang together (steps 1 and 2) has no accounts, only its refusal.
    """
    inquiry = Inquiry(change, root, policies, environment, witnessed=witnessed, now=now, waived=waived)
    try:
        cases = open_cases(inquiry)
    except Refused as refusal:
        return Explanation(change, (), refusal)
    outcomes = tuple(map(outcome_of, cases))
    accounts = tuple(
        _account(landing.commit, _title(landing.commits[-1].raw, landing.commit), case, outcome)
        for landing, case, outcome in zip(change.landings, cases, outcomes, strict=True)
    )
    whole: Refused | None = None
    try:
        concluded(inquiry, outcomes)
    except Refused as refusal:
        whole = refusal
    return Explanation(change, accounts, whole)


def _account(commit: CommitId, title: str, case: Case | Refused, outcome: LandingProof | Refused) -> Account:
    if isinstance(case, Refused):
        lie = Said("3", holds=False, text=case.what, place=case.place)
        return Account(commit, title, (), (), (lie,), (), None, alone=False, refusal=case)
    refusal = outcome if isinstance(outcome, Refused) else None
    wanted = _wanted(case)
    unclaimed = _unclaimed(case, wanted) if refusal else None
    said = (*_signatures(case), *_entitlement(case), *_acceptance(case, wanted), *_roots(case))
    authors = case.writers | landings.entitled_claims(case)
    return Account(
        landing=commit,
        title=title,
        paths=case.paths,
        authors=tuple(sorted(authors)),
        said=said,
        wanted=wanted,
        unclaimed=unclaimed,
        alone=bool(case.owners_changed) or any(map(case.is_rooted, case.paths)),
        refusal=refusal,
    )


def _title(raw: bytes, commit: CommitId) -> str:
    line = parse_commit(raw, commit).message.decode().partition("\n")[0]
    return line if len(line) <= MAX_TITLE else f"{line[: MAX_TITLE - 1]}\N{HORIZONTAL ELLIPSIS}"


def _signatures(case: Case) -> Iterator[Said]:
    """Step 3: each commit's signature, key and identity; those of one key in one sentence."""
    by: dict[tuple[str, str], list[Signed]] = {}
    for commit in case.commits:
        if isinstance(commit, Signed):
            by.setdefault((commit.identity.name, commit.key.fingerprint), []).append(commit)
    for (name, fingerprint), commits in by.items():
        first = commits[0]
        kind = first.key.line.partition(" ")[0].partition(":")[0]
        who = f"the {first.identity.kind.value} {name}"
        text = f"{_commits(commits)} signed by {who}, with {fingerprint} ({kind})"
        yield Said("3", holds=True, text=text, place=first.identity.place)
    for commit in case.commits:
        if isinstance(commit, Unproven):
            yield Said("3", holds=None, text=f"{commit}: {_unproven(commit)}")


def _commits(commits: Sequence[Signed]) -> str:
    ids = " and ".join(short(commit.commit.id) for commit in commits[:SHOWN])
    more = f" and {len(commits) - SHOWN} more" if len(commits) > SHOWN else ""
    return f"commit {ids} is" if len(commits) == 1 else f"commits {ids}{more} are"


def _unproven(commit: Unproven) -> str:
    if commit.joins:
        return "it wrote nothing, for it joins its parents and adds nothing to them"
    return "it proves nothing about who wrote it"


def _entitlement(case: Case) -> Iterator[Said]:
    """Step 4: who may write these paths, and who stands for what no signature proves."""
    try:
        landings.check_writers(case)
    except Refused as refusal:
        yield Said("4", holds=False, text=_own_words(case, refusal), place=refusal.place)
        return
    for name in sorted(case.writers):
        yield Said("4", holds=True, text=f"{name} may change {some(case.paths)}")
    if not case.unproven:
        return
    claims = case.statements(StatementKind.AUTHOR)
    entitled = landings.entitled_claims(case)
    for name in sorted(claims):
        may = "may" if name in entitled else "may not"
        text = f"{name} says to be the author, and {may} change all of it"
        yield Said("4.3", holds=name in entitled, text=text)
    if not claims:
        yield Said("4.3", holds=None, text="nobody signed to be its author; one more approver can stand in")


def _unclaimed(case: Case, wanted: tuple[Wanted, ...]) -> Unclaimed | None:
    """Whether somebody has to say that they wrote it, beyond the approvals that are still asked."""
    if not case.unproven or landings.entitled_claims(case):
        return None
    approval_tells = case.signed and all(doubt.joins for doubt in case.unproven)
    if approval_tells and any(item.tally.missing for item in wanted):
        return None
    able = tuple(landings.entitled_persons(case))
    addresses = {parse_commit(doubt.commit.raw, doubt.commit.id).author.email for doubt in case.unproven}
    named = (name for name in able if _bears(case, name, addresses))
    return Unclaimed(able, tuple(named))


def _bears(case: Case, name: str, addresses: set[str]) -> bool:
    identity = case.registry.identity(name)
    return identity is not None and any(writes_as(identity, address) for address in addresses)


def _acceptance(case: Case, wanted: tuple[Wanted, ...]) -> Iterator[Said]:
    """Step 5: what is asked, who gave it, and which statements do not count."""
    for name, item in sorted(case.statements(StatementKind.APPROVE).items()):
        own = name in landings.authors_of(case)
        until = f"{item.statement.expires:%Y-%m-%d %H:%M}"
        tail = ", but is an author and does not count" if own else f" (until {until})"
        yield Said("5", holds=None if own else True, text=f"{name} approved{tail}")
    for review in case.reviews:
        yield Said("5.3", holds=None, text=f"{review.review}: approved what landed, for rules that trust it")
    for ignored in case.ignored:
        yield Said("5", holds=None, text=str(ignored))
    for ask in wanted:
        tally = ask.tally
        given = f"{len(tally.by)} of {tally.needed}" if tally.needed else "no"
        text = f"{tally.asker} needs approvals of {named(tally.groups)}: {given}"
        yield Said("5", holds=not tally.missing, text=text, place=tally.place)


def _wanted(case: Case) -> tuple[Wanted, ...]:
    authors = landings.authors_of(case)
    try:
        asked = tallies(case, authors=authors)
    except Refused:
        return ()  # no rule covers a path: the refusal says so
    return tuple(Wanted(tally, tuple(able(case, tally.groups, authors | set(tally.by)))) for tally in asked)


def _roots(case: Case) -> Iterator[Said]:
    """Step 6: the root's consent to a change of the rules."""
    if not any(case.is_rooted(path) for path in case.paths):
        return
    holders = landings.consenting(case)
    text = f"it changes the rules: {len(holders)} of {case.root_threshold} root holders consented"
    yield Said("6", holds=len(holders) >= case.root_threshold, text=f"{text}: {', '.join(holders) or 'none'}")


def _own_words(case: Case, refusal: Refused) -> str:
    return refusal.what.removeprefix(f"landing {short(case.landing.commit)}: ")
