"""What the rules would have said about a landing, had they been in force.

The rules are those that `init` writes, with the one line that they recommend
as soon as there are two people (`approvals: 1`). Everybody whom the landing
names counts as known, with every SSH key he really signed with: the best case.
The verdict is verify's own. Its reason is found beside it, so that equal ones
can be counted.

Not asked here: what a merge edits by itself, which no verdict without
statements depends on; the consent of root holders, who do not exist yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.git.odd import Found
from gitwarrant.git.past import Past
from gitwarrant.model.change import Change, Commit, CommitId, Landing, PathChange
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import PathRule, TrustPolicy, TrustRoot
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.trial import facts
from gitwarrant.pipeline.trial.facts import Hand, Reason, Refusal, Signature
from gitwarrant.pipeline.trial.people import TEAM, People
from gitwarrant.trust.verify import verify

REPOSITORY, REF = "this/repository", "refs/heads/main"
RULES = (PathRule("*", frozenset([TEAM]), 1, frozenset(), Place(".gitwarrant/rules.yaml", 4, 3)),)
"""As `config.starter` writes them, and one approval; a test compares."""
ROOT = TrustRoot(REPOSITORY, "", "refs/heads/rules-are-elsewhere", CommitId("0" * 40), (), 1)
LIFETIME = timedelta(days=180)
BY_SIGNATURE = {
    Signature.NONE: Reason.UNSIGNED,
    Signature.UNCHECKED: Reason.UNCHECKED,
    Signature.FORGE: Reason.FORGE,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One landing as verify needs it, and what its commits show.

    `found` are its commits, parents first, itself last, all of them read
    strictly; `commits` what they show, in the same order.
    """

    found: Sequence[Found]
    changes: tuple[PathChange, ...]
    commits: Sequence[facts.Commit]
    hand: Hand


def refusal(past: Past, evidence: Evidence, people: People, now: datetime) -> Refusal | None:
    """Ask verify about one landing. None: it passes."""
    own = evidence.found[-1]
    parent = past.read(own.parents[0])
    if parent is None:
        raise ValueError("a landing has a parent that is here")
    raw = tuple(_raw(past, commit, evidence.changes if commit is own else ()) for commit in evidence.found)
    landing = Landing(own.id, parent.id, parent.tree, own.tree, raw, evidence.changes)
    change = Change(REPOSITORY, REF, parent.id, own.id, (landing,), ())
    policy = TrustPolicy(
        REPOSITORY, 1, now + LIFETIME, tuple(map(people.identity, _named(evidence.commits))), RULES
    )
    try:
        verify(change, ROOT, {own.id: policy}, None, witnessed=Witnessed(), now=now)
    except Refused as refused:
        return Refusal(_reason(evidence.commits, evidence.hand), refused.what)
    return None


def _named(commits: Sequence[facts.Commit]) -> dict[str, None]:
    return dict.fromkeys(name for commit in commits for name in (commit.author, commit.committer) if name)


def _raw(past: Past, commit: Found, changes: tuple[PathChange, ...]) -> Commit:
    single = len(commit.parents) == 1
    return Commit(commit.id, past.objects.commit(commit.id)[0], changes if single else ())


def _reason(commits: Sequence[facts.Commit], hand: Hand) -> Reason:
    """What the facts say first, in the order in which verify asks."""
    signatures = {commit.signature for commit in commits}
    if Signature.WRONG in signatures:
        return Reason.WRONG
    if any(commit.author != commit.committer for commit in commits if commit.signature is Signature.PERSON):
        return Reason.OTHERS_NAME
    for signature, reason in BY_SIGNATURE.items():
        if signature in signatures:
            return reason
    return Reason.SECOND_UNSIGNED if hand is Hand.OTHER else Reason.NO_SECOND
