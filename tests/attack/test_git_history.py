"""Attacks on history, by somebody who may push anything: all stopped by fetch, or laid open to verify."""

import hashlib
import time
from pathlib import Path

import pytest
from tests.support.repositories import Simulator
from tests.support.sha256 import Sha256Simulator

from gitwarrant.git import ancestry
from gitwarrant.git.reading import Repository
from gitwarrant.model.change import NO_BLOB, NO_MODE, BlobId, Change, CommitId, PathChange
from gitwarrant.model.errors import Refused

MAIN = "refs/heads/main"
FILE = 0o100644


@pytest.fixture(params=[Simulator, Sha256Simulator], ids=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Simulator:
    simulator: type[Simulator] = request.param
    return simulator(tmp_path / "forge.git")


def change(repository: Simulator, base: CommitId, head: CommitId | None = None) -> Change:
    return Repository(repository.path).change("shop", MAIN, base, head or repository.tip())


def refusal(repository: Simulator, base: CommitId, head: CommitId | None = None) -> str:
    with pytest.raises(Refused) as caught:
        change(repository, base, head)

    assert caught.value.stage == "fetch"
    return caught.value.what


def blob(repository: Simulator, commit: CommitId, path: str) -> BlobId:
    return repository.blob_at(commit, path)


def edited(repository: Simulator, path: str, before: CommitId, after: CommitId) -> PathChange:
    return PathChange(path, FILE, blob(repository, before, path), FILE, blob(repository, after, path))


def test_ref_rewound(repository: Simulator) -> None:
    """Pushing an older revision brings back what was mended since."""
    old = repository.commit(by="alice", files={"web.yaml": "old"})
    trusted = repository.commit(by="alice", files={"web.yaml": "mended"})
    repository.rewind("main", old)

    assert refusal(repository, trusted) == f"{MAIN} moved backwards, from {trusted[:12]} to {old[:12]}"


def test_ref_rewritten(repository: Simulator) -> None:
    """Another commit in the place of the trusted one drops what that one did."""
    start = repository.commit(by="alice", files={"web.yaml": "old"})
    trusted = repository.commit(by="alice", files={"web.yaml": "mended"})
    repository.rewind("main", start)
    other = repository.commit(by="mallory", files={"web.yaml": "hers"})

    assert refusal(repository, trusted) == (
        f"{MAIN} was rewritten: {other[:12]} does not descend from {trusted[:12]}"
    )


def test_ref_rewritten_by_merging_it_as_a_side_branch(repository: Simulator) -> None:
    """A merge whose first parent is another branch keeps the trusted commit, but not on the line."""
    start = repository.commit(by="alice", files={"web.yaml": "old"})
    trusted = repository.commit(by="alice", files={"web.yaml": "mended"})
    repository.branch("hers", start)
    repository.commit(by="mallory", on="hers", files={"other.yaml": "hers"})
    head = repository.merge("main", into="hers", by="mallory")

    assert refusal(repository, trusted, head) == (
        f"{MAIN} was rewritten: {trusted[:12]} is a side branch of {head[:12]}, not on its first-parent line"
    )


def test_replace_ref(repository: Simulator) -> None:
    """A replace ref shows git another commit than the one that was signed."""
    trusted = repository.commit(by="alice", files={"web.yaml": "good"})
    evil = repository.commit(by="mallory", files={"web.yaml": "evil"}, on="evil")
    repository.point(f"refs/replace/{trusted}", evil)

    with pytest.raises(Refused, match="has refs/replace"):
        Repository(repository.path)


def test_replace_ref_when_packed(repository: Simulator) -> None:
    """Packed into one file, the replace ref is found all the same."""
    trusted = repository.commit(by="alice", files={"web.yaml": "good"})
    repository.point(f"refs/replace/{trusted}", trusted)
    repository.run("pack-refs", "--all")

    with pytest.raises(Refused, match="has refs/replace"):
        Repository(repository.path)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("info/grafts", id="graft"),
        pytest.param("objects/info/alternates", id="alternates"),
        pytest.param("shallow", id="shallow cut"),
    ],
)
def test_graft_or_alternates_or_shallow(repository: Simulator, file: str) -> None:
    """A file beside the objects that changes parents, cuts history or brings objects from elsewhere."""
    commit = repository.commit(by="alice", files={"web.yaml": "good"})
    (repository.path / file).parent.mkdir(exist_ok=True)
    (repository.path / file).write_text(f"{commit}\n")

    with pytest.raises(Refused, match=f"has {file}: "):
        Repository(repository.path)


def test_octopus_merge(repository: Simulator) -> None:
    """With three parents nobody can say what merging them cleanly would have given."""
    base = repository.commit(by="alice", files={"web.yaml": "x"})
    sides = [repository.commit(by="bob", on=name, files={name: "y"}, parents=[base]) for name in ("a", "b")]
    head = repository.commit(by="mallory", parents=[base, *sides], tree=repository.tree({}, base=base))

    assert refusal(repository, base) == f"commit {head[:12]} joins 3 parents (an octopus merge)"


@pytest.mark.parametrize("side_branch", [False, True], ids=["landing", "side branch"])
@pytest.mark.parametrize("parents", [1_000, 100_000])
def test_commit_of_very_many_parents(repository: Simulator, parents: int, side_branch: bool) -> None:
    """Refused by its size or the number of its parents, within seconds."""
    base = repository.commit(by="alice", files={"web.yaml": "x"})
    named = [base] * parents
    many = repository.commit(by="mallory", on="hers", parents=named, tree=repository.tree({}, base=base))
    head = many
    if side_branch:
        head = repository.commit(by="mallory", parents=[base, many], tree=repository.tree({}, base=base))
    began = time.monotonic()

    what = refusal(repository, base, head)

    assert "joins 1000 parents" in what or "the limit is 262,144" in what
    assert time.monotonic() - began < 5


def test_history_of_very_many_commits_at_once(repository: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A side branch with more commits than one change may bring is refused, not walked without end."""
    monkeypatch.setattr(ancestry, "MAX_WALKED", 50)
    base = repository.commit(by="alice", files={"web.yaml": "x"})
    repository.branch("hers")
    for number in range(60):
        repository.commit(by="mallory", on="hers", files={"web.yaml": str(number)}, signed=False)
    head = repository.merge("hers", by="mallory")

    assert refusal(repository, base, head) == "more than 50 commits lie between two revisions"


def test_duplicate_gpgsig(repository: Simulator) -> None:
    """Git verifies one signature and shows the other: the commit is malformed before trust sees it."""
    base = repository.commit(by="alice", files={"web.yaml": "x"})
    raw = repository.bytes_of(repository.commit(by="alice", files={"web.yaml": "y"}))
    twice = repository.raw_commit(repository.sign_commit(raw, "mallory"))
    repository.rewind("main", twice)

    assert refusal(repository, base) == (f"commit {twice[:12]} is malformed: it has two signature headers")


def test_missing_object(repository: Simulator) -> None:
    """A commit whose parent the server holds back is refused, not treated as the start of history."""
    base = repository.commit(by="alice", files={"web.yaml": "x"})
    head = repository.commit(by="alice", parents=["1" * len(base)], tree=repository.tree({}, base=base))

    assert refusal(repository, base, head) == f"commit {'1' * len(base)} is missing or damaged"


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


def test_commit_graph_that_lies(repository: Simulator) -> None:
    """A commit-graph that gives the trusted commit another parent would hide what that one brings."""
    start = repository.commit(by="alice", files={"web.yaml": "x"})
    trusted = repository.commit(by="alice", files={"web.yaml": "y"})
    hidden = repository.commit(
        by="mallory", on="hers", parents=[start], tree=repository.tree({"rbac.yaml": "admin"}, base=start)
    )
    head = repository.merge("hers", by="mallory")
    repository.run("commit-graph", "write", "--reachable")
    lie_in_commit_graph(repository, trusted, parent=hidden)
    assert hidden not in repository.run("rev-list", head, f"^{trusted}").split()

    [landing] = change(repository, trusted).landings

    assert [commit.id for commit in landing.commits] == [hidden, head]


def lie_in_commit_graph(repository: Simulator, commit: str, *, parent: str) -> None:
    """Make the commit-graph say that a commit has another first parent; its checksum is right again."""
    path = repository.path / "objects/info/commit-graph"
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    size = repository.digits // 2
    chunks = {bytes(data[at : at + 4]): int.from_bytes(data[at + 4 : at + 12]) for at in range(8, 68, 12)}
    ids = [bytes.fromhex(name) for name in sorted(repository.run("rev-list", "--all").split())]
    row = chunks[b"CDAT"] + ids.index(bytes.fromhex(commit)) * (size + 16) + size
    data[row : row + 4] = ids.index(bytes.fromhex(parent)).to_bytes(4)
    algorithm = hashlib.sha1 if size == 20 else hashlib.sha256
    path.write_bytes(data[:-size] + algorithm(data[:-size]).digest())
