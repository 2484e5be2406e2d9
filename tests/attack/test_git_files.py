"""Attacks on files and their names: one path that people and machines read differently, or far too much."""

from pathlib import Path

import pytest
from tests.support.repositories import Simulator

from gitwarrant.git.files import Bounds
from gitwarrant.git.reading import Repository
from gitwarrant.model.change import BlobId, CommitId, File, Tree
from gitwarrant.model.errors import Refused

BLOB, FOLDER, LINK, SUBMODULE = 0o100644, 0o40000, 0o120000, 0o160000
SMALL = Bounds(files=3, folders=4, depth=2, file_bytes=1000, total_bytes=1500)


@pytest.fixture
def repository(tmp_path: Path) -> Simulator:
    return Simulator(tmp_path / "forge.git")


def read(repository: Simulator, tree: str, folder: str = "", bounds: Bounds = SMALL) -> Tree:
    commit = repository.commit(by="mallory", tree=tree)
    return Repository(repository.path).tree(commit, folder, bounds)


def refusal(repository: Simulator, tree: str, folder: str = "") -> str:
    with pytest.raises(Refused) as caught:
        read(repository, tree, folder)

    assert caught.value.stage == "fetch"
    return caught.value.what


def test_an_honest_folder_is_read_sorted_by_path(repository: Simulator) -> None:
    """Only what lies below the folder is read; a submodule beside it does not matter."""
    inner = repository.tree({"b/x.yaml": "1", "a.yaml": "2"})
    tree = repository.raw_tree([(FOLDER, b"prod", inner), (SUBMODULE, b"vendor", "1" * 40)])

    found = read(repository, tree, "prod/")

    one, two = BlobId(repository.blob(b"1")), BlobId(repository.blob(b"2"))
    files = (File("prod/a.yaml", BLOB, two, b"2"), File("prod/b/x.yaml", BLOB, one, b"1"))
    assert found == Tree(CommitId(repository.tip()), inner, "prod", files)


@pytest.mark.parametrize(
    ("names", "what"),
    [
        pytest.param([b".GIT"], "the path '.GIT' reads as .git", id="dot_git_lookalike by case"),
        pytest.param([b"git~1"], "the path 'git~1' reads as .git", id="dot_git_lookalike by short name"),
        pytest.param(
            [b".git::$DATA"], "the path '.git::$DATA' reads as .git", id="dot_git_lookalike by stream"
        ),
        pytest.param(
            [".g\u200cit".encode()],
            "the path '.g\\u200cit' reads as .git",
            id="dot_git_lookalike by hidden character",
        ),
        pytest.param(
            ["a\u3164.yaml".encode()],
            "the name of 'a\\u3164.yaml' holds a character that shows nothing",
            id="blank letter",
        ),
        pytest.param([b".."], "the path '..' leaves its own folder", id="dot dot"),
    ],
)
def test_name_that_reads_as_another(repository: Simulator, names: list[bytes], what: str) -> None:
    """Two spellings of one name, or one that hides, are refused with the name made visible."""
    blob = repository.blob(b"kind: Pod")
    tree = repository.raw_tree([(BLOB, name, blob) for name in names])

    assert refusal(repository, tree).startswith(what)


def test_name_that_reads_as_another_in_a_change(repository: Simulator) -> None:
    """What cannot be shown to a reviewer does not get as far as verify."""
    base = repository.commit(by="alice", files={"web.yaml": "1"})
    tree = repository.raw_tree([(BLOB, b"\xff.yaml", repository.blob(b"x"))])
    head = repository.commit(by="mallory", tree=tree)

    with pytest.raises(Refused, match="is not UTF-8"):
        Repository(repository.path).change("shop", "refs/heads/main", base, head)


def test_huge_file_is_refused_before_its_bytes_are_loaded(
    repository: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 MB are refused by path and size; nothing of them is read."""
    tree = repository.tree({"big.yaml": bytes(100_000_000), "web.yaml": "1"})
    commit = repository.commit(by="mallory", tree=tree)
    reading = Repository(repository.path)
    monkeypatch.setattr(reading.objects, "blob", None)

    with pytest.raises(Refused) as caught:
        reading.tree(commit, "")

    assert caught.value.what == "big.yaml has 100,000,000 bytes; the limit for one file is 16,777,216"


@pytest.mark.parametrize(
    ("files", "what"),
    [
        pytest.param(
            dict.fromkeys("abcd", "x"), "the repository holds 4 files; the limit is 3", id="many files"
        ),
        pytest.param(
            {"a": "x" * 800, "b": "y" * 800},
            "the repository holds 1,600 bytes; the limit is 1,500",
            id="many bytes",
        ),
        pytest.param({"a/b/c/d": "x"}, "a/b/c/ holds folders nested 3 deep; the limit is 2", id="deep tree"),
        pytest.param(
            {f"{name}/x": "x" for name in "abcd"},
            "the repository holds more than 4 folders; the limit is 4",
            id="many folders",
        ),
    ],
)
def test_huge_tree(repository: Simulator, files: dict[str, str | bytes | None], what: str) -> None:
    """Each bound says what there is too much of."""
    assert refusal(repository, repository.tree(files)) == what


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"100644 b\0" + b"x" * 20 + b"100644 a\0" + b"x" * 20, id="out of order"),
        pytest.param(b"100644 a\0" + b"x" * 20 + b"40000 a\0" + b"x" * 20, id="name twice"),
        pytest.param(b"100664 a\0" + b"x" * 20, id="unknown mode"),
        pytest.param(b"100644 a/b\0" + b"x" * 20, id="slash in a name"),
        pytest.param(b"100644 a\0" + b"x" * 19, id="cut off"),
    ],
)
def test_malformed_tree(repository: Simulator, content: bytes) -> None:
    """A tree that git would read in its own way is refused."""
    tree = str(repository.git.odb.write(2, content))

    assert refusal(repository, tree).startswith(f"tree {tree} is malformed")


def test_a_missing_folder_is_refused(repository: Simulator) -> None:
    """The error names the folder, not an object id."""
    assert refusal(repository, repository.tree({"a": "x"}), "prod") == "the revision has no folder 'prod'"
