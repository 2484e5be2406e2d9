"""A developer's clone answers where it is and what it follows, or says what to do."""

import subprocess
from pathlib import Path

import pytest
from tests.support.repositories import Simulator

from gitwarrant.git.clone import Clone, CloneError, repository_name
from gitwarrant.git.objects import NotAStore
from gitwarrant.model.errors import Refused


@pytest.fixture
def forge(tmp_path: Path) -> Simulator:
    forge = Simulator(tmp_path / "forge.git")
    forge.commit(by="alice", files={"prod/web.yaml": "x", ".gitignore": "*.tmp\n"})
    return forge


def git(clone: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(clone), *arguments], check=True, capture_output=True)


def test_a_clone_knows_what_it_is(forge: Simulator, tmp_path: Path) -> None:
    """Found from a folder inside it."""
    path = forge.clone(tmp_path / "clone")
    clone = Clone.around(path / "prod")

    assert clone == Clone(path)
    assert clone.branch() == "refs/heads/main"
    assert clone.upstream() == "refs/remotes/origin/main"
    assert clone.remotes() == ("origin",)
    assert clone.remote_url() == forge.url
    assert clone.commit() == clone.commit("origin/main") == forge.tip()
    assert clone.ignored(["prod/web.yaml", "prod/x.tmp"]) == ("prod/x.tmp",)
    assert clone.setting("no.such") is None


def test_a_tag_that_is_called_like_a_branch_in_full_is_not_its_tip(forge: Simulator, tmp_path: Path) -> None:
    """Git, asked for a branch that it has not fetched, would take the tag."""
    forge.point("refs/tags/refs/remotes/origin/later", forge.tip())
    clone = Clone.around(forge.clone(tmp_path / "clone"))

    assert clone.tip("refs/remotes/origin/main") == forge.tip()
    assert clone.commit("refs/remotes/origin/later") == forge.tip()
    with pytest.raises(CloneError, match="knows no commit 'refs/remotes/origin/later'"):
        clone.tip("refs/remotes/origin/later")


def test_branches_that_parted_have_a_merge_base(forge: Simulator, tmp_path: Path) -> None:
    """Read from the objects, as verify reads them."""
    base = forge.tip()
    forge.branch("feature")
    feature = forge.commit(by="bob", on="feature", files={"a": "x"})
    main = forge.commit(by="alice", files={"b": "x"})
    clone = Clone.around(forge.clone(tmp_path / "clone"))

    assert clone.merge_base(main, feature) == base


def test_a_linked_work_tree_reads_the_main_clones_objects(forge: Simulator, tmp_path: Path) -> None:
    """git worktree add gives a folder whose .git is a file."""
    git(forge.clone(tmp_path / "clone"), "worktree", "add", "-q", str(tmp_path / "linked"))

    clone = Clone.around(tmp_path / "linked")

    assert clone.branch() == "refs/heads/linked"
    assert clone.reading().resolve("refs/heads/main") == forge.tip()


def test_a_credential_in_the_remote_is_not_shown(forge: Simulator, tmp_path: Path) -> None:
    """It would end in a terminal or a report."""
    path = forge.clone(tmp_path / "clone")
    git(path, "remote", "set-url", "origin", "https://bot:hunter2@forge.example/shop")

    assert Clone(path).remote_url() == "https://forge.example/shop"


def test_what_a_clone_lacks_is_said_with_a_remedy(forge: Simulator, tmp_path: Path) -> None:
    """Detached, without upstream, without remote, or no clone at all."""
    path = forge.clone(tmp_path / "clone")
    git(path, "switch", "-q", "-c", "alone")
    git(path, "switch", "-q", "--detach")
    clone = Clone(path)

    with pytest.raises(CloneError, match="has no branch checked out"):
        clone.branch()
    with pytest.raises(CloneError, match="branch alone follows no branch of a server"):
        clone.upstream("refs/heads/alone")
    with pytest.raises(CloneError, match="has no remote 'fork'"):
        clone.remote_url("fork")
    with pytest.raises(CloneError, match="knows no commit 'nothing'"):
        clone.commit("nothing")
    with pytest.raises(NotAStore, match="is not in a clone"):
        Clone.around(forge.path)
    with pytest.raises(NotAStore, match="is not in a clone"):
        Clone.around(tmp_path)


@pytest.mark.parametrize(
    ("options", "file"),
    [
        pytest.param(["--depth=1"], "shallow", id="shallow"),
        pytest.param(["--shared"], "objects/info/alternates", id="alternates"),
    ],
)
def test_a_clone_that_holds_half_of_history_is_not_judged(
    forge: Simulator, tmp_path: Path, options: list[str], file: str
) -> None:
    """The refusal names the file and the git command that completes the clone."""
    forge.commit(by="alice", files={"b": "x"})
    source = forge.url if file == "shallow" else str(forge.path)
    git(tmp_path, "clone", "-q", *options, source, str(tmp_path / "clone"))

    with pytest.raises(Refused, match=f"has {file}: .*\n  remedy: .*git (fetch --unshallow|repack -a -d)"):
        Clone(tmp_path / "clone").reading()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://forge.example/payments/shop.git", "payments/shop"),
        ("git@forge.example:payments/shop.git", "payments/shop"),
        ("git@forge.example:shop", "shop"),
        ("ssh://git@forge.example:2222/payments/shop/", "payments/shop"),
        ("file:///srv/git/shop.git", "git/shop"),
    ],
)
def test_a_repository_is_named_as_people_name_it(url: str, name: str) -> None:
    """Owner and name, without host and ending."""
    assert repository_name(url) == name
