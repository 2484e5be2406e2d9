"""A trial says what the real gates say: the reader of a deploy, verify, and `init`."""

import re
import shlex
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from tests.support.chain import public_key
from tests.support.repositories import Simulator
from tests.support.trials import NOW, forge_commit, tried
from tests.unit.git.test_past import random_history

from gitwarrant.cli.main import command_parser
from gitwarrant.config.repository import load
from gitwarrant.config.starter import Start, repository_files
from gitwarrant.git.reading import Repository
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.model.manifest import Source
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.trial import manifests, rules
from gitwarrant.pipeline.trial.people import People, is_forge, signed
from gitwarrant.pipeline.trial.start import guess
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.trust.verify import verify

SRC = Path(__file__).parents[3] / "src" / "gitwarrant"
ANALYSIS = {"past", "odd", "brought", "standing", "visit"}
"""What reads leniently; see `git/past.py`."""
OWNERS = Start(
    repository="shop/environments",
    url="https://git.example.com/shop/environments",
    name="ada",
    email="ada@example.com",
    key=public_key("ada"),
    environment="production",
    branch="main",
    path=".",
    namespace="shop",
    expires=date(2026, 12, 1),
)


def test_no_stage_of_a_deploy_reads_leniently() -> None:
    """Only what deploys nothing imports what reads past a shallow cut or a commit we refuse."""
    importing = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        for found in re.findall(r"^from gitwarrant\.git\.(\w+) import", path.read_text(), re.MULTILINE)
        if found in ANALYSIS and path.stem not in ANALYSIS
    }

    beside = {name for name in importing if not name.startswith("pipeline/trial/")}
    assert beside == {"cli/trial.py", "pipeline/importing/finding.py"}
    users = [
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if "pipeline.trial" in path.read_text() and "pipeline/trial" not in path.as_posix()
    ]
    assert users == ["cli/trial.py"]


def test_the_rules_are_those_that_init_writes_and_one_approval() -> None:
    texts = repository_files(OWNERS)
    texts[".gitwarrant/rules.yaml"] = texts[".gitwarrant/rules.yaml"].replace("approvals: 0", "approvals: 1")

    written = load(
        {path: text.encode() for path, text in texts.items()},
        sets=BUILTIN_SETS,
        checks=frozenset(check.id for check in CHECKS),
    )

    nowhere = Place("")
    assert [replace(rule, place=nowhere) for rule in written.policy.rules] == [
        replace(rule, place=nowhere) for rule in rules.RULES
    ]
    assert written.policy.identities[0].teams == {"owners"}
    assert written.environments[0].policies == manifests.FIRST_SETS


@pytest.mark.parametrize("seed", range(6))
def test_every_landing_gets_the_words_of_a_real_verify(tmp_path: Path, seed: int) -> None:
    """Read by the reader of a deploy, judged by verify, everybody known: the same words of each landing."""
    repository = Simulator(tmp_path / "forge.git")
    base = repository.commit(by="ada", files={"web.yaml": "1"})
    repository.branch("feature")
    repository.commit(by="bob", on="feature", files={"web.yaml": "2"}, signed=seed % 2 == 0)
    repository.commit(by="eve", on="feature", author="bob" if seed == 3 else "eve", files={"b": "2"})
    repository.merge("feature", by=["ada", "bob", "eve"][seed % 3], signed=seed != 4)
    forge_commit(repository, author="ada", files={"c": "1"}, minute=30)
    repository.commit(by="bob", files={"c": "2"})
    repository.commit(by="bob", files={})

    seen = tried(repository.path)

    reader, policy = Repository(repository.path), everybody(repository)
    change = reader.change(rules.REPOSITORY, rules.REF, base, repository.tip())
    said = {}
    for landing in change.landings:
        one = replace(change, base=landing.parent, head=landing.commit, landings=(landing,))
        try:
            verify(one, rules.ROOT, {landing.commit: policy}, None, witnessed=Witnessed(), now=NOW)
            said[landing.commit] = ""
        except Refused as refused:
            said[landing.commit] = refused.what
    assert {one.commit: one.refusal.said if one.refusal else "" for one in seen.history.landings} == said
    assert list(said.values())[-1] == ""


def everybody(repository: Simulator) -> TrustPolicy:
    """A policy that knows all who commit, with their keys."""
    people = People()
    past = Repository(repository.path).objects
    for commit in past.new_commits(repository.tip(), repository.raw_commit(EMPTY)):
        parsed = past.commit(commit)[1]
        for person in (parsed.author, parsed.committer):
            if not is_forge(person):
                people.meet(person, signed(parsed).key if person is parsed.committer else None)
    identities = tuple(map(people.identity, people.names()))
    return TrustPolicy(rules.REPOSITORY, 1, NOW + timedelta(days=9), identities, rules.RULES)


EMPTY = (
    b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Nobody <no@example.com> 0 +0000\n"
    b"committer Nobody <no@example.com> 0 +0000\n\nNothing\n"
)


@pytest.mark.parametrize("seed", range(3))
def test_landings_are_those_of_the_reader_of_a_deploy(tmp_path: Path, seed: int) -> None:
    """The same line, the same commits (as a set: both put parents first), the same paths."""
    repository = Simulator(tmp_path / "forge.git")
    base = repository.commit(by="ada", files={"web.yaml": "1"}, signed=False)
    random_history(repository, seed)

    seen = tried(repository.path)

    change = Repository(repository.path).change("shop", "refs/heads/main", base, repository.tip())
    assert [
        (one.commit, {commit.id for commit in one.commits}, one.paths) for one in seen.history.landings[::-1]
    ] == [
        (one.commit, {commit.id for commit in one.commits}, tuple(path.path for path in one.changes))
        for one in change.landings
    ]


def source(path: str, namespace: str = "") -> Source:
    metadata = {"name": "web", **({"namespace": namespace} if namespace else {})}
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    return Source(path, text.encode())


@pytest.mark.parametrize(
    ("paths", "unrendered", "environment", "path"),
    [
        pytest.param(["web.yaml"], [], "production", ".", id="everything at the top"),
        pytest.param(["a/web.yaml", "b/prod/web.yaml"], [], "prod", "b/prod", id="by its name"),
        pytest.param(["dev/a.yaml", "staging/a.yaml"], [], "staging", "staging", id="the most telling name"),
        pytest.param(["a/1.yaml", "b/1.yaml", "b/2.yaml"], ["c"], "production", "b", id="most manifests"),
        pytest.param(["a/1.yaml", "a/2.yaml", "b/1.yaml"], ["a/k"], "production", "b", id="without a tool"),
        pytest.param(["testdata/1.yaml", "b/1.yaml"], ["x"], "production", "b", id="no test data"),
        pytest.param(["Über uns/Prod/a.yaml"], [], "prod", "Über uns/Prod", id="a name with blanks"),
    ],
)
def test_the_line_to_start_with_is_guessed(
    paths: list[str], unrendered: list[str], environment: str, path: str
) -> None:
    found = guess([source(path) for path in paths], unrendered, None)

    assert found is not None
    assert (found.environment, found.path, found.namespace) == (environment, path, environment)
    [command] = found.command
    arguments = command_parser("init").parse_args(shlex.split(command)[2:])
    assert (arguments.environment, arguments.path, arguments.namespace) == (environment, path, environment)


def test_the_namespace_is_the_one_most_manifests_name() -> None:
    found = guess([source("web.yaml", "shop"), source("db.yaml", "shop"), source("x.yaml", "kube")], [], None)

    assert found is not None
    assert (found.namespace, found.why) == (
        "shop",
        "3 of 3 files with manifests lie there; 2 of its manifests name the namespace",
    )


def test_without_a_manifest_nothing_is_guessed() -> None:
    assert guess([], ["chart"], None) is None


def test_who_has_no_clone_is_told_to_make_one() -> None:
    found = guess([source("web.yaml")], [], "https://git.example.com/shop/environments.git")

    assert found is not None
    assert found.command[0] == "git clone https://git.example.com/shop/environments.git && cd environments"
