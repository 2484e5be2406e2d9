"""A change is read landing by landing, and agrees with git about what a merge is."""

import random
import subprocess
from pathlib import Path

import pytest
from tests.support.repositories import Simulator
from tests.support.sha256 import Sha256Simulator

from gitwarrant.git.reading import Repository
from gitwarrant.model.change import NO_BLOB, NO_MODE, BlobId, Change, Commit, Landing, OwnersFile, PathChange
from gitwarrant.model.errors import Refused

MAIN = "refs/heads/main"
FILE = 0o100644


@pytest.fixture(params=[Simulator, Sha256Simulator], ids=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Simulator:
    simulator: type[Simulator] = request.param
    return simulator(tmp_path / "forge.git")


def test_a_landing_is_read_with_the_commits_it_brought(repository: Simulator) -> None:
    """Oldest first, with exact bytes; a removed file has no new side."""
    base = repository.commit(by="alice", files={"old.yaml": "1", "web.yaml": "1"})
    repository.branch("feature")
    one = repository.commit(by="bob", on="feature", files={"web.yaml": "2"})
    two = repository.commit(by="bob", on="feature", files={"old.yaml": None})
    head = repository.merge("feature", by="alice")

    change = Repository(repository.path).change("shop", MAIN, base, head)

    was, now = BlobId(repository.blob(b"1")), BlobId(repository.blob(b"2"))
    removed = PathChange("old.yaml", FILE, was, NO_MODE, NO_BLOB)
    changed = PathChange("web.yaml", FILE, was, FILE, now)
    commits = (
        Commit(one, repository.bytes_of(one), (changed,)),
        Commit(two, repository.bytes_of(two), (removed,)),
        Commit(head, repository.bytes_of(head), ()),
    )
    trees = repository.tree_of(base), repository.tree_of(head)
    landing = Landing(head, base, *trees, commits, (removed, changed))
    assert change == Change("shop", MAIN, base, head, (landing,), ())


def test_a_landing_names_the_codeowners_files_that_stood_before_it(repository: Simulator) -> None:
    """Where any forge looks, by exact name; a folder is none; the landing's own edit shows in the next."""
    before = repository.commit(
        by="alice", files={"CODEOWNERS": "* @a", ".gitlab/codeowners": "no", "docs": "file"}
    )
    repository.commit(
        by="alice", files={"CODEOWNERS": "* @b", ".gitea/CODEOWNERS": ".* @c", ".github/CODEOWNERS/x": ""}
    )
    repository.commit(by="alice", files={"web.yaml": "1"})

    landings = Repository(repository.path).change("shop", MAIN, before, repository.tip()).landings

    top, gitea = (BlobId(repository.blob(text)) for text in (b"* @b", b".* @c"))
    assert [landing.owners for landing in landings] == [
        (OwnersFile("CODEOWNERS", BlobId(repository.blob(b"* @a"))),),
        (OwnersFile(".gitea/CODEOWNERS", gitea), OwnersFile("CODEOWNERS", top)),
    ]


def test_a_fast_forward_of_several_commits_is_as_many_landings(repository: Simulator) -> None:
    """Each step of the first-parent line stands for itself."""
    base = repository.commit(by="alice", files={"web.yaml": "1"})
    landed = tuple(repository.commit(by="alice", files={"web.yaml": text}) for text in "234")

    change = Repository(repository.path).change("shop", MAIN, base, repository.tip())

    assert tuple(landing.commit for landing in change.landings) == landed
    assert [len(landing.commits) for landing in change.landings] == [1, 1, 1]


def test_the_trusted_revision_itself_has_no_landings(repository: Simulator) -> None:
    """Nothing new is not an error."""
    base = repository.commit(by="alice", files={"web.yaml": "1"})

    assert Repository(repository.path).change("shop", MAIN, base, base) == Change(
        "shop", MAIN, base, base, (), ()
    )


def test_a_history_without_common_start_is_all_new(repository: Simulator) -> None:
    """Merging an unrelated history shows every file of it as somebody's work."""
    base = repository.commit(by="alice", files={"web.yaml": "1"})
    root = repository.commit(by="bob", on="other", parents=[], files={"lib.yaml": "1"})
    repository.merge("other", by="alice")

    [landing] = Repository(repository.path).change("shop", MAIN, base, repository.tip()).landings

    added = PathChange("lib.yaml", NO_MODE, NO_BLOB, FILE, BlobId(repository.blob(b"1")))
    assert [(commit.id, commit.changes) for commit in landing.commits] == [
        (root, (added,)),
        (repository.tip(), ()),
    ]


def test_a_ref_that_does_not_exist_is_named(repository: Simulator) -> None:
    """The remedy is to push it."""
    with pytest.raises(Refused, match="the ref refs/heads/none does not exist"):
        Repository(repository.path).resolve("refs/heads/none")


def test_a_ref_at_a_tree_is_no_revision(repository: Simulator) -> None:
    """What is not a commit cannot be signed."""
    repository.point(MAIN, repository.tree({"a": "x"}))

    with pytest.raises(Refused, match="is a tree, where a commit is named"):
        Repository(repository.path).resolve(MAIN)


def test_damaged_objects_are_found(repository: Simulator) -> None:
    """The store is not believed: bytes that do not hash to their name are no object."""
    base = repository.commit(by="alice", files={"web.yaml": "1"})
    other = repository.commit(by="alice", files={"web.yaml": "2"})
    path, source = (repository.path / "objects" / name[:2] / name[2:] for name in (other, base))
    path.chmod(0o644)
    path.write_bytes(source.read_bytes())

    with pytest.raises(Refused, match="is missing or damaged"):
        Repository(repository.path).change("shop", MAIN, base, other)


@pytest.mark.parametrize("seed", range(8))
def test_what_git_merges_cleanly_changes_nothing(repository: Simulator, seed: int) -> None:
    """Side by side: `git merge-tree` merges random edits, and we find no work of its own in that."""
    chance = random.Random(seed)
    names = [f"{folder}/{number}.yaml" for folder in ("dev", "prod") for number in range(4)]
    lines = {name: [f"{name} {number}" for number in range(30)] for name in names}

    def edit(first: int) -> dict[str, str | bytes | None]:
        edited: dict[str, str | bytes | None] = {f"new-{first}.yaml": "new"}
        for name in chance.sample(names, 5):
            changed = list(lines[name])
            changed[first + chance.randrange(10)] += " edited"
            edited[name] = "\n".join(changed)
        return edited

    base = repository.commit(by="alice", files={name: "\n".join(text) for name, text in lines.items()})
    repository.branch("feature")
    repository.commit(by="bob", on="feature", files=edit(0))
    mainline = repository.commit(by="alice", files=edit(20))
    command = ["git", f"--git-dir={repository.path}", "merge-tree", "--write-tree", "main", "feature"]
    tree = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    repository.merge("feature", by="alice", tree=tree)

    landing = Repository(repository.path).change("shop", MAIN, base, repository.tip()).landings[-1]

    assert (landing.parent, landing.commits[-1].changes) == (mainline, ())
