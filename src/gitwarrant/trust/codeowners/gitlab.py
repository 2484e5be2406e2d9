"""CODEOWNERS as GitLab reads it: sections, each with its own say.

In each section the last line that matches a path decides, and asks for the
section's number of approvals; a line that begins with `!` takes its paths out
of the section for good. A section that is met again goes on under the header
it has there, and is optional only if all its lines are.

GitLab skips or half reads what is malformed (an unknown word among owners, a
line without any, a count of 0); here it is refused.

Source: docs.gitlab.com, "Syntax of CODEOWNERS file", 18.x.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gitwarrant.model.errors import Place
from gitwarrant.model.owners import Requirement
from gitwarrant.trust.codeowners.lines import EMAIL, NAME, lines, not_an_owner
from gitwarrant.trust.codeowners.wildcards import expression
from gitwarrant.trust.linear import BadExpression, Searchers
from gitwarrant.trust.paths import BadPattern

HEADER = re.compile(r"(\^?)\[([^\[\]]*)\](?:\[([0-9]*)\])?(?:\s+(.*))?")
MAX_APPROVALS = 100
UNNAMED = "codeowners"  # GitLab's own name for the lines before the first section
GROUP = re.compile(f"@{NAME}(?:/{NAME})*")
ROLE = re.compile(r"@@(?:developer|maintainer|owner)s?")
SPLIT = re.compile(r"(?<!\\)\s+")
OWNERS_REMEDY = "write @user, @group/subgroup, @@developer, @@maintainer, @@owner or an e-mail address"


@dataclass(frozen=True, slots=True)
class Header:
    """A section as one of its headers has it."""

    name: str
    optional: bool
    approvals: int
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a section. No requirement: it takes its paths out of the section."""

    expression: str
    place: Place
    requirement: Requirement | None


@dataclass(frozen=True, slots=True)
class GitLabOwners:
    """A file of GitLab: the lines of each section, in order, and the expressions of all of them."""

    sections: tuple[tuple[Entry, ...], ...]
    searchers: Searchers

    def __len__(self) -> int:
        return sum(len(entries) for entries in self.sections)

    @property
    def owners(self) -> frozenset[str]:
        asked = (entry.requirement for entries in self.sections for entry in entries)
        return frozenset(owner for requirement in asked if requirement for owner in requirement.owners)

    def requirements(self, path: str) -> tuple[Requirement, ...]:
        matching = frozenset(self.searchers.matching(f"/{path}"))
        asked: list[Requirement] = []
        number = 0
        for entries in self.sections:
            found = [entry for index, entry in enumerate(entries, number) if index in matching]
            number += len(entries)
            asked.extend(_asked(found))
        return tuple(asked)


def _asked(found: Sequence[Entry]) -> Iterator[Requirement]:
    """What one section asks for a path; any line that takes the path out wins, wherever it stands."""
    requirements = [entry.requirement for entry in found]
    if requirements and requirements[-1] and None not in requirements:
        yield requirements[-1]


def read(data: bytes, path: str) -> GitLabOwners:
    """Read a CODEOWNERS file of GitLab.

    Raises:
        BadPattern: a line does not parse, with its place.
    """
    header = Header("", optional=False, approvals=1, owners=())
    names = {UNNAMED: ""}
    sections: dict[str, dict[str, Entry]] = {"": {}}
    for text, place in lines(data, path):
        if text.startswith("#"):
            continue
        if text.startswith(("[", "^[")):
            header = _header(text, place)
            name = names.setdefault(header.name.casefold(), header.name)
            header = replace(header, name=name)
        else:
            _add(sections.setdefault(header.name, {}), text, header, place)
    settled = tuple(_settled(entries) for entries in sections.values())
    return GitLabOwners(settled, _searchers([entry for entries in settled for entry in entries]))


def _settled(entries: Mapping[str, Entry]) -> tuple[Entry, ...]:
    """The lines of a section; one line that insists makes all of them insist."""
    asked = [entry.requirement for entry in entries.values() if entry.requirement]
    optional = all(requirement.optional for requirement in asked)
    return tuple(
        replace(entry, requirement=entry.requirement and replace(entry.requirement, optional=optional))
        for entry in entries.values()
    )


def _header(text: str, place: Place) -> Header:
    match = HEADER.fullmatch(text)
    if not match:
        raise _bad(
            f"{text[:80]!r} is not a section", "write [Name], ^[Name] or [Name][2], then its owners", place
        )
    caret, name, count, owners = match.groups()
    if not name.strip() or name.casefold() == UNNAMED:
        raise _bad("a section needs a name of its own", "write it between the brackets", place)
    if caret and count is not None:
        raise _bad(
            "a section is optional or has a number of approvals, not both", "drop the ^, or the number", place
        )
    approvals = int(count or 0) if count is None or len(count) < 4 else 0
    if count is not None and not 1 <= approvals <= MAX_APPROVALS:
        raise _bad(f"{count!r} is no number of approvals", f"write 1 to {MAX_APPROVALS}", place)
    return Header(name, bool(caret), approvals or 1, _owners((owners or "").split(), place))


def _add(entries: dict[str, Entry], text: str, header: Header, place: Place) -> None:
    """Take a line up. A pattern that stands there again replaces the first one, in the first one's place."""
    pattern, *rest = SPLIT.split(text)
    excluded = pattern.startswith("!")
    whole = _whole(pattern.removeprefix("!"), place)
    owners = _owners(rest, place)
    if excluded and owners:
        raise _bad("a line with '!' names nobody", "remove the owners, or the '!'", place)
    if not excluded and not owners and not header.owners:
        raise _bad(
            f"{pattern!r} has no owner, nor has its section", "name one, or take it out: !pattern", place
        )
    owners = owners or header.owners
    requirement = (
        None
        if excluded
        else Requirement(pattern, owners, header.approvals, header.optional, header.name, place)
    )
    if whole in entries and (entries[whole].requirement is None) is not excluded:
        raise _bad(f"{pattern!r} is in its section and taken out of it", "keep one of the two lines", place)
    entries[whole] = Entry(f"\\A{expression(whole, place)}\\z", place, requirement)


def _owners(words: Sequence[str], place: Place) -> tuple[str, ...]:
    """The owners of a line. A comment behind them is let be unless GitLab would read owners in it."""
    comment = next((index for index, word in enumerate(words) if word.startswith("#")), len(words))
    if any("@" in word for word in words[comment:]):
        raise _bad("GitLab reads owners in a comment behind a line", "give it a line of its own", place)
    for word in words[:comment]:
        if not any(form.fullmatch(word) for form in (GROUP, ROLE, EMAIL)):
            raise not_an_owner(word, OWNERS_REMEDY, place)
    return tuple(words[:comment])


def _whole(pattern: str, place: Place) -> str:
    """A pattern as GitLab completes it: at any depth unless rooted, a folder with all below it."""
    if not pattern or pattern == "/":
        raise _bad("a pattern is missing", "write a path before its owners", place)
    if pattern == "*":
        return "/**/*"
    if pattern.startswith("\\#"):
        pattern = pattern[1:]
    pattern = re.sub(r"\\\s+", " ", pattern)
    pattern = pattern if pattern.startswith("/") else f"/**/{pattern}"
    return f"{pattern}**/*" if pattern.endswith("/") else pattern


def _searchers(entries: Sequence[Entry]) -> Searchers:
    try:
        return Searchers([(entry.expression, entry.place) for entry in entries])
    except BadExpression as error:
        raise BadPattern(error.what, remedy=error.remedy, place=error.place) from error


def _bad(what: str, remedy: str, place: Place) -> BadPattern:
    return BadPattern(what, remedy=remedy, place=place)
