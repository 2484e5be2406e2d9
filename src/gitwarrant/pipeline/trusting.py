"""Judge the trust ref itself, and read the rules at its tip.

`.gitwarrant/` is read on the trust ref only. Each landing is judged by the
rules before it; a landing that changes the rules needs the root's threshold.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import takewhile

from gitwarrant.config.repository import CONFIG_FOLDER, RepositoryConfig, load
from gitwarrant.git.reading import Repository
from gitwarrant.model.authorship import Authorship, LandingProof
from gitwarrant.model.change import Change, CommitId, Landing
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError, Place, Refused
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.blobs import with_blobs
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.trust.cases import Inquiry
from gitwarrant.trust.verdicts import Verdicts
from gitwarrant.trust.verify import outcomes_of, verify

KEPT = 16  # versions of the rules in memory; one change may hold several


@dataclass(frozen=True, slots=True)
class Trusted:
    """The rules in force, and the proof of how they came to be.

    `revision` is what the trust ref must never go back behind. `doubt` is why
    the ref was not followed to its tip: a landing there changes the rules and
    does not prove itself. None: nothing is in doubt.
    """

    revision: CommitId
    config: RepositoryConfig
    authorship: Authorship
    root: TrustRoot
    """With the keys that were in force."""
    doubt: Refused | None = None

    def environment(self, name: str) -> Environment:
        """The environment of that name.

        Raises:
            GitwarrantError: there is none.
        """
        return environment_of(self.config, name)

    def raise_doubt(self) -> None:
        """Refuse to go on with rules that are in doubt.

        Raises:
            Refused: by verify: the landing on the trust ref that does not prove itself.
        """
        if self.doubt:
            raise self.doubt


def trust(
    repository: Repository,
    root: TrustRoot,
    change: Change,
    *,
    witnessed: Witnessed,
    now: datetime,
    verdicts: Verdicts | None = None,
) -> Trusted:
    """Follow the trust ref from its last trusted revision as far as its rules prove themselves.

    Landings that do not touch `.gitwarrant/` leave the rules as they are: what
    they change is judged where it is deployed. One that does not prove itself
    can still be taken back by whoever owns the ref, until rules land after it.

    Args:
        root: with the keys in force (see `starting`).

    Raises:
        Refused: the rules at the base cannot be read, or the change does not hang together.
    """
    trusted: Trusted | None = None
    doubt: Refused | None = None
    changing = [place for place, landing in enumerate(change.landings) if touches_rules(landing)]
    ends = [*changing, len(change.landings)]
    low, high, place = 0, len(ends), len(ends) - 1  # mostly everything proves itself
    while low < high:  # halving what is left: anybody may push thousands of landings that do not
        try:
            part = _up_to(change, ends[place])
            trusted = _follow(repository, root, part, witnessed=witnessed, now=now, verdicts=verdicts)
            low = place + 1
        except Refused as refusal:
            doubt, high = refusal, place
        place = (low + high) // 2
    if trusted is None:
        raise doubt or ValueError("a change has an end")
    return replace(trusted, doubt=doubt)


def _follow(
    repository: Repository,
    root: TrustRoot,
    change: Change,
    *,
    witnessed: Witnessed,
    now: datetime,
    verdicts: Verdicts | None,
) -> Trusted:
    """Follow a change of the trust ref to its head.

    Raises:
        Refused: by verify: a landing that changes the rules is not proven, the
            rules do not parse, or their version did not grow.
    """
    before = rules_at(repository, change.base)
    policies: dict[CommitId, TrustPolicy] = {change.head: before.policy}
    changing: list[CommitId] = []
    for landing in change.landings:
        policies[landing.commit] = before.policy
        if touches_rules(landing):
            changing.append(landing.commit)
            before = succeed(before, rules_at(repository, landing.commit), landing)
    change = with_blobs(repository, change, policies)
    authorship = verify(
        change, root, policies, None, witnessed=witnessed, now=now, only=changing, verdicts=verdicts
    )
    proven = 0
    if now < before.policy.expires:
        whole = Inquiry(change, root, policies, None, witnessed=witnessed, now=now, verdicts=verdicts)
        outcomes = outcomes_of(whole)
        proven = sum(1 for _ in takewhile(lambda outcome: isinstance(outcome, LandingProof), outcomes))
    return Trusted(_reached(change, proven), before, authorship, root)


def _reached(change: Change, proven: int) -> CommitId:
    """The last of so many proven landings, or the last that changed the rules: what comes later."""
    places = [place for place, landing in enumerate(change.landings) if touches_rules(landing)]
    last = max([proven - 1, *places])
    return change.landings[last].commit if last >= 0 else change.base


def _up_to(change: Change, count: int) -> Change:
    """The first landings of a change."""
    if count == len(change.landings):
        return change
    return replace(change, head=change.landings[count].parent, landings=change.landings[:count])


def environment_of(config: RepositoryConfig, name: str) -> Environment:
    """The environment of that name.

    Raises:
        GitwarrantError: there is none.
    """
    found = config.environment(name)
    if found is not None:
        return found
    known = ", ".join(sorted(item.name for item in config.environments)) or "none"
    raise GitwarrantError(
        f"there is no environment {name!r} in {CONFIG_FOLDER}/environments.yaml",
        remedy=f"name one of: {known}",
    )


def rules_at(repository: Repository, commit: CommitId) -> RepositoryConfig:
    """Read `.gitwarrant/` at a commit.

    Raises:
        Refused: it is not there or does not parse.
    """
    tree = repository.tree(commit, CONFIG_FOLDER)
    try:
        return _loaded(tuple((file.path, file.data) for file in tree.files))
    except Refused:
        raise
    except GitwarrantError as error:
        raise Refused(
            f"at {commit[:12]}: {error.what}", stage="verify", remedy=error.remedy, place=error.place
        ) from error


@lru_cache(maxsize=KEPT)
def _loaded(files: tuple[tuple[str, bytes], ...]) -> RepositoryConfig:
    """What files with just these bytes say: one round asks for the same rules again and again."""
    config = load(dict(files), sets=BUILTIN_SETS, checks=frozenset(check.id for check in CHECKS))
    _compile(config)
    return config


def _compile(config: RepositoryConfig) -> None:
    """Compile all expressions once, so that a broken one is refused before it is relied upon.

    Raises:
        CelError: one is none, at its place.
    """
    ignored = [rule for environment in config.environments for rule in environment.ignore if rule.when]
    if ignored:
        from gitwarrant.cluster import ignoring  # noqa: PLC0415 - CEL is loaded where it is used

        for rule in ignored:
            ignoring.compiled(rule)
    health = [rule for environment in config.environments for rule in environment.health]
    if health:
        from gitwarrant.cluster.health import rules  # noqa: PLC0415 - as above

        for one in health:
            rules.compiled(one)


def touches_rules(landing: Landing) -> bool:
    # A file where the folder was is a change of the rules too: it removes them.
    return any(f"{change.path}/".startswith(f"{CONFIG_FOLDER}/") for change in landing.changes)


def is_rule(path: str) -> bool:
    """Whether a file says who may change what: one in `.gitwarrant/`, or a CODEOWNERS."""
    return f"{path}/".startswith(f"{CONFIG_FOLDER}/") or path.rpartition("/")[2] == "CODEOWNERS"


def succeed(before: RepositoryConfig, after: RepositoryConfig, landing: Landing) -> RepositoryConfig:
    """The rules after a landing that changed them: same repository, greater version.

    Raises:
        Refused: by verify: they cannot follow the rules before.
    """
    place = Place(f"{CONFIG_FOLDER}/trust.yaml")
    if after.policy.repository != before.policy.repository:
        raise Refused(
            f"landing {landing.commit[:12]} renames the repository to {after.policy.repository!r}",
            stage="verify",
            remedy=f"keep 'repository: {before.policy.repository}': statements carry this name",
            place=place,
        )
    if after.policy.version <= before.policy.version:
        raise Refused(
            f"landing {landing.commit[:12]} changes the rules, but their version does not grow: "
            f"{before.policy.version} before, {after.policy.version} after",
            stage="verify",
            remedy=f"set 'version: {before.policy.version + 1}' in the same change",
            place=place,
        )
    return after
