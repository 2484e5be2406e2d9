"""Steps 1 to 3 of verify: from a change to one case for each landing, with everything that speaks for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.commit import ParsedCommit
from gitwarrant.model.change import Change, CommitId, Landing
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust import authors, chain, statements, witnesses
from gitwarrant.trust.case import Case
from gitwarrant.trust.covering import Intervals
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.negatives import negatives
from gitwarrant.trust.statements import Counted, Hearing, Ignored, Judged
from gitwarrant.trust.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What verify is asked; the fields are the arguments of `verify`, where each is told."""

    change: Change
    root: TrustRoot
    policies: Mapping[CommitId, TrustPolicy]
    environment: Environment | None
    witnessed: Witnessed
    now: datetime
    waived: bool = False
    verdicts: Verdicts | None = None
    only: Collection[CommitId] | None = None

    def asks_for(self, landing: Landing) -> bool:
        """Whether a landing is to be judged, not only carried along."""
        return self.only is None or landing.commit in self.only


def open_cases(inquiry: Inquiry) -> tuple[Case | Refused, ...]:
    """Open a case for each landing that is asked for, or give the refusal that keeps it closed (a lie).

    Raises:
        Refused: steps 1 and 2: the change does not hang together.
        ValueError: a policy is missing, the environment is of another ref, or
            the root has no threshold.
    """
    change, environment = inquiry.change, inquiry.environment
    if environment is not None and environment.ref != change.ref:
        raise ValueError(f"environment {environment.name!r} follows {environment.ref}, not {change.ref}")
    if inquiry.root.threshold < 1:
        raise ValueError("a root of trust without a threshold protects nothing")
    in_force = policies_of(change, inquiry.policies)
    chain.check_shape(change, inquiry.root.repository)  # 1
    commits = chain.read_commits(change)  # 2
    cases = _Cases(inquiry)
    return tuple(
        cases.attempt(place, parsed, in_force[place])  # 3
        for place, parsed in enumerate(commits)
        if inquiry.asks_for(change.landings[place])
    )


def policies_of(change: Change, policies: Mapping[CommitId, TrustPolicy]) -> tuple[TrustPolicy, ...]:
    """The policy of each landing, in order; of a change without landings, that of its head.

    Raises:
        ValueError: one is missing.
    """
    wanted = [landing.commit for landing in change.landings] or [change.head]
    missing = next((commit for commit in wanted if commit not in policies), None)
    if missing:
        raise ValueError(f"no policy is given for {missing}")
    return tuple(policies[commit] for commit in wanted)


@dataclass(frozen=True, slots=True)
class _Heard:
    """The statements of a change as one policy hears them: those that count, by the landings they cover,

    and those about the change's own line that do not.
    """

    registry: Registry
    counted: Mapping[int, Sequence[Counted]]
    ignored: tuple[Ignored, ...]
    reviews: tuple[witnesses.Heard, ...]


def _heard(registry: Registry, judged: Sequence[Judged], reviews: tuple[witnesses.Heard, ...]) -> _Heard:
    counted: dict[int, list[Counted]] = {}
    ignored: dict[str, Ignored] = {}  # each reason once, in one order
    for item in judged:
        if isinstance(item, Ignored):
            ignored.setdefault(str(item), item)
            continue
        for place in item.landings:
            counted.setdefault(place, []).append(item)
    return _Heard(registry, counted, tuple(ignored[words] for words in sorted(ignored)), reviews)


class _Cases:
    """Gathers what speaks for each landing. What depends on a policy only is made once per policy."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._asked, change = inquiry, inquiry.change
        self._change, self._witnessed, self._now = change, inquiry.witnessed, inquiry.now
        self._intervals = Intervals(change)
        self._blobs = {blob.id: blob.data for blob in change.blobs}
        self._starts = frozenset(landing.parent for landing in change.landings)
        self._known: dict[int, _Heard] = {}

    def attempt(self, place: int, parsed: Sequence[ParsedCommit], policy: TrustPolicy) -> Case | Refused:
        """Step 3 for one landing, with the statements that cover it."""
        heard = self._under(policy)
        landing, root = self._change.landings[place], self._asked.root
        try:
            commits = self._prove(landing, parsed, heard.registry)
        except Refused as refusal:
            return refusal
        return Case(
            landing=landing,
            commits=commits,
            counted=tuple(heard.counted.get(place, ())),
            ignored=(*heard.ignored, *witnesses.unheard(heard.reviews, landing)),
            policy=policy,
            registry=heard.registry,
            environment=self._asked.environment,
            root_threshold=root.threshold if self._change.ref == root.trust_ref else 0,
            now=self._now,
            waived=self._asked.waived,
            blobs=self._blobs,
            reviews=witnesses.covering(heard.reviews, place),
        )

    def _prove(
        self, landing: Landing, parsed: Sequence[ParsedCommit], registry: Registry
    ) -> tuple[authors.Signed | authors.Unproven, ...]:
        seen = self._witnessed.seen
        return tuple(
            authors.prove(
                commit, own, registry, at=seen.get(commit.id, self._now), verdicts=self._asked.verdicts
            )
            for commit, own in zip(landing.commits, parsed, strict=True)
        )

    def _is_about_this_line(self, ignored: Ignored) -> bool:
        """Whether to mention it: it begins before a landing, or would cover one if it counted (5.10).

        Statements about earlier changes would only hide what is missing now.
        """
        said = ignored.statement
        return said is not None and (said.from_commit in self._starts or bool(self._intervals.covered(said)))

    def _under(self, policy: TrustPolicy) -> _Heard:
        if id(policy) not in self._known:
            everything = (*self._change.statements, *self._witnessed.negatives)
            registry = Registry(policy, self._asked.root.keys)
            taken = negatives(everything, self._change.repository, registry, self._witnessed.stood)
            name = self._asked.environment.name if self._asked.environment else ""
            hearing = Hearing(
                self._change, name, registry.revoking(taken.revoked), taken, self._witnessed, self._now
            )
            judged = statements.judge_all(hearing, self._intervals)
            reviews = witnesses.judge_all(self._change, self._witnessed, hearing.registry, now=self._now)
            # Looked through once: anybody can push as many as there may be, and as many landings.
            told = [item for item in judged if isinstance(item, Counted) or self._is_about_this_line(item)]
            self._known[id(policy)] = _heard(hearing.registry, told, reviews)
        return self._known[id(policy)]
