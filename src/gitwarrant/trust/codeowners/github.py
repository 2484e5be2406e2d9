"""CODEOWNERS as GitHub reads it: the last line that matches a path decides; any one owner may accept.

GitHub skips a line that it cannot read; here it is refused, because a skipped
line is a hole.

Source: docs.github.com, "About code owners".
"""

import re
from dataclasses import dataclass

from gitwarrant.model.errors import Place
from gitwarrant.model.owners import Requirement
from gitwarrant.trust.codeowners.lines import EMAIL, TEAM, USER, lines, not_an_owner
from gitwarrant.trust.paths import compile_pattern

COMMENT = re.compile(r"(?:^|(?<=\s))#")
WORD = re.compile(r"(?:\\.|\S)+")


@dataclass(frozen=True, slots=True)
class OwnersLine:
    """One line of a CODEOWNERS file. No owners: nobody owns these paths."""

    pattern: str
    owners: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class GitHubOwners:
    """A file of GitHub, in its order; each line with its expression."""

    lines: tuple[OwnersLine, ...]
    expressions: tuple[re.Pattern[str], ...]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def owners(self) -> frozenset[str]:
        return frozenset(owner for line in self.lines for owner in line.owners)

    def requirements(self, path: str) -> tuple[Requirement, ...]:
        for line, expression in zip(reversed(self.lines), reversed(self.expressions), strict=True):
            if expression.match(path):
                return (_requirement(line),) if line.owners else ()
        return ()


def read(data: bytes, path: str) -> GitHubOwners:
    """Read a CODEOWNERS file of GitHub.

    Raises:
        BadPattern: a line does not parse, with its place.
    """
    found = [line for text, place in lines(data, path) if (line := _line(text, place))]
    expressions = (compile_pattern(line.pattern, line.place) for line in found)
    return GitHubOwners(tuple(found), tuple(expressions))


def _requirement(line: OwnersLine) -> Requirement:
    return Requirement(line.pattern, line.owners, 1, optional=False, section="", place=line.place)


def _line(line: str, place: Place) -> OwnersLine | None:
    text = COMMENT.split(line, maxsplit=1)[0].strip()
    if not text:
        return None
    pattern, *owners = WORD.findall(text)
    wrong = next((owner for owner in owners if not _is_owner(owner)), None)
    if wrong:
        raise not_an_owner(wrong, "write @user, @organization/team or an e-mail address", place)
    return OwnersLine(pattern, tuple(owners), place)


def _is_owner(text: str) -> bool:
    return any(form.fullmatch(text) for form in (USER, TEAM, EMAIL))
