"""What a reviewer looked at is read from objects; what cannot be read says so and stops nobody else."""

from dataclasses import replace
from pathlib import Path

import pygit2
import pytest
from tests.support.chain import NOW
from tests.support.repositories import Simulator

from gitwarrant.git.reading import Repository
from gitwarrant.git.reviewed import reviewed
from gitwarrant.model.change import CommitId, PathChange, diff_digest
from gitwarrant.model.owners import Forge
from gitwarrant.model.review import PullRequest, Review, ReviewState

MAIN = "refs/heads/main"


@pytest.fixture
def repository(tmp_path: Path) -> Simulator:
    """main, and a branch of two commits of bob that was squashed onto it."""
    made = Simulator(tmp_path / "forge.git")
    made.commit(by="alice", files={"web.yaml": "1"})
    made.branch("more")
    made.commit(by="bob", on="more", files={"web.yaml": "2"})
    made.commit(by="bob", on="more", files={"new.yaml": "3"}, author="carol")
    made.commit(by="alice", files={"web.yaml": "2", "new.yaml": "3"}, signed=False)
    return made


def parent(repository: Simulator, commit: str) -> CommitId:
    return CommitId(str(repository.git[commit].peel(pygit2.Commit).parent_ids[0]))


def request(repository: Simulator, **fields: object) -> PullRequest:
    landed, head = repository.tip(), repository.tip("more")
    base = parent(repository, landed)
    made = PullRequest(
        "gitea", Forge.GITEA, "o/n", 7, "refs/pull/7/head", MAIN, landed, head, base, author="bob"
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # fields of PullRequest, by name


def review(commit: CommitId) -> Review:
    return Review("gitea", "o/n", 7, "carol", ReviewState.APPROVED, commit, NOW, official=True, stale=False)


def test_the_difference_its_steps_and_who_wrote_them_are_read(repository: Simulator) -> None:
    """All is computed from trees and commits between the request's base and what was reviewed."""
    asked = request(repository)

    [read] = reviewed(Repository(repository.path), asked, asked.head, [review(asked.head)])

    one, two = (repository.blob(text) for text in (b"1", b"2"))
    edit = PathChange("web.yaml", 0o100644, one, 0o100644, two)  # type: ignore[arg-type]  # ids as the store gives them
    new = PathChange("new.yaml", 0, "", 0o100644, repository.blob(b"3"))  # type: ignore[arg-type]  # as above
    assert read.changes == (new, edit)
    assert read.steps == (diff_digest([edit]), diff_digest([new]))
    assert read.emails == frozenset({"bob@example.com", "carol@example.com"})
    assert read.problem == ""


def test_a_branch_that_merges_has_no_steps(repository: Simulator) -> None:
    """Its difference as a whole still counts."""
    repository.branch("aside", parent(repository, repository.tip("more")))
    repository.commit(by="dave", on="aside", files={"aside.yaml": "4"})
    repository.merge("aside", by="bob", into="more")
    asked = request(repository)

    [read] = reviewed(Repository(repository.path), asked, asked.head, [review(asked.head)])

    assert [change.path for change in read.changes] == ["aside.yaml", "new.yaml", "web.yaml"]
    assert read.steps == ()
    assert "dave@example.com" in read.emails


def test_a_commit_that_left_the_branch_is_not_read(repository: Simulator) -> None:
    """It was reviewed, then the branch was forced to something else."""
    before = repository.tip("more")
    repository.rewind("more", parent(repository, before))
    asked = request(repository)

    [gone, missing] = reviewed(
        Repository(repository.path), asked, asked.head, [review(before), review(CommitId("9" * 40))]
    )

    for read, commit in ((gone, before), (missing, "9" * 40)):
        assert (
            read.problem
            == f"the commit {commit[:12]} that was reviewed is not on the request's branch any more"
        )
        assert (read.changes, read.steps, read.emails) == ((), (), frozenset())


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        pytest.param("landed", "it does not come from", id="not behind the branch"),
        pytest.param(
            "first of the branch", "which the protected ref did not have before it", id="on the branch"
        ),
        pytest.param("nowhere", "it does not come from", id="not there"),
    ],
)
def test_a_base_that_hides_a_part_of_the_branch_is_not_believed(
    repository: Simulator, base: str, problem: str
) -> None:
    """From a later base the difference would look smaller than what lands."""
    asked = request(repository)
    bases = {
        "landed": asked.landed,
        "first of the branch": parent(repository, asked.head),
        "nowhere": CommitId("9" * 40),
    }
    lying = replace(asked, base=bases[base])

    [read] = reviewed(Repository(repository.path), lying, asked.head, [review(asked.head)])

    assert problem in read.problem


def test_what_cannot_be_read_stops_nobody_else(repository: Simulator) -> None:
    """Anybody may push a branch; a malformed commit in it costs that request its review, and no more."""
    head = repository.tip("more")
    broken = repository.raw_commit(
        b"tree " + repository.tree_of(head).encode() + b"\nparent " + head.encode() + b"\n\n"
    )
    good = request(repository)
    bad = replace(good, number=8, head=broken)

    read = [
        reviewed(Repository(repository.path), asked, asked.head, [review(asked.head)])[0].problem
        for asked in (bad, good)
    ]

    assert read[0].startswith("what was reviewed cannot be read: ")
    assert read[1] == ""
