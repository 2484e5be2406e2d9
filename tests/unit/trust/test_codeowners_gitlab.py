"""GitLab's CODEOWNERS: sections with a say of their own, wildcards as Ruby has them, and nothing skipped."""

from time import monotonic

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.model.owners import Requirement
from gitwarrant.trust.codeowners.gitlab import read
from gitwarrant.trust.paths import BadPattern

FILE = b"""\
# who accepts what
* @default-owner @group/with/subgroup
!pom.xml
\\#odd.rb @odd
path\\ with\\ spaces/ @space-owner

[Documentation] @docs
docs/
README.md janedoe@example.com
/docs/internal/ @@maintainers

^[Go]
*.go @gopher

[Database][2] @dba @agarcia
model/db/

[Ruby]
*.rb @ruby-team # all of it
!/config/**/*.rb   # but for these
/config/routes.rb @ops

[DOCUMENTATION]
README.md @editors
"""
OWNERS = read(FILE, "CODEOWNERS")


def requirement(
    line: int, pattern: str, *owners: str, section: str = "", approvals: int = 1, optional: bool = False
) -> Requirement:
    return Requirement(pattern, owners, approvals, optional, section, Place("CODEOWNERS", line))


DEFAULT = requirement(2, "*", "@default-owner", "@group/with/subgroup")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("web.yaml", (DEFAULT,), id="the lines before the first section are one of their own"),
        pytest.param("deep/pom.xml", (), id="taken out"),
        pytest.param(
            "#odd.rb",
            (requirement(4, "\\#odd.rb", "@odd"), requirement(19, "*.rb", "@ruby-team", section="Ruby")),
            id="an escaped #",
        ),
        pytest.param(
            "a/path with spaces/b",
            (requirement(5, "path\\ with\\ spaces/", "@space-owner"),),
            id="escaped blanks",
        ),
        pytest.param(
            "x/docs/deep/a.md",
            (DEFAULT, requirement(8, "docs/", "@docs", section="Documentation")),
            id="the section's owners, at any depth",
        ),
        pytest.param(
            "docs/internal/a",
            (DEFAULT, requirement(10, "/docs/internal/", "@@maintainers", section="Documentation")),
            id="the last line of a section decides, here by a role",
        ),
        pytest.param(
            "docs/README.md",
            (DEFAULT, requirement(24, "README.md", "@editors", section="Documentation")),
            id="a section met again, in other case, goes on",
        ),
        pytest.param(
            "cmd/main.go",
            (DEFAULT, requirement(13, "*.go", "@gopher", section="Go", optional=True)),
            id="an optional section",
        ),
        pytest.param(
            "model/db/a.sql",
            (DEFAULT, requirement(16, "model/db/", "@dba", "@agarcia", section="Database", approvals=2)),
            id="a number of approvals",
        ),
        pytest.param("config/routes.rb", (DEFAULT,), id="what was taken out stays out of its section"),
        pytest.param("docs", (DEFAULT,), id="a folder's pattern does not take a file of its name"),
    ],
)
def test_each_section_asks_for_its_own(path: str, expected: tuple[Requirement, ...]) -> None:
    assert OWNERS.requirements(path) == expected


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        pytest.param("/README.md", ["README.md"], ["docs/README.md", "README.md/a"], id="from the root"),
        pytest.param(
            "internal/README.md",
            ["internal/README.md", "a/b/internal/README.md"],
            ["README.md"],
            id="relative is at any depth",
        ),
        pytest.param("/docs/*", ["docs/a", "docs/.hidden"], ["docs/a/b", "docs"], id="direct files"),
        pytest.param("/docs/**", ["docs/a"], ["docs/a/b"], id="two asterisks at the end are one"),
        pytest.param("/docs/", ["docs/a", "docs/a/b/.c"], ["docs", "x/docs/a"], id="a folder with all below"),
        pytest.param(
            "/docs/**/index.md",
            ["docs/index.md", "docs/a/b/index.md"],
            ["docs/xindex.md"],
            id="spanning folders",
        ),
        pytest.param(
            "/docs/*/README.md",
            ["docs/api/README.md"],
            ["docs/README.md", "docs/a/b/README.md"],
            id="one level",
        ),
        pytest.param("/docs/*spec*", ["docs/qa_specs.rb", "docs/spec"], ["docs/a/spec"], id="within a name"),
        pytest.param("/a**/b", ["ax/b", "a/b"], ["a/x/b"], id="asterisks behind a letter are one"),
        pytest.param("/v[0-9].[^a]", ["v1.b"], ["vx.b", "v1.a", "v1./"], id="sets of characters"),
        pytest.param("/a\\*b", ["a*b"], ["axb"], id="an escaped asterisk"),
        pytest.param("docs", ["docs", "a/docs"], ["docs/a"], id="a name is a file"),
        pytest.param("*.RB", ["a.RB"], ["a.rb"], id="letter case matters"),
    ],
)
def test_a_pattern_takes_what_gitlab_takes(pattern: str, taken: list[str], left: list[str]) -> None:
    owners = read(f"{pattern} @a".encode(), "CODEOWNERS")

    assert {path: bool(owners.requirements(path)) for path in taken + left} == {
        **dict.fromkeys(taken, True),
        **dict.fromkeys(left, False),
    }


def test_a_pattern_that_stands_again_keeps_its_place_with_the_new_owners() -> None:
    owners = read(b"*.rb @a\n/x.rb @b\n*.rb @c\n", "CODEOWNERS")

    asked = [owners.requirements(path)[0].owners for path in ("x.rb", "y.rb")]

    assert asked == [("@b",), ("@c",)]


def test_a_section_is_optional_only_if_every_header_says_so() -> None:
    owners = read(b"[Docs]\na @x\n^[docs]\nb @y\n", "CODEOWNERS")

    assert owners.requirements("b") == (requirement(4, "b", "@y", section="Docs"),)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("[Docs", "'[Docs' is not a section", id="an open section"),
        pytest.param("[]", "needs a name", id="a section without a name"),
        pytest.param("[CodeOwners]", "needs a name of its own", id="GitLab's own section"),
        pytest.param("[Docs][0]", "'0' is no number of approvals", id="no approvals"),
        pytest.param("[Docs][]", "'' is no number of approvals", id="an empty number"),
        pytest.param("[Docs][9999999]", "is no number of approvals", id="too many approvals"),
        pytest.param("[Docs][x]", "is not a section", id="approvals that are no number"),
        pytest.param("^[Docs][2]", "is optional or has a number", id="optional with a number"),
        pytest.param("[Docs] docs/ @a", "'docs/' is not an owner", id="a pattern behind a section"),
        pytest.param("docs/", "has no owner", id="no owner"),
        pytest.param("docs/ alice", "'alice' is not an owner", id="a bare name"),
        pytest.param("docs/ @@reporter", "is not an owner", id="a role that may own nothing"),
        pytest.param("docs/ @a # not @b", "reads owners in a comment", id="an owner in a comment"),
        pytest.param("!docs/ @a", "a line with '!' names nobody", id="taken out with an owner"),
        pytest.param("! @a", "a pattern is missing", id="nothing taken out"),
        pytest.param("!*", "'!*' is in its section and taken out of it", id="in and out"),
        pytest.param("a//b @a", "a name is missing between slashes", id="an empty name"),
        pytest.param("a[b @a", "a bracket is open", id="an open bracket"),
        pytest.param("a[b-a] @a", "a range runs backwards", id="a backward range"),
        pytest.param("a[+-9] @a", "holds the slash", id="a range over the slash"),
        pytest.param("a\\ ", "has no owner", id="an escaped blank at the end"),
        pytest.param("a\u202eb @a", "invisible U+202E", id="bidirectional"),
        pytest.param("a\u00a0@a", "the character '\\xa0'", id="a blank that only some readers see"),
        pytest.param("a" * 1001 + " @a", "1000 characters", id="too long"),
    ],
)
def test_a_line_that_does_not_parse_refuses_the_file(line: str, reason: str) -> None:
    with pytest.raises(BadPattern) as caught:
        read(f"* @org/everybody\n{line}\n".encode(), "CODEOWNERS")

    assert reason in caught.value.what
    assert caught.value.place == Place("CODEOWNERS", 2)


@pytest.mark.parametrize("pattern", ["*a" * 400 + "b", "**/a/" * 190 + "b"], ids=["asterisks", "folders"])
@pytest.mark.parametrize("path", ["a" * 4000, "a/" * 2000 + "a"])
def test_no_path_makes_matching_slow(pattern: str, path: str) -> None:
    owners = read(f"{pattern} @a".encode(), "CODEOWNERS")
    started = monotonic()

    owners.requirements(path)

    assert monotonic() - started < 1
