"""Judge the trust ref itself, and read the rules at its tip.

`.gitwarrant/` is read on the trust ref only. Each landing is judged by the
rules before it; a landing that changes the rules needs the root's threshold.
"""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.config.repository import CONFIG_FOLDER, RepositoryConfig, load
from gitwarrant.git.reading import Repository
from gitwarrant.model.authorship import Authorship
from gitwarrant.model.change import Change, CommitId, Landing
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError, Place, Refused
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.trust.verdicts import Verdicts
from gitwarrant.trust.verify import verify


@dataclass(frozen=True, slots=True)
class Trusted:
    """The rules in force, and the proof of how they came to be."""

    revision: CommitId
    config: RepositoryConfig
    authorship: Authorship
    root: TrustRoot
    """With the keys that were in force."""

    def environment(self, name: str) -> Environment:
        """The environment of that name.

        Raises:
            GitwarrantError: there is none.
        """
        return environment_of(self.config, name)


def trust(
    repository: Repository,
    root: TrustRoot,
    change: Change,
    *,
    witnessed: Witnessed,
    now: datetime,
    verdicts: Verdicts | None = None,
) -> Trusted:
    """Follow the trust ref from its last trusted revision to its tip.

    Args:
        root: with the keys in force (see `starting`).

    Raises:
        Refused: by verify: a landing is not proven, the rules do not parse, or
            their version did not grow.
    """
    before = rules_at(repository, change.base)
    policies: dict[CommitId, TrustPolicy] = {change.head: before.policy}
    for landing in change.landings:
        policies[landing.commit] = before.policy
        if touches_rules(landing):
            before = succeed(before, rules_at(repository, landing.commit), landing)
    authorship = verify(change, root, policies, None, witnessed=witnessed, now=now, verdicts=verdicts)
    return Trusted(change.head, before, authorship, root)


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
    files = {file.path: file.data for file in tree.files}
    try:
        return load(files, sets=BUILTIN_SETS, checks=frozenset(check.id for check in CHECKS))
    except Refused:
        raise
    except GitwarrantError as error:
        raise Refused(
            f"at {commit[:12]}: {error.what}", stage="verify", remedy=error.remedy, place=error.place
        ) from error


def touches_rules(landing: Landing) -> bool:
    # A file where the folder was is a change of the rules too: it removes them.
    return any(f"{change.path}/".startswith(f"{CONFIG_FOLDER}/") for change in landing.changes)


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
