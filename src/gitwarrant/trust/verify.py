"""Who wrote and who accepted every landing of a change: the gate that a stolen account does not pass.

    1. The landings follow one another from base to head, in the trusted repository.
    2. Every commit is strictly well formed, has the id of its bytes, and its tree
       and parents are what the change claims.
    3. Signature, key, identity: judged at the time the commit was first seen.
       Author's and committer's address belong to the signer. A signature that
       lies is refused; a missing or foreign one proves nothing.
    4. Each author is entitled to each path he changed. Where a signature proves
       nothing, an entitled identity says `author`, or one more entitled person
       approves.
    5. Approvals tile the change: each landing and each path has its rule's number
       of distinct persons, none an author, none a bot; where the environment asks
       for approval, one of each of its teams. A review on a forge is an approval
       where the rule trusts that forge as a witness, and nowhere else: it never
       stands for an author, an environment's team, or the root.
    6. On the trust ref, `.gitwarrant/` changes by the rules before it and with the
       consent of the root's threshold to that landing alone; its version only grows. On any other ref
       it has no effect: nothing reads it there, and its paths are like all others.
    7. The policy that judges the head is not expired now, unless the landing only
       renews it (6).

Not checked here: that differences are those of the trees, that a merge's own
changes are its difference to the clean merge, and that no commit between base
and head is left out (git, from objects with recomputed ids); that the ref only
moves forward (git); that the policies are those of the trust ref (pipeline);
what the files say (render, check, plan). Signed commits prove who wrote, not
that he wanted them to land here: approvals do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from gitwarrant.git.commit import ParsedCommit
from gitwarrant.model.authorship import Authorship, LandingProof
from gitwarrant.model.canonical import digest
from gitwarrant.model.change import Change, CommitId, Landing
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.review import Testimony
from gitwarrant.trust import authors, chain, landings, statements, witnesses
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.landings import Case

TRUST_FILE = Place(".gitwarrant/trust.yaml")


def verify(
    change: Change,
    root: TrustRoot,
    policies: Mapping[CommitId, TrustPolicy],
    environment: Environment | None,
    *,
    seen: Mapping[CommitId, datetime],
    now: datetime,
    reviews: Sequence[Testimony] = (),
) -> Authorship:
    """Prove a change, or refuse it.

    Args:
        policies: for each landing's commit the policy in force for it: on the
            trust ref the one before the landing, else the trust ref's own. A
            change without landings names its head.
        environment: where it would go, for the approvals that it asks for
            itself; None: the change is judged for its rules only.
        seen: when each commit was first seen on the ref, from the log; `now`
            stands in for what was not recorded yet.
        reviews: what forges say, with the differences that Git says.

    Raises:
        Refused: stage `verify`; the first landing that fails, and how many
            others do.
        ValueError: a policy is missing, the environment is of another ref, or
            the root has no threshold.
    """
    if environment is not None and environment.ref != change.ref:
        raise ValueError(f"environment {environment.name!r} follows {environment.ref}, not {change.ref}")
    if root.threshold < 1:
        raise ValueError("a root of trust without a threshold protects nothing")
    in_force = _policies(change, policies)
    chain.check_shape(change, root.repository)  # 1
    commits = chain.read_commits(change)  # 2
    cases = _Cases(change, root, environment, seen=seen, now=now, reviews=reviews)
    proofs: list[LandingProof] = []
    refusals: list[Refused] = []
    for place, parsed in enumerate(commits):
        try:
            proofs.append(landings.judge(cases.open(place, parsed, in_force[place])))  # 3 to 6
        except Refused as refusal:
            refusals.append(refusal)
    if refusals:
        raise _first_of(refusals)
    _check_versions(in_force)  # 6
    _check_expiry(change, root, in_force[-1], now)  # 7
    return Authorship(
        repository=change.repository,
        ref=change.ref,
        base=change.base,
        head=change.head,
        policy=digest(in_force[-1]),
        landings=tuple(proofs),
    )


def check_succession(before: TrustPolicy, after: TrustPolicy, *, now: datetime | None = None) -> None:
    """Whether a policy may follow another (6): same repository, higher version, and not already expired.

    Verify asks this between landings; whoever advances trust to the head of
    the trust ref asks it, with `now`, for the policy found there.

    Raises:
        Refused: it may not.
    """
    what = ""
    if after.repository != before.repository:
        what = f"it is for repository {after.repository!r}, not {before.repository!r}"
    elif after != before and after.version <= before.version:
        what = f"it changes from version {before.version} to {after.version}; the version only grows"
    elif now is not None and after.expires <= now:
        what = f"it expired {after.expires:%Y-%m-%d}"
    if what:
        raise Refused(
            f"the trust policy cannot follow the one before it: {what}",
            stage="verify",
            remedy="raise version and expires in .gitwarrant/trust.yaml; root holders sign the landing",
            place=TRUST_FILE,
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    """The statements of a change as one policy hears them; those that count, by the landings they cover."""

    registry: Registry
    counted: Mapping[int, Sequence[statements.Counted]]
    ignored: tuple[statements.Ignored, ...]
    reviews: tuple[witnesses.Heard, ...]


def _heard(
    registry: Registry, judged: Sequence[statements.Judged], reviews: tuple[witnesses.Heard, ...]
) -> _Heard:
    counted: dict[int, list[statements.Counted]] = {}
    ignored: list[statements.Ignored] = []
    for item in judged:
        if isinstance(item, statements.Ignored):
            ignored.append(item)
            continue
        for place in item.landings:
            counted.setdefault(place, []).append(item)
    return _Heard(registry, counted, tuple(ignored), reviews)


class _Cases:
    """Gathers what speaks for each landing. What depends on a policy only is made once per policy."""

    def __init__(
        self,
        change: Change,
        root: TrustRoot,
        environment: Environment | None,
        *,
        seen: Mapping[CommitId, datetime],
        now: datetime,
        reviews: Sequence[Testimony],
    ) -> None:
        self._change, self._root, self._environment = change, root, environment
        self._seen, self._now, self._reviews = seen, now, reviews
        self._intervals = statements.Intervals(change)
        self._line = frozenset([change.base, *(landing.commit for landing in change.landings)])
        self._known: dict[int, _Heard] = {}

    def open(self, place: int, parsed: Sequence[ParsedCommit], policy: TrustPolicy) -> Case:
        """Step 3 for one landing, with the statements that cover it."""
        heard = self._under(policy)
        landing = self._change.landings[place]
        return Case(
            landing=landing,
            commits=self._prove(landing, parsed, heard.registry),
            counted=tuple(heard.counted.get(place, ())),
            ignored=(
                *(item for item in heard.ignored if self._is_about_this_line(item)),
                *witnesses.unheard(heard.reviews, landing),
            ),
            policy=policy,
            registry=heard.registry,
            environment=self._environment,
            root_threshold=self._root.threshold if self._change.ref == self._root.trust_ref else 0,
            reviews=witnesses.covering(heard.reviews, place),
        )

    def _prove(
        self, landing: Landing, parsed: Sequence[ParsedCommit], registry: Registry
    ) -> tuple[authors.Signed | authors.Unproven, ...]:
        return tuple(
            authors.prove(commit, own, registry, at=self._seen.get(commit.id, self._now))
            for commit, own in zip(landing.commits, parsed, strict=True)
        )

    def _is_about_this_line(self, ignored: statements.Ignored) -> bool:
        """Whether to mention it: statements about earlier changes would only hide what is missing now."""
        return ignored.statement is not None and ignored.statement.from_commit in self._line

    def _under(self, policy: TrustPolicy) -> _Heard:
        if id(policy) not in self._known:
            registry = Registry(policy, self._root.keys)
            judged = statements.judge_all(self._change, registry, self._intervals, now=self._now)
            reviews = witnesses.judge_all(self._change, self._reviews, registry, now=self._now)
            self._known[id(policy)] = _heard(registry, judged, reviews)
        return self._known[id(policy)]


def _policies(change: Change, policies: Mapping[CommitId, TrustPolicy]) -> tuple[TrustPolicy, ...]:
    wanted = [landing.commit for landing in change.landings] or [change.head]
    missing = next((commit for commit in wanted if commit not in policies), None)
    if missing:
        raise ValueError(f"no policy is given for {missing}")
    return tuple(policies[commit] for commit in wanted)


def _check_versions(in_force: Sequence[TrustPolicy]) -> None:
    for before, after in pairwise(in_force):
        if after is not before:
            check_succession(before, after)


def _check_expiry(change: Change, root: TrustRoot, policy: TrustPolicy, now: datetime) -> None:
    if policy.repository != root.repository:
        raise Refused(
            f"the trust policy is for repository {policy.repository!r}, not {root.repository!r}",
            stage="verify",
            remedy="name this repository in .gitwarrant/trust.yaml, or mend the agent's configuration",
            place=TRUST_FILE,
        )
    if now < policy.expires or not change.landings or _only_renews(change, root):
        return
    raise Refused(
        f"the trust policy expired {policy.expires:%Y-%m-%d %H:%M}, so nothing new is accepted",
        stage="verify",
        remedy=f"root holders raise version and expires in {TRUST_FILE} on {root.trust_ref} and sign it",
        place=TRUST_FILE,
    )


def _only_renews(change: Change, root: TrustRoot) -> bool:
    """Whether the head touches nothing but `.gitwarrant/` on the trust ref: step 6 judged all of it."""
    prefix = f"{landings.CONFIGURATION}/"
    paths = [path.path for path in change.landings[-1].changes]
    return change.ref == root.trust_ref and bool(paths) and all(path.startswith(prefix) for path in paths)


def _first_of(refusals: Sequence[Refused]) -> Refused:
    first, others = refusals[0], len(refusals) - 1
    if not others:
        return first
    noun = "landing is" if others == 1 else "landings are"
    what = f"{first.what} ({others} more {noun} refused too)"
    return Refused(what, stage=first.stage, remedy=first.remedy, place=first.place)
