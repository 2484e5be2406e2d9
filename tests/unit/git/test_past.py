"""The past of a branch, also where a deploy would refuse it: what is there, and what is missing."""

import random
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.repositories import EPOCH, Simulator
from tests.support.sha256 import Sha256Simulator

from gitwarrant.git.brought import brought
from gitwarrant.git.commit import Person
from gitwarrant.git.objects import NotAStore
from gitwarrant.git.odd import Odd
from gitwarrant.git.past import End, NothingToSee, Past
from gitwarrant.git.standing import LeftOut, Standing, open_file, standing
from gitwarrant.model.change import BlobId, File
from gitwarrant.model.errors import GitwarrantError

YEAR = timedelta(days=365)
NOW = EPOCH + timedelta(days=1)


def never() -> bool:
    return False


def git(*arguments: str, at: Path) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=at, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(params=[Simulator, Sha256Simulator], ids=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Simulator:
    simulator: type[Simulator] = request.param
    made = simulator(tmp_path / "forge.git")
    made.commit(by="ada", files={"web.yaml": "1"}, signed=False)
    return made


def random_history(repository: Simulator, seed: int) -> None:
    """Branches that leave, merge each other, and land, with clocks a little apart."""
    chance = random.Random(seed)
    names = ["main", "one", "two"]
    for name in names[1:]:
        repository.branch(name)
    for step in range(40):
        name, other = chance.sample(names, 2)
        when = EPOCH + timedelta(minutes=60 + 10 * step + chance.randint(-40, 40))
        parents = [repository.tip(name)]
        if chance.random() < 0.4 and repository.tip(other) not in parents:
            parents.append(repository.tip(other))
        repository.commit(
            by="ada", on=name, parents=parents, signed=False, when=when, files={f"{name}-{step}": "x"}
        )


@pytest.mark.parametrize("seed", range(12))
def test_what_each_landing_brought_is_what_git_says(repository: Simulator, seed: int) -> None:
    """Side by side with `git rev-list PARENT..LANDING`, over crossing histories and clocks that disagree."""
    random_history(repository, seed)
    past = Past(repository.path)

    line = past.line(repository.tip(), YEAR, NOW, never)
    found = brought(past.read, line.landings, never)

    assert found is not None
    told = {
        landing.id: set(
            git("rev-list", f"{landing.parents[0]}..{landing.id}", at=repository.path).splitlines()
        )
        for landing in line.landings
    }
    assert {landing: {commit.id for commit in commits} for landing, commits in found.items()} == told
    for landing, commits in found.items():
        places = {commit.id: place for place, commit in enumerate(commits)}
        assert commits[-1].id == landing
        assert all(places.get(parent, -1) < places[one.id] for one in commits for parent in one.parents)


def test_a_shallow_clone_is_read_as_far_as_it_goes(repository: Simulator, tmp_path: Path) -> None:
    for text in "2345":
        repository.commit(by="ada", files={"web.yaml": text}, signed=False)
    subprocess.run(
        ["git", "clone", "-q", "--depth", "3", repository.url, str(tmp_path / "clone")], check=True
    )
    past = Past(tmp_path / "clone")

    line = past.line(repository.tip(), YEAR, NOW, never)

    assert ([landing.id for landing in line.landings], line.end) == (
        git("rev-list", "--max-count=2", "main", at=repository.path).splitlines(),
        End.CUT,
    )
    assert brought(past.read, line.landings, never) is not None
    assert [len(past.changes(landing)) for landing in line.landings] == [1, 1]


def test_a_branch_from_behind_the_cut_brought_what_is_here(repository: Simulator, tmp_path: Path) -> None:
    repository.branch("feature")
    for number in range(6):
        repository.commit(by="ada", on="feature", files={f"f{number}": "x"}, signed=False)
        repository.commit(by="ada", files={"web.yaml": str(number)}, signed=False)
    repository.merge("feature", by="ada", signed=False)
    subprocess.run(
        ["git", "clone", "-q", "--depth", "3", repository.url, str(tmp_path / "clone")], check=True
    )
    past = Past(tmp_path / "clone")

    line = past.line(repository.tip(), YEAR, NOW, never)
    found = brought(past.read, line.landings, never)

    assert found is not None
    assert [len(commits) for commits in found.values()] == [1, 3]


def test_a_missing_commit_is_told_from_a_cut(repository: Simulator) -> None:
    first = repository.tip()
    repository.commit(by="ada", files={"web.yaml": "2"}, signed=False)
    repository.commit(by="ada", files={"web.yaml": "3"}, signed=False)
    (repository.path / "objects" / first[:2] / first[2:]).unlink()

    line = Past(repository.path).line(repository.tip(), YEAR, NOW, never)

    assert (len(line.landings), line.end) == (1, End.MISSING)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        pytest.param("echo 'change-id x'", "a header line is not known: 'change-id'", id="unknown header"),
        pytest.param("echo 'encoding KOI8-R'", "its encoding is not UTF-8", id="another encoding"),
    ],
)
def test_an_odd_commit_is_followed_and_named(repository: Simulator, spoil: str, what: str) -> None:
    who, parent = "Ada <ada@example.com> 1767225720 +0100", repository.tip()
    header = subprocess.run(["sh", "-c", spoil], capture_output=True, check=True).stdout
    raw = f"tree {repository.tree_of(parent)}\nparent {parent}\nauthor {who}\ncommitter {who}\n".encode()
    odd = repository.raw_commit(raw + header + b"\nOdd\n")
    repository.point("refs/heads/main", odd)

    line = Past(repository.path).line(odd, YEAR, NOW, never)

    ada = Person("Ada", "ada@example.com", EPOCH + timedelta(minutes=2))
    assert line.landings == (Odd(odd, what, (parent,), repository.tree_of(parent), ada, ada, ada.time),)


def test_what_bends_history_is_named_and_read_past(repository: Simulator) -> None:
    first, second = repository.tip(), repository.commit(by="ada", files={"web.yaml": "2"}, signed=False)
    repository.point(f"refs/replace/{second}", first)
    (repository.path / "info").mkdir(exist_ok=True)
    (repository.path / "info" / "grafts").write_text(f"{second}\n")
    past = Past(repository.path)

    line = past.line(second, YEAR, NOW, never)

    assert [landing.id for landing in line.landings] == [second]
    assert past.bends() == (
        "info/grafts: it gives commits other parents than they have",
        "refs/replace: git shows other objects than the ones named",
    )


def test_the_servers_default_branch_comes_before_ones_own(repository: Simulator, tmp_path: Path) -> None:
    clone = repository.clone(tmp_path / "clone")
    git("switch", "-q", "-c", "mine", at=clone)

    assert Past(clone).default_branch() == "refs/remotes/origin/main"
    assert Past(clone).branch("mine") == "refs/heads/mine"
    assert Past(clone).branch("main") == "refs/remotes/origin/main"


def test_a_detached_head_is_looked_at_itself(repository: Simulator, tmp_path: Path) -> None:
    """As a pipeline checks out a commit, without any branch."""
    clone = repository.clone(tmp_path / "clone")
    git("switch", "-q", "--detach", at=clone)
    git("remote", "remove", "origin", at=clone)

    past = Past(clone)

    assert (past.default_branch(), past.tip("HEAD")) == ("HEAD", repository.tip())


def test_a_work_tree_beside_the_clone_and_a_folder_in_it_are_the_clone(
    repository: Simulator, tmp_path: Path
) -> None:
    clone = repository.clone(tmp_path / "clone")
    (clone / "deep").mkdir()
    git("worktree", "add", "-q", str(tmp_path / "beside"), "-b", "beside", at=clone)

    folders = {Past.around(path).folder.resolve() for path in (clone, clone / "deep", tmp_path / "beside")}

    assert folders == {(clone / ".git").resolve()}


@pytest.mark.parametrize(
    ("make", "error", "what"),
    [
        pytest.param("git init -q .", NothingToSee, "has no commit yet", id="empty"),
        pytest.param(
            "git init -q --bare . && git fetch -q $FORGE main:refs/heads/other",
            NothingToSee,
            "has no default branch",
            id="HEAD without its branch",
        ),
        pytest.param("true", NotAStore, "is not a Git repository", id="no repository"),
    ],
)
def test_where_nothing_can_be_seen_it_is_said(
    repository: Simulator, tmp_path: Path, make: str, error: type[GitwarrantError], what: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    told = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "FORGE": repository.url}
    told["GIT_DEFAULT_HASH"] = "sha256" if repository.digits == 64 else "sha1"
    subprocess.run(["sh", "-c", make], cwd=folder, check=True, env=told)

    with pytest.raises(error, match=what) as raised:
        Past.around(folder).default_branch()

    assert raised.value.remedy


def test_files_that_no_environment_may_hold_are_left_out_by_name(repository: Simulator) -> None:
    blob = repository.blob(b"x")
    top = repository.raw_tree(
        [
            (0o100644, b"a\\b.yaml", blob),
            (0o120000, b"link.yaml", blob),
            (0o160000, b"module", repository.tip()),
            (0o100644, b"web.yaml", blob),
        ]
    )
    past = Past(repository.path)

    found = list(standing(past.objects, top))

    assert [one.path for one in found if isinstance(one, Standing)] == ["web.yaml"]
    assert [(one.path, one.reason) for one in found if isinstance(one, LeftOut)] == [
        (
            "b'a\\\\b.yaml'",
            "the name of 'a\\\\b.yaml' holds a backslash, which some systems read as a folder",
        ),
        ("link.yaml", "a symbolic link, which no environment may hold"),
        ("module", "a submodule"),
    ]
    [web] = [one for one in found if isinstance(one, Standing)]
    assert open_file(past.objects, web) == File("web.yaml", 0o100644, BlobId(blob), b"x")


def test_a_file_too_large_for_a_quick_look_is_left_out(repository: Simulator) -> None:
    blob = repository.blob(b"#" * 1_048_577)
    past = Past(repository.path)
    [large] = standing(past.objects, repository.raw_tree([(0o100644, b"large.yaml", blob)]))
    assert isinstance(large, Standing)

    assert open_file(past.objects, large) == LeftOut(
        "large.yaml", "1,048,577 bytes; a quick look reads 1,048,576 at most"
    )
