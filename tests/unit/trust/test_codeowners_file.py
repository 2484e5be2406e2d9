"""GitHub's CODEOWNERS files: what is read, and that nothing is skipped."""

from time import monotonic

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.model.identity import PathRule
from gitwarrant.trust.codeowners.github import OwnersLine, read
from gitwarrant.trust.paths import BadPattern, compile_pattern, rule_for


def test_a_file_is_read_with_its_lines() -> None:
    """Comments, blank lines, owners of all kinds, nobody, and a name with a blank."""
    data = b"""# who reviews what
* @org/everybody

/docs/  @alice bob@example.com # the writers
/free/
my\\ folder/ @bob
"""

    assert read(data, "CODEOWNERS").lines == (
        OwnersLine("*", ("@org/everybody",), Place("CODEOWNERS", 2)),
        OwnersLine("/docs/", ("@alice", "bob@example.com"), Place("CODEOWNERS", 4)),
        OwnersLine("/free/", (), Place("CODEOWNERS", 5)),
        OwnersLine("my\\ folder/", ("@bob",), Place("CODEOWNERS", 6)),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("!docs/ @alice", "'!' does not negate", id="negated"),
        pytest.param("\\#file @alice", "cannot begin with '#'", id="an escaped #"),
        pytest.param("docs/*** @alice", "three asterisks mean nothing", id="three asterisks"),
        pytest.param("docs\\ ", "a backslash escapes nothing", id="a backslash at the end"),
        pytest.param("docs\\/a @alice", "a backslash escapes nothing", id="an escaped slash"),
        pytest.param("docs//a @alice", "a name is missing between slashes", id="an empty name"),
        pytest.param("/ @alice", "it would match nothing", id="only a slash"),
        pytest.param("docs/ alice", "'alice' is not an owner", id="a bare name"),
        pytest.param("docs/ @alice,@bob", "is not an owner", id="a comma"),
        pytest.param("[Documentation] docs/ @alice", "'docs/' is not an owner", id="a section of GitLab"),
        pytest.param("x" * 1001 + " @alice", "1 to 1000 characters", id="too long"),
    ],
)
def test_a_line_that_does_not_parse_refuses_the_file(line: str, reason: str) -> None:
    """GitHub skips it; a skipped rule is a hole."""
    with pytest.raises(BadPattern) as caught:
        read(f"* @org/everybody\n{line}\n".encode(), "CODEOWNERS")

    assert reason in caught.value.what
    assert caught.value.place == Place("CODEOWNERS", 2)


@pytest.mark.parametrize("data", [b"\xff", b" " * 3_200_000], ids=["not UTF-8", "huge"])
def test_a_file_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(BadPattern):
        read(data, "CODEOWNERS")


def test_the_last_rule_that_matches_decides() -> None:
    rules = tuple(
        PathRule(pattern, frozenset(), 1, frozenset(), Place("rules.yaml", line))
        for line, pattern in enumerate(("*", "/docs/", "*.md"), 1)
    )

    assert [rule_for(path, rules) for path in ("a", "docs/a", "docs/a.md")] == list(rules)
    assert rule_for("a", rules[1:]) is None


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*a*a*b", "**/a/**/a/**/a/**/a/**/b", "**/*a*/**/*a*/**/*"])
@pytest.mark.parametrize("path", ["a" * 4000, "a/" * 2000 + "a", "ba" * 2000])
def test_no_path_makes_matching_slow(pattern: str, path: str) -> None:
    """Paths are chosen by whoever commits: matching that tries every split would take years here."""
    started = monotonic()

    compile_pattern(pattern).match(path)

    assert monotonic() - started < 1
