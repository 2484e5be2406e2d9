"""Who wrote and who accepted every landing of a change: the gate that a stolen account does not pass.

    1. The landings follow one another from base to head, in the trusted repository.
    2. Every commit is strictly well formed, has the id of its bytes, and its tree
       and parents are what the change claims.
    3. Signature, key, identity: judged at the time the commit was first seen.
       Author's and committer's address belong to the signer. A signature that
       lies is refused; a missing or foreign one proves nothing.
    4. Each author is entitled to each path he changed; a bot with bounds to each
       field, and to nothing else of the file (4.2). Where a signature proves
       nothing, an entitled identity says `author`, or one more entitled person
       approves.
    5. Unless glass was broken, approvals tile the change: each landing and each path has its rule's number
       of distinct persons, none an author, none a bot; where the rule refers to
       CODEOWNERS, those of the file before the landing too; where the environment
       asks for approval, one of each of its teams. A review on a forge is an
       approval where the rule trusts that forge as a witness, and nowhere else: it
       never stands for an author, an environment's team, or the root.
    6. On the trust ref, `.gitwarrant/` changes by the rules before it and with the
       consent of the root's threshold to that landing alone; its version only grows. On any other ref
       it has no effect: nothing reads it there, and its paths are like all others.
    7. The policy that judges the head is not expired now, unless the landing only
       renews it (6).

Not checked here: that differences and CODEOWNERS files are those of the trees, that a merge's own
changes are its difference to the clean merge, and that no commit between base
and head is left out (git, from objects with recomputed ids); that the ref only
moves forward (git); that the policies are those of the trust ref (pipeline);
what the files say (render, check, plan). Signed commits prove who wrote, not
that he wanted them to land here: approvals do.

Source: docs/trust-protocol.md, section 4, which has the sub-steps too.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from gitwarrant.model.authorship import Authorship, LandingProof
from gitwarrant.model.canonical import digest
from gitwarrant.model.change import Change, CommitId, Landing
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust import landings
from gitwarrant.trust.case import CONFIGURATION, Case
from gitwarrant.trust.cases import Inquiry, open_cases, policies_of
from gitwarrant.trust.verdicts import Verdicts

TRUST_FILE = Place(".gitwarrant/trust.yaml")


def verify(
    change: Change,
    root: TrustRoot,
    policies: Mapping[CommitId, TrustPolicy],
    environment: Environment | None,
    *,
    witnessed: Witnessed,
    now: datetime,
    waived: bool = False,
    verdicts: Verdicts | None = None,
    only: Collection[CommitId] | None = None,
) -> Authorship:
    """Prove a change, or refuse it.

    Args:
        policies: for each landing's commit the policy in force for it: on the
            trust ref the one before the landing, else the trust ref's own. A
            change without landings names its head.
        environment: where it would go, for the approvals that it asks for
            itself; None: the change is judged for its rules only.
        witnessed: what the log remembers; `now` stands in for times that were
            not recorded yet.
        waived: glass was broken and the alarm about it acknowledged: approvals
            are owed, not asked (5.4). Never of a change of the rules.
        verdicts: signatures that were proven before (3); they only save time.
        only: the landings to judge; None: all. The others only have to hang
            together (1, 2): the trust ref is followed this way.

    Raises:
        Refused: stage `verify`; the first landing that fails, and how many
            others do.
        ValueError: a policy is missing, the environment is of another ref, or
            the root has no threshold.
    """
    inquiry = Inquiry(
        change,
        root,
        policies,
        environment,
        witnessed=witnessed,
        now=now,
        waived=waived,
        verdicts=verdicts,
        only=only,
    )
    return concluded(inquiry, outcomes_of(inquiry))


def concluded(inquiry: Inquiry, outcomes: Sequence[LandingProof | Refused]) -> Authorship:
    """From the outcomes of all landings that were asked for to the verdict on the whole.

    Raises:
        Refused: a landing was refused, or the rules may not follow each other (6), or expired (7).
    """
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    if refusals:
        raise first_of(refusals)
    change = inquiry.change
    in_force = policies_of(change, inquiry.policies)
    _check_versions(in_force)  # 6
    judged = [landing for landing in change.landings if inquiry.asks_for(landing)]
    last = inquiry.policies[judged[-1].commit] if judged else in_force[-1]
    _check_expiry(judged, change.ref, inquiry.root, last, inquiry.now)  # 7
    return Authorship(
        repository=change.repository,
        ref=change.ref,
        base=change.base,
        head=change.head,
        policy=digest(in_force[-1]),
        landings=tuple(outcome for outcome in outcomes if isinstance(outcome, LandingProof)),
        owed=inquiry.waived,
    )


def outcomes_of(inquiry: Inquiry) -> tuple[LandingProof | Refused, ...]:
    """Steps 1 to 6: the proof or the refusal of each landing that is asked for.

    Raises:
        Refused: steps 1 and 2: the change does not hang together.
    """
    return tuple(map(outcome_of, open_cases(inquiry)))


def outcome_of(case: Case | Refused) -> LandingProof | Refused:
    """Steps 4 to 6 for one landing: its proof or its refusal."""
    if isinstance(case, Refused):
        return case
    try:
        return landings.judge(case)
    except Refused as refusal:
        return refusal


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


def _check_versions(in_force: Sequence[TrustPolicy]) -> None:
    for before, after in pairwise(in_force):
        if after is not before:
            check_succession(before, after)


def _check_expiry(
    judged: Sequence[Landing], ref: str, root: TrustRoot, policy: TrustPolicy, now: datetime
) -> None:
    if policy.repository != root.repository:
        raise Refused(
            f"the trust policy is for repository {policy.repository!r}, not {root.repository!r}",
            stage="verify",
            remedy="name this repository in .gitwarrant/trust.yaml, or mend the agent's configuration",
            place=TRUST_FILE,
        )
    if now < policy.expires or not judged or _only_renews(judged[-1], ref, root):
        return
    raise Refused(
        f"the trust policy expired {policy.expires:%Y-%m-%d %H:%M}, so nothing new is accepted",
        stage="verify",
        remedy=f"root holders raise version and expires in {TRUST_FILE} on {root.trust_ref} and sign it",
        place=TRUST_FILE,
    )


def _only_renews(landing: Landing, ref: str, root: TrustRoot) -> bool:
    """Whether it touches nothing but `.gitwarrant/` on the trust ref: step 6 judged all of it."""
    prefix = f"{CONFIGURATION}/"
    paths = [path.path for path in landing.changes]
    return ref == root.trust_ref and bool(paths) and all(path.startswith(prefix) for path in paths)


def first_of(refusals: Sequence[Refused]) -> Refused:
    """The first of several refusals, which says how many others there are."""
    first, others = refusals[0], len(refusals) - 1
    if not others:
        return first
    noun = "landing is" if others == 1 else "landings are"
    what = f"{first.what} ({others} more {noun} refused too)"
    return Refused(what, stage=first.stage, remedy=first.remedy, place=first.place)
