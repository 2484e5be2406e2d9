"""Attacks on history, by somebody who may push anything: all stopped by fetch, or laid open to verify."""

from pathlib import Path

import pytest
from tests.support.repositories import Simulator

from gitwarrant.git.reading import Repository
from gitwarrant.model.change import NO_BLOB, NO_MODE, BlobId, Change, CommitId, PathChange
from gitwarrant.model.errors import Refused

MAIN = "refs/heads/main"
FILE = 0o100644


@pytest.fixture
def repository(tmp_path: Path) -> Simulator:
    return Simulator(tmp_path / "forge.git")


def change(repository: Simulator, base: CommitId, head: CommitId | None = None) -> Change:
    return Repository(repository.path).change("shop", MAIN, base, head or repository.tip())


def blob(repository: Simulator, commit: CommitId, path: str) -> BlobId:
    return BlobId(str(repository.git[commit].tree[path].id))


def edited(repository: Simulator, path: str, before: CommitId, after: CommitId) -> PathChange:
    return PathChange(path, FILE, blob(repository, before, path), FILE, blob(repository, after, path))


def test_replace_ref_when_packed(repository: Simulator) -> None:
    """Packed into one file, the replace ref is found all the same."""
    trusted = repository.commit(by="alice", files={"web.yaml": "good"})
    repository.point(f"refs/replace/{trusted}", trusted)
    repository.git.compress_references()

    with pytest.raises(Refused, match="has refs/replace"):
        Repository(repository.path)


def test_merge_hides_an_edit(repository: Simulator) -> None:
    """An edit that neither parent has is the merge's own change; so is a file that only the merge brings."""
    base = repository.commit(by="alice", files={"web.yaml": "a\nb\nc\nd\ne\n", "rbac.yaml": "view"})
    repository.branch("feature")
    feature = repository.commit(by="bob", on="feature", files={"web.yaml": "a\nb\nc\nd\nE\n"})
    repository.commit(by="alice", files={"web.yaml": "A\nb\nc\nd\ne\n"})
    head = repository.merge("feature", by="mallory", files={"rbac.yaml": "admin", "new.yaml": "pod"})

    [_, landing] = change(repository, base).landings

    assert [commit.id for commit in landing.commits] == [feature, head]
    assert landing.commits[-1].changes == (
        PathChange("new.yaml", NO_MODE, NO_BLOB, FILE, blob(repository, head, "new.yaml")),
        edited(repository, "rbac.yaml", base, head),
    )


def test_merge_without_an_edit_changes_nothing(repository: Simulator) -> None:
    """Both sides changed the same file in different lines: the merge of it is nobody's own work."""
    base = repository.commit(by="alice", files={"web.yaml": "a\nb\nc\nd\ne\n"})
    repository.branch("feature")
    feature = repository.commit(by="bob", on="feature", files={"web.yaml": "a\nb\nc\nd\nE\n"})
    mainline = repository.commit(by="alice", files={"web.yaml": "A\nb\nc\nd\ne\n"})
    head = repository.merge("feature", by="alice")

    landing = change(repository, base).landings[-1]

    assert [commit.changes for commit in landing.commits] == [
        (edited(repository, "web.yaml", base, feature),),
        (),
    ]
    assert landing.changes == (edited(repository, "web.yaml", mainline, head),)


def test_merge_ours_reverts(repository: Simulator) -> None:
    """Merging main into a branch with `-s ours` drops main's mending silently: the merge answers for it."""
    start = repository.commit(by="alice", files={"web.yaml": "broken"})
    repository.branch("feature")
    repository.commit(by="bob", on="feature", files={"other.yaml": "x"})
    mended = repository.commit(by="alice", files={"web.yaml": "mended"})
    ours = repository.merge(
        "main", into="feature", by="mallory", tree=repository.tree_of(repository.tip("feature"))
    )
    repository.merge("feature", by="mallory", tree=repository.tree_of(ours))

    [landing] = change(repository, mended).landings

    own = {commit.id: commit.changes for commit in landing.commits}
    assert own[ours] == (edited(repository, "web.yaml", mended, start),)
    assert landing.changes[1] == edited(repository, "web.yaml", mended, start)


def test_merge_theirs_reverts(repository: Simulator) -> None:
    """A merge into main that takes the branch's old files for all paths is the merge's own change."""
    start = repository.commit(by="alice", files={"web.yaml": "broken"})
    repository.branch("feature")
    theirs = repository.commit(by="bob", on="feature", files={"other.yaml": "x"})
    mended = repository.commit(by="alice", files={"web.yaml": "mended"})
    repository.merge("feature", by="mallory", tree=repository.tree_of(theirs))

    [landing] = change(repository, mended).landings

    assert landing.commits[-1].changes == (edited(repository, "web.yaml", mended, start),)


@pytest.mark.parametrize("kept", ["ours", "theirs", "neither"])
def test_merge_conflict_resolved_in_somebodys_favour(repository: Simulator, kept: str) -> None:
    """Where parents conflict somebody chose, so the merge answers for the path whatever it took."""
    base = repository.commit(by="alice", files={"web.yaml": "1"})
    repository.branch("feature")
    theirs = repository.commit(by="bob", on="feature", files={"web.yaml": "2"})
    ours = repository.commit(by="alice", files={"web.yaml": "3"})
    result = {"ours": "3", "theirs": "2", "neither": "4"}[kept]
    head = repository.merge("feature", by="mallory", tree=repository.tree({"web.yaml": result}))

    merge = change(repository, base).landings[-1].commits[-1]

    dropped = theirs if kept == "ours" else ours
    assert merge.changes == (edited(repository, "web.yaml", dropped, head),)


def test_merge_of_a_criss_cross_history_picks_the_older_side(repository: Simulator) -> None:
    """Two best common ancestors disagree about a path: no clean merge exists, so taking one is a change."""
    start = repository.commit(by="alice", files={"api.yaml": "good", "web.yaml": "good"})
    repository.branch("one", start)
    repository.branch("two", start)
    one = repository.commit(by="alice", on="one", files={"api.yaml": "bad"})
    two = repository.commit(by="bob", on="two", files={"web.yaml": "bad"})
    base = repository.commit(by="alice", parents=[one, two], tree=repository.tree_of(start))
    bad = repository.tree({"api.yaml": "bad", "web.yaml": "bad"})
    crossed = repository.commit(by="mallory", on="hers", parents=[two, one], tree=bad)
    head = repository.commit(by="mallory", parents=[base, crossed], tree=bad)

    [landing] = change(repository, base).landings

    assert landing.commits[-1].changes == tuple(
        edited(repository, path, base, head) for path in ("api.yaml", "web.yaml")
    )


def test_merge_carries_an_edit_along_a_rename(repository: Simulator) -> None:
    """Following renames would let an edit of one path reach another for which nobody answered."""
    lines = "".join(f"line {number}\n" for number in range(20))
    base = repository.commit(by="alice", files={"dev.yaml": lines})
    repository.branch("feature")
    repository.commit(by="bob", on="feature", files={"dev.yaml": None, "production.yaml": lines})
    repository.commit(by="alice", files={"dev.yaml": lines + "privileged\n"})
    head = repository.merge(
        "feature", by="mallory", tree=repository.tree({"production.yaml": lines + "privileged\n"})
    )

    merge = change(repository, base).landings[-1].commits[-1]

    assert [own.path for own in merge.changes] == ["dev.yaml", "production.yaml"]
    assert merge.id == head
