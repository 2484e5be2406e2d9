"""The repository's `.gitwarrant/` as a whole: people, rules, policy sets, environments."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import BaseModel

from gitwarrant.config import environment_files, trust_files
from gitwarrant.config.fields import moment
from gitwarrant.config.hidden import hidden_in_file, hidden_in_name
from gitwarrant.config.problem import ConfigError, Problem, near_or
from gitwarrant.config.source import Source
from gitwarrant.model.environment import Environment, PolicySet
from gitwarrant.model.errors import Place
from gitwarrant.model.identity import TrustPolicy

M = TypeVar("M", bound=BaseModel)

CONFIG_FOLDER = ".gitwarrant"
REQUIRED = ("trust.yaml", "identities.yaml", "rules.yaml")
FILES = (*REQUIRED, "environments.yaml", "policies.yaml")


@dataclass(frozen=True, slots=True)
class RepositoryConfig:
    """What `.gitwarrant/` says at one revision of the trust ref."""

    policy: TrustPolicy
    environments: tuple[Environment, ...]

    def environment(self, name: str) -> Environment | None:
        """An environment by name; None: there is none."""
        return next((environment for environment in self.environments if environment.name == name), None)


def load(
    files: Mapping[str, bytes], *, sets: Mapping[str, PolicySet], checks: AbstractSet[str]
) -> RepositoryConfig:
    """Translate the files of `.gitwarrant/`.

    Args:
        files: their bytes by path from the repository's top (`.gitwarrant/rules.yaml`).
        sets: gitwarrant's own policy sets by name.
        checks: the names of all checks.

    Raises:
        ConfigError: they have problems; all of them are told.
    """
    sources = {
        name: Source(files[f"{CONFIG_FOLDER}/{name}"], f"{CONFIG_FOLDER}/{name}")
        for name in FILES
        if f"{CONFIG_FOLDER}/{name}" in files
    }
    parsed = _Parsed(
        trust=_parse(sources, "trust.yaml", trust_files.TrustFile),
        identities=_parse(sources, "identities.yaml", trust_files.IdentitiesFile),
        rules=_parse(sources, "rules.yaml", trust_files.RulesFile),
        policies=_parse(sources, "policies.yaml", environment_files.PoliciesFile)
        or environment_files.PoliciesFile({}),
        environments=_parse(sources, "environments.yaml", environment_files.EnvironmentsFile),
    )
    _judge(sources, parsed, sets, checks)
    problems = [*_missing(files), *_strangers(files)]
    problems += [problem for source in sources.values() for problem in source.problems]
    if problems:
        raise ConfigError(problems)
    return _translate(sources, parsed, sets)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The files as they were read; None: not there, or with problems already noted."""

    trust: trust_files.TrustFile | None
    identities: trust_files.IdentitiesFile | None
    rules: trust_files.RulesFile | None
    policies: environment_files.PoliciesFile
    environments: environment_files.EnvironmentsFile | None


def _parse(sources: Mapping[str, Source], name: str, model: type[M]) -> M | None:
    return sources[name].parse(model) if name in sources else None


def _judge(
    sources: Mapping[str, Source], parsed: _Parsed, sets: Mapping[str, PolicySet], checks: AbstractSet[str]
) -> None:
    """Judge what no file can know alone: names that another file defines."""
    people = trust_files.People(parsed.identities)
    if parsed.identities:
        trust_files.judge_identities(sources["identities.yaml"], parsed.identities)
    if parsed.rules:
        trust_files.judge_rules(sources["rules.yaml"], parsed.rules, people)
    if parsed.policies.root:
        environment_files.judge_policies(sources["policies.yaml"], parsed.policies, sets, checks)
    if parsed.environments:
        broken = "policies.yaml" in sources and not parsed.policies.root
        known = None if broken else {*sets, *parsed.policies.root}
        environment_files.judge_environments(sources["environments.yaml"], parsed.environments, known, people)


def _translate(
    sources: Mapping[str, Source], parsed: _Parsed, sets: Mapping[str, PolicySet]
) -> RepositoryConfig:
    if not (parsed.trust and parsed.identities and parsed.rules):
        raise ValueError("a file without problems was not read")
    policy = TrustPolicy(
        repository=parsed.trust.repository,
        version=parsed.trust.version,
        expires=moment(parsed.trust.expires, end_of_day=True),
        identities=trust_files.identities(sources["identities.yaml"], parsed.identities),
        rules=trust_files.rules(sources["rules.yaml"], parsed.rules),
    )
    if parsed.environments is None:
        return RepositoryConfig(policy, ())
    known = {**sets, **environment_files.policy_sets(parsed.policies)}
    found = environment_files.environments(sources["environments.yaml"], parsed.environments, known)
    return RepositoryConfig(policy, found)


def _missing(files: Mapping[str, bytes]) -> list[Problem]:
    return [
        Problem(
            "the file is missing", "make it: 'gitwarrant init' shows how", Place(f"{CONFIG_FOLDER}/{name}")
        )
        for name in REQUIRED
        if f"{CONFIG_FOLDER}/{name}" not in files
    ]


def _strangers(files: Mapping[str, bytes]) -> list[Problem]:
    """Files that nobody would read: most often a misspelt name. Plain text beside them is welcome."""
    problems = []
    for path, data in sorted(files.items()):
        name = path.removeprefix(f"{CONFIG_FOLDER}/")
        if name in FILES:
            continue
        deceiving = hidden_in_name(path)
        if deceiving:
            problems.append(deceiving)
            continue
        if PurePosixPath(name).suffix in (".yaml", ".yml", ".json", ".toml"):
            remedy = near_or(name, FILES, f"move it out of {CONFIG_FOLDER}/")
            problems.append(Problem("gitwarrant knows no such file", remedy, Place(path)))
        hidden = hidden_in_file(data, path)
        problems += [hidden] if hidden else []
    return problems
