"""`try` over repositories of a newcomer: the screen as a whole, and what each number stands for."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.pages import ROOT, blocks
from tests.support.printed import neutral
from tests.support.repositories import EPOCH, Simulator
from tests.support.trials import NOW, forge_commit, listed, printed, tried

from gitwarrant.git.past import End
from gitwarrant.pipeline.trial.counted import counted
from gitwarrant.pipeline.trial.facts import Hand, Kind, Reason, Signature

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {hostPID: true, containers: [{name: web, image: web}]}
"""
OWNERS = "* @shop/platform\ndocs/ nobody\n"


@pytest.fixture
def repository(tmp_path: Path) -> Simulator:
    """One commit, from which on things land."""
    made = Simulator(tmp_path / "environments.git")
    made.commit(by="ada", files={"production/web.yaml": POD, ".github/CODEOWNERS": OWNERS})
    return made


@pytest.fixture
def mixed(repository: Simulator) -> Simulator:
    """A landing of every kind: pushed, merged by the author and by another, by the forge."""
    repository.commit(by="ada", files={"notes": "1"})
    repository.commit(by="bob", files={"notes": "2"}, signed=False)
    repository.branch("feature")
    repository.commit(
        by="ada", on="feature", files={"production/db/kustomization.yaml": "resources: [db.yaml]\n"}
    )
    repository.merge("feature", by="bob")
    repository.branch("own")
    repository.commit(by="bob", on="own", files={"chart/Chart.yaml": "name: chart\n"})
    repository.merge("own", by="bob")
    forge_commit(repository, author="eve", files={"notes": "3"}, minute=30)
    repository.branch("pull")
    repository.commit(by="eve", on="pull", files={"notes": "4"}, signed=False)
    forge_commit(repository, author="ada", files={}, merge="pull", minute=40)
    return repository


SCREEN = """\
shop/environments, branch main: 6 landings from 2025-10-04 to 2026-01-02

Who could land alone
  2 people landed something. Where a deploy follows the branch, any one of these accounts,
  stolen, is enough, unless the forge protects the branch, which Git does not show.
  3 of 6 landings show one person's hand only:
    Bob                                                3 landed     2 alone
    Ada                                                2 landed     1 alone
  1 landing without a name: the forge made the commit (or it cannot be read), and Git does not
  say for whom. Written by:
    Eve                                                1 written

How it landed
  3 by a merge, 1 committed by the forge (squash, rebase or browser), 2 pushed
  landings commits
         3       5  signed with an SSH key, and the signature is right
         2       2  signed by the forge (so its address says; the key is not looked at)
         1       2  unsigned
  2 landed by somebody who wrote none of it, 1 by a bot or by nobody knows whom. Git knows no
  more of reviews: the forge keeps them, and a 'Reviewed-by' line anybody can write.
  .github/CODEOWNERS: 1 line, as GitHub reads them.
    .github/CODEOWNERS:2: 'nobody' is not an owner (GitHub skips such a line silently)

What the manifests say
  5 findings in 1 object in 1 file. A new environment (basic-security) refuses 1 of them.
       1  high     host-namespaces        production/web.yaml:4:17
       1  medium   dangerous-capabilities production/web.yaml:4:36
       1  medium   missing-limits         production/web.yaml:4:36
       1  medium   runs-as-root           production/web.yaml:4:36
       1  of 1 other check
  Not judged yet: 1 file of Helm, in 1 folder.
  Not judged yet: 1 file of Kustomize, in 1 folder.

What the rules would have refused
  6 of 6 landings, by the rules that 'gitwarrant init' writes and one approval by another
  person, even if everybody's name and SSH keys had been in them. The first reasons:
       2  holds an unsigned commit: nothing proves who wrote it
          such as ID notes
       1  holds a commit that only the forge signed, as it does for whoever has the account
          such as ID notes
       2  signed, but no second person landed it: one has to approve
          such as ID chart/Chart.yaml
       1  signed, and landed by somebody else: only his signed approval is missing
          such as ID production/db/kustomization.yaml

Start here
  gitwarrant init --environment production --path production --namespace shop
  A guess: manifests lie in a folder named 'production'; 1 of its manifests name the namespace.
  1 folder in it a tool must render, which gitwarrant refuses until they are plain YAML.

Read from commits alone; nothing was changed. --details lists all of it, --output json with commits.
"""


def test_the_screen_answers_in_the_order_in_which_somebody_new_asks(mixed: Simulator) -> None:
    assert "\n".join(map(neutral, printed(tried(mixed.path)).split("\n"))) == SCREEN


def test_the_page_about_it_shows_this_screen() -> None:
    [shown] = [block.text for block in blocks(ROOT / "docs" / "explanation" / "what-try-says.md")]

    assert shown == SCREEN


def test_every_number_stands_for_commits(mixed: Simulator) -> None:
    seen = tried(mixed.path)

    groups = counted(seen.history)

    assert {
        name: {key: len(commits) for key, commits in group.items()} for name, group in groups.items()
    } == {
        "landings_by_kind": {"merge": 3, "forge": 1, "push": 2},
        "landings_by_hand": {"other": 2, "unknown": 1, "alone": 3},
        "landings_by_signature": {"forge": 2, "person": 3, "none": 1},
        "landings_refused": {"unsigned": 2, "forge": 1, "no_second": 2, "second_unsigned": 1},
        "commits_by_signature": {"none": 2, "forge": 2, "person": 5},
    }
    assert groups["landings_by_hand"]["unknown"] == (seen.history.landings[1].commit,)


def test_details_say_of_each_landing_what_verify_says(mixed: Simulator) -> None:
    text = listed(tried(mixed.path))

    newest = mixed.tip()
    assert f"  {newest[:12]} 2026-01-01 merge, by Ada\n    written by Eve; 2 commits, 1 paths; " in text
    assert f"landing {newest[:12]}: commit " in text
    assert "Ada: ada@example.com, SHA256:" in text
    assert "production/web.yaml:4:17: high host-namespaces: " in text


def one_author_other_merger(repository: Simulator) -> None:
    repository.branch("feature")
    repository.commit(by="ada", on="feature", files={"notes": "1"})
    repository.merge("feature", by="bob")


def two_authors_one_merges(repository: Simulator) -> None:
    repository.branch("feature")
    repository.commit(by="ada", on="feature", files={"notes": "1"})
    repository.commit(by="bob", on="feature", files={"notes": "2"})
    repository.merge("feature", by="bob")


def own_merge(repository: Simulator) -> None:
    repository.branch("feature")
    repository.commit(by="ada", on="feature", files={"notes": "1"})
    repository.merge("feature", by="ada")


def merged_by_a_bot(repository: Simulator) -> None:
    """Somebody asked it to; Git does not say who."""
    repository.branch("feature")
    repository.commit(by="ada", on="feature", files={"notes": "1"})
    repository.merge("feature", by="deploy[bot]")


def merge_of_main_inside(repository: Simulator) -> None:
    """Who takes main into his branch is no author of what main has."""
    repository.branch("feature")
    repository.commit(by="ada", on="feature", files={"notes": "1"})
    repository.merge("main", by="ada", into="feature")
    repository.merge("feature", by="bob")


@pytest.mark.parametrize(
    ("land", "kind", "hand", "reason"),
    [
        pytest.param(one_author_other_merger, Kind.MERGE, Hand.OTHER, Reason.SECOND_UNSIGNED, id="two hands"),
        pytest.param(
            two_authors_one_merges, Kind.MERGE, Hand.SHARED, Reason.NO_SECOND, id="an author merges"
        ),
        pytest.param(own_merge, Kind.MERGE, Hand.ALONE, Reason.NO_SECOND, id="one's own merge"),
        pytest.param(merged_by_a_bot, Kind.MERGE, Hand.ROBOT, Reason.NO_SECOND, id="a bot merges"),
        pytest.param(merge_of_main_inside, Kind.MERGE, Hand.OTHER, Reason.SECOND_UNSIGNED, id="main inside"),
        pytest.param(
            lambda repository: repository.commit(by="ada", files={"notes": "1"}),
            *(Kind.PUSH, Hand.ALONE, Reason.NO_SECOND),
            id="pushed",
        ),
        pytest.param(
            lambda repository: repository.commit(by="bob", author="ada", files={"notes": "1"}, signed=False),
            *(Kind.PUSH, Hand.OTHER, Reason.UNSIGNED),
            id="committed by another",
        ),
        pytest.param(
            lambda repository: repository.commit(by="bob", author="ada", files={"notes": "1"}),
            *(Kind.PUSH, Hand.OTHER, Reason.OTHERS_NAME),
            id="signed in another's name",
        ),
        pytest.param(
            lambda repository: forge_commit(repository, author="ada", files={"notes": "1"}, minute=9),
            *(Kind.FORGE, Hand.UNKNOWN, Reason.FORGE),
            id="squashed by the forge",
        ),
    ],
)
def test_a_landing_shows_how_it_came_and_by_whose_hand(
    repository: Simulator, land: Callable[[Simulator], object], kind: Kind, hand: Hand, reason: Reason
) -> None:
    land(repository)

    landing = tried(repository.path).history.landings[0]

    assert (landing.kind, landing.hand) == (kind, hand)
    assert landing.refusal is not None
    assert landing.refusal.reason is reason


def test_one_person_with_two_addresses_is_counted_once(repository: Simulator) -> None:
    """By the name, and by the key: so nobody passes for two people who are one."""
    payload = b"tree %s\nparent %s\nauthor Ada <ada@home.example> 1767225600 +0000\ncommitter Ada " % (
        repository.tree({"notes": "1"}, base=repository.tip()).encode(),
        repository.tip().encode(),
    )
    commit = repository.raw_commit(payload + b"<ada@example.com> 1767225600 +0000\n\nFrom home\n")
    repository.point("refs/heads/main", commit)

    [landing] = tried(repository.path).history.landings

    assert (landing.hand, landing.authors, landing.lander) == (Hand.ALONE, ("Ada",), "Ada")


def test_a_commit_that_git_reads_and_we_refuse_is_counted_with_its_reason(repository: Simulator) -> None:
    payload = f"tree {repository.tree({'notes': '1'}, base=repository.tip())}\nparent {repository.tip()}\n"
    who = "Ada <ada@example.com> 1767225600 +0000"
    odd = repository.raw_commit(
        f"{payload}author {who}\ncommitter {who}\nchange-id abc\n\nMade by another tool\n".encode()
    )
    repository.point("refs/heads/main", odd)
    repository.commit(by="ada", files={"notes": "2"})

    seen = tried(repository.path)

    assert [(commit.id, commit.odd, commit.signature) for commit in seen.history.odd] == [
        (odd, "a header line is not known: 'change-id'", Signature.UNREAD)
    ]
    landing = seen.history.landings[1]
    assert (landing.lander, landing.hand, landing.refusal and landing.refusal.reason) == (
        "Ada",
        Hand.ALONE,
        Reason.NOT_READ,
    )
    assert "1 commit that git accepts and gitwarrant would refuse: 1 because a header line" in printed(seen)


def test_an_octopus_is_refused_before_verify_is_asked(repository: Simulator) -> None:
    tips = [repository.tip()]
    for name in ("one", "two"):
        repository.branch(name)
        tips.append(repository.commit(by="ada", on=name, files={name: "1"}))
    repository.commit(by="ada", parents=tips, files={})

    [landing] = tried(repository.path).history.landings

    assert len(landing.commits) == 3
    assert landing.refusal is not None
    assert landing.refusal.said.endswith("joins 3 parents (an octopus merge)")


def test_a_landing_that_changes_nothing_would_have_passed(repository: Simulator) -> None:
    """The one thing that no rule covers."""
    repository.commit(by="ada", files={})

    seen = tried(repository.path)

    assert [landing.refusal for landing in seen.history.landings] == [None]
    assert "  0 of 1 landing, by the rules" in printed(seen)


def test_the_window_ends_with_the_newest_landing_where_nothing_newer_landed(repository: Simulator) -> None:
    repository.commit(by="ada", files={"notes": "1"}, when=EPOCH - timedelta(days=200))
    repository.commit(by="ada", files={"notes": "2"}, when=EPOCH + timedelta(minutes=2))

    seen = tried(repository.path, now=NOW + timedelta(days=1000), since=timedelta(days=30))

    assert (seen.history.until, len(seen.history.landings)) == (EPOCH + timedelta(minutes=2), 1)
    assert "Nothing newer has landed" in printed(seen)


def test_one_old_date_does_not_end_the_window(repository: Simulator) -> None:
    """Dates are the committers' own: a branch that waited for a year lands today."""
    for number, days in enumerate((0, 400, 0, 400)):
        when = EPOCH + timedelta(minutes=9 + number) - timedelta(days=days)
        repository.commit(by="ada", files={"notes": str(number)}, when=when)

    seen = tried(repository.path)

    assert (len(seen.history.landings), seen.history.end) == (4, End.FIRST)


def test_what_the_time_did_not_suffice_for_is_said(mixed: Simulator) -> None:
    """A clock that leaps: history ends in the middle, and so do manifests."""
    ticks = iter(range(1000))

    seen = tried(mixed.path, seconds=20, clock=lambda: next(ticks))

    text = printed(seen)
    assert "the time was used up" in text
    assert "branch main: 6 landings" not in text
    assert " from 2026-01-01 to 2026-01-02" in text


def test_without_any_time_nothing_is_claimed(mixed: Simulator) -> None:
    ticks = iter(range(1000))

    text = printed(tried(mixed.path, seconds=0.5, clock=lambda: next(ticks)))

    assert text.splitlines()[:8] == [
        "shop/environments, branch main: 0 landings from 2026-01-02 to 2026-01-02",
        "  Older landings are not in these numbers: the time was used up.",
        "",
        "What the manifests say",
        "  No plain Kubernetes manifest was read, so no check was run.",
        "  Not judged yet: 1 file of Helm, in 1 folder.",
        "  Not judged yet: 1 file of Kustomize, in 1 folder.",
        "  1 file not looked at: the time was used up (--seconds).",
    ]


def test_a_repository_that_has_begun_is_sent_to_verify(repository: Simulator) -> None:
    repository.commit(by="ada", files={".gitwarrant/trust.yaml": "version: 1\n"})

    assert "What its own rules say: gitwarrant verify" in printed(tried(repository.path))


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        pytest.param(
            "CODEOWNERS", "* @ada\n/docs/ @bob\n", "CODEOWNERS: 2 lines, as GitHub reads", id="github"
        ),
        pytest.param(
            ".gitlab/CODEOWNERS", "* @ada\n", "CODEOWNERS: 1 line, as GitLab reads", id="by its folder"
        ),
        pytest.param(
            ".forgejo/CODEOWNERS", ".* @ada\n", "CODEOWNERS: 1 line, as Gitea reads", id="Forgejo is a Gitea"
        ),
        pytest.param(
            "docs/CODEOWNERS", "[Docs]\n* @ada\n", "CODEOWNERS: 1 line, as GitLab reads", id="by sections"
        ),
        pytest.param("CODEOWNERS", "[Docs]\n* @ada\na\n", "'a' has no owner, nor has its section", id="bad"),
        pytest.param("OWNERS", "* @ada\n", "There is no CODEOWNERS file.", id="another name"),
    ],
)
def test_code_owners_are_looked_for_where_forges_look(
    tmp_path: Path, path: str, text: str, said: str
) -> None:
    repository = Simulator(tmp_path / "forge.git")
    repository.commit(by="ada", files={path: text})
    repository.commit(by="ada", files={"notes": "1"})

    assert said in printed(tried(repository.path))


def test_manifests_that_cannot_be_read_are_never_passed(tmp_path: Path) -> None:
    repository = Simulator(tmp_path / "forge.git")
    broken = "apiVersion: v1\nkind: Pod\nkind: Pod\nmetadata: {name: web}\n"
    repository.commit(by="ada", files={"a.yaml": broken, "values.yaml": "replicas: 2\n", ".ci/pod.yaml": POD})

    seen = tried(repository.path).manifests

    assert (seen.objects, seen.no_manifest, [one.place.path for one in seen.unreadable]) == (0, 1, ["a.yaml"])


def test_nothing_of_the_repository_is_changed(mixed: Simulator) -> None:
    def state() -> dict[str, tuple[int, int]]:
        found = (Path(folder) / name for folder, _, names in os.walk(mixed.path) for name in names)
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}

    before = state()

    tried(mixed.path)

    assert state() == before
