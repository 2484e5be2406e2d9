"""The landings of a window: who, how, signed by what, and what the rules would have said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.brought import Expired, brought
from gitwarrant.git.commit import ParsedCommit
from gitwarrant.git.commit import Person as Claimed
from gitwarrant.git.odd import Found, Odd, committed
from gitwarrant.git.past import End, Line, Past
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.trial.facts import (
    Commit,
    Hand,
    Kind,
    Landing,
    Person,
    Reason,
    Refusal,
    Signature,
)
from gitwarrant.pipeline.trial.people import People, Signed, is_forge, signed
from gitwarrant.pipeline.trial.rules import Evidence, refusal

Budget = Callable[[float], Expired]
"""For a share of the time that there is (0 to 1): whether it is used up."""
BROUGHT, MET, JUDGED = 0.3, 0.4, 0.6
"""Shares by which commits are found, people known, landings judged; the rest is for manifests."""
Progress = Callable[[str], None]
"""Told now and then what is being done."""


@dataclass(frozen=True, slots=True)
class History:
    """What the landings of a window show.

    `not_looked_at` counts landings that are in the window, were found, and
    were not judged because the time was used up.
    """

    tip: CommitId
    newest: datetime
    begin: datetime
    until: datetime
    end: End
    landings: tuple[Landing, ...]
    """Newest first."""
    people: tuple[Person, ...]
    """Who landed something, the most first."""
    not_looked_at: int

    @property
    def seen_from(self) -> datetime:
        """When the time begins that was really looked at."""
        whole = self.end in (End.WINDOW, End.FIRST) and not self.not_looked_at
        return self.begin if whole else min((one.time for one in self.landings), default=self.until)

    @property
    def odd(self) -> tuple[Commit, ...]:
        """The commits that git accepts and gitwarrant would refuse."""
        return tuple(commit for landing in self.landings for commit in landing.commits if commit.odd)


def history(past: Past, line: Line, now: datetime, budget: Budget, progress: Progress) -> History:
    """Look at the landings of a line, newest first, as long as there is time."""
    progress(f"{len(line.landings):,} landings")
    commits = brought(past.read, line.landings, budget(BROUGHT))
    if commits is None:  # what a merge brought is not known then; what was pushed is
        commits = {one.id: (one,) for one in line.landings if len(one.parents) == 1}
    reading = _Reading(past, now)
    landings: list[Landing] = []
    met: list[Found] = []
    for found in line.landings:
        if found.id in commits and not budget(MET)():
            reading.meet(commits[found.id])
            met.append(found)
    for count, found in enumerate(met, 1):
        if budget(JUDGED)():
            break
        landings.append(reading.landing(commits[found.id]))
        if count % 50 == 0:
            progress(f"{count:,} of {len(line.landings):,} landings")
    return History(
        tip=line.tip.id,
        newest=line.newest,
        begin=line.begin,
        until=line.until,
        end=line.end,
        landings=tuple(landings),
        people=_people(landings, reading.people),
        not_looked_at=len(line.landings) - len(landings),
    )


class _Reading:
    """Meets everybody first, then judges landing by landing: who is who depends on all commits."""

    def __init__(self, past: Past, now: datetime) -> None:
        self.people = People()
        self._past, self._now = past, now

    def meet(self, found: Sequence[Found]) -> None:
        for commit in found:
            if commit.author and not is_forge(commit.author):
                self.people.meet(commit.author)
            if commit.committer and not is_forge(commit.committer):
                under = _signed(commit)
                self.people.meet(commit.committer, under.key if under.signature is Signature.PERSON else None)

    def landing(self, found: Sequence[Found]) -> Landing:
        own = found[-1]
        commits = tuple(map(self._commit, found))
        kind, lander = self._landed(own)
        merges = {commit.id for commit in found if len(commit.parents) > 1}
        written = [commit for commit in commits if commit.id not in merges] or commits[-1:]
        authors = tuple(dict.fromkeys(commit.author for commit in written if commit.author))
        known = all(commit.author for commit in written)
        hand = self._hand(lander, authors) if known else Hand.UNKNOWN
        paths, refused = self._judged(found, commits, hand)
        return Landing(
            commit=own.id,
            time=committed(own),
            kind=kind,
            lander=lander,
            authors=authors,
            hand=hand,
            signature=commits[-1].signature,
            commits=commits,
            paths=paths,
            refusal=refused,
        )

    def _commit(self, found: Found) -> Commit:
        odd, under = found.reason if isinstance(found, Odd) else "", _signed(found)
        key = under.key.fingerprint if under.key else ""
        author, committer = self._name(found.author), self._name(found.committer)
        return Commit(found.id, author, committer, under.signature, key, odd)

    def _name(self, person: Claimed | None) -> str:
        """Who is meant; empty: the forge, or nobody who can be read."""
        return "" if person is None or is_forge(person) else self.people.name(person)

    def _landed(self, own: Found) -> tuple[Kind, str]:
        """How a landing came, and who landed it: the forge writes who merged as the merge's author."""
        merge = len(own.parents) > 1
        if own.committer is None or not is_forge(own.committer):
            return Kind.MERGE if merge else Kind.PUSH, self._name(own.committer)
        return (Kind.MERGE, self._name(own.author)) if merge else (Kind.FORGE, "")

    def _hand(self, lander: str, authors: Sequence[str]) -> Hand:
        if not lander:
            return Hand.UNKNOWN
        if lander not in authors:
            return Hand.ROBOT if self.people.is_robot(lander) else Hand.OTHER
        return Hand.ALONE if len(authors) == 1 else Hand.SHARED

    def _judged(
        self, found: Sequence[Found], commits: Sequence[Commit], hand: Hand
    ) -> tuple[tuple[str, ...], Refusal | None]:
        try:
            changes = self._past.changes(found[-1])
        except Refused as refused:
            return (), Refusal(Reason.NOT_READ, refused.what)
        paths = tuple(change.path for change in changes)
        evidence = Evidence(found, changes, commits, hand)
        return paths, _unread(found) or refusal(self._past, evidence, self.people, self._now)


def _signed(commit: Found) -> Signed:
    return Signed(Signature.UNREAD) if isinstance(commit, Odd) else signed(commit)


def _unread(found: Sequence[Found]) -> Refusal | None:
    """What fetch refuses before verify is asked."""
    for commit in found:
        if not isinstance(commit, ParsedCommit):
            return Refusal(Reason.NOT_READ, f"commit {commit.id[:12]} is malformed: {commit.reason}")
        if len(commit.parents) > 2:
            what = f"commit {commit.id[:12]} joins {len(commit.parents)} parents (an octopus merge)"
            return Refusal(Reason.NOT_READ, what)
    return None


def _people(landings: Sequence[Landing], people: People) -> tuple[Person, ...]:
    """Who landed something, the most first."""
    landed: Mapping[str, list[Landing]] = {
        name: [landing for landing in landings if landing.lander == name]
        for name in dict.fromkeys(landing.lander for landing in landings if landing.lander)
    }
    found = [
        Person(
            name=name,
            addresses=people.addresses(name),
            keys=tuple(key.fingerprint for key in people.keys(name)),
            robot=people.is_robot(name),
            landed=len(theirs),
            alone=sum(landing.hand is Hand.ALONE for landing in theirs),
        )
        for name, theirs in landed.items()
    ]
    return tuple(sorted(found, key=lambda person: (-person.landed, person.name)))
