"""Gitea's CODEOWNERS: expressions, each line that matches with its say, and nothing skipped."""

from time import monotonic

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.model.owners import Requirement
from gitwarrant.trust.codeowners.gitea import read
from gitwarrant.trust.paths import BadPattern

FILE = rb"""
.*\\.go @user1 @user2 # This is comment

# Comment too
frontend/src/.*\\.js @org1/team1 @user3
!frontend/.* @org1/team3
docs/(aws|azure)/[^/]*\\.(md|txt) @user8
/assets/.* @user9
dir/with\#hashtag @user10
path\ with\ space @user11
"""
OWNERS = read(FILE, "CODEOWNERS")


def requirement(line: int, pattern: str, *owners: str) -> Requirement:
    return Requirement(pattern, owners, 1, optional=False, section="", place=Place("CODEOWNERS", line))


BACKEND = requirement(6, "!frontend/.*", "@org1/team3")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(
            "frontend/src/a.js",
            (requirement(5, r"frontend/src/.*\.js", "@org1/team1", "@user3"),),
            id="a line",
        ),
        pytest.param(
            "cmd/main.go",
            (requirement(2, r".*\.go", "@user1", "@user2"), BACKEND),
            id="every line that matches",
        ),
        pytest.param("a.goo", (BACKEND,), id="the whole path has to match"),
        pytest.param(
            "docs/aws/a.md",
            (BACKEND, requirement(7, r"docs/(aws|azure)/[^/]*\.(md|txt)", "@user8")),
            id="groups",
        ),
        pytest.param(
            "assets/a", (BACKEND, requirement(8, "/assets/.*", "@user9")), id="a slash before it is dropped"
        ),
        pytest.param(
            "dir/with#hashtag", (BACKEND, requirement(9, "dir/with#hashtag", "@user10")), id="an escaped #"
        ),
        pytest.param(
            "path with space", (BACKEND, requirement(10, "path with space", "@user11")), id="escaped blanks"
        ),
        pytest.param("frontend/README", (), id="nobody"),
    ],
)
def test_each_line_that_matches_asks_for_its_own(path: str, expected: tuple[Requirement, ...]) -> None:
    assert OWNERS.requirements(path) == expected


def test_each_half_of_an_alternative_is_anchored_on_one_side() -> None:
    """As in Gitea, which puts `^` and `$` around the expression without a group."""
    owners = read(b"docs|main @a", "CODEOWNERS")

    assert [bool(owners.requirements(path)) for path in ("docs/a", "cmd/main", "a/docs", "main/a")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("docs/.*", "has no owner", id="no owner"),
        pytest.param("a#b @a", "'a' has no owner", id="a comment within a word"),
        pytest.param("docs/.* alice@example.com", "is not an owner", id="an e-mail address"),
        pytest.param("docs/.* @a/b/c", "is not an owner", id="a nested team"),
        pytest.param("docs/.* alice", "is not an owner", id="a bare name"),
        pytest.param("docs/( @a", "cannot be used: missing ):", id="no expression"),
        pytest.param("(?!docs/).* @a", "read '(?!docs/).*' differently", id="look-ahead"),
        pytest.param("(?i)docs @a", "differently", id="a flag"),
        pytest.param("[a-z-[aeiou]] @a", "differently", id="a set less a set"),
        pytest.param("[[:alpha:]] @a", "differently", id="a POSIX class"),
        pytest.param("\\\\pL @a", "differently", id="a Unicode class"),
        pytest.param("(((a{99}){99}){99}) @a", "cannot be used", id="too large"),
        pytest.param("! @a", "an expression has 1 to 1000", id="nothing turned round"),
        pytest.param("docs/.* @a\\", "a backslash escapes nothing", id="a backslash at the end"),
    ],
)
def test_a_line_that_does_not_parse_refuses_the_file(line: str, reason: str) -> None:
    with pytest.raises(BadPattern) as caught:
        read(f".* @org/everybody\n{line}\n".encode(), "CODEOWNERS")

    assert reason in caught.value.what
    assert caught.value.place == Place("CODEOWNERS", 2)


def test_a_path_that_versions_of_gitea_read_differently_is_refused() -> None:
    owners = read(rb"docs/\\w+ @a", "CODEOWNERS")

    with pytest.raises(BadPattern, match="versions of Gitea disagree") as caught:
        owners.requirements("docs/é")

    assert caught.value.place == Place("CODEOWNERS", 1)
    assert owners.requirements("docs/e")


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|aa)+b", "(.*a){20}b"])
def test_no_path_makes_matching_slow(pattern: str) -> None:
    """An engine that goes back would try for longer than the universe is old."""
    owners = read(f"{pattern} @a".encode(), "CODEOWNERS")
    started = monotonic()

    owners.requirements("a" * 4000)

    assert monotonic() - started < 1
