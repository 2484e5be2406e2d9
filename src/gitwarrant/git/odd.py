"""Commits that git reads and our strict reader refuses, read loosely: only to say that they are there."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pygit2.enums import ObjectType

from gitwarrant.git.commit import ParsedCommit, Person
from gitwarrant.git.headers import MAX_SECONDS
from gitwarrant.git.objects import Objects
from gitwarrant.model.change import CommitId, TreeId
from gitwarrant.model.errors import Refused

MAX_ODD_BYTES = 8 * 1024 * 1024  # git has no limit; a commit of that size was made to be in the way
PARENT = re.compile(rb"^parent ([0-9a-f]{40}(?:[0-9a-f]{24})?)$", re.MULTILINE)
TREE = re.compile(rb"\Atree ([0-9a-f]{40}(?:[0-9a-f]{24})?)$", re.MULTILINE)
PERSON = re.compile(rb"^(author|committer) ([^<>\n]+) <([^<>\n]+)>", re.MULTILINE)
TIME = re.compile(rb"^committer .*> ([0-9]{1,12}) [+-][0-9]{4}$", re.MULTILINE)
UNKNOWN_HEADER = re.compile(r"(?<=not known: )('[^' ]+) .*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Odd:
    """A commit in a form that we refuse, and what can be read of it all the same."""

    id: CommitId
    reason: str
    parents: tuple[CommitId, ...]
    tree: TreeId
    author: Person | None
    committer: Person | None
    """As far as they can be read; the time beside them is `time`."""
    time: datetime


Found = ParsedCommit | Odd


def committed(commit: Found) -> datetime:
    """When a commit says that it was made."""
    return commit.committer.time if isinstance(commit, ParsedCommit) else commit.time


def read_odd(objects: Objects, commit: CommitId, refusal: str) -> Odd | None:
    """Read a commit that was refused. None: it is not here, or not even git could follow it."""
    try:
        raw = objects.read(commit, ObjectType.COMMIT, MAX_ODD_BYTES)
    except Refused:
        return None
    header = raw.partition(b"\n\n")[0]
    tree, time = TREE.search(header), TIME.search(header)
    if tree is None:
        return None
    seconds = min(int(time[1]), MAX_SECONDS) if time else 0
    made = datetime.fromtimestamp(seconds, UTC)
    people = {
        role: Person(name.decode(errors="replace").strip(), email.decode(errors="replace"), made)
        for role, name, email in PERSON.findall(header)
    }
    return Odd(
        id=commit,
        reason=_reason(refusal),
        parents=tuple(CommitId(found.decode()) for found in PARENT.findall(header)),
        tree=TreeId(tree[1].decode()),
        author=people.get(b"author"),
        committer=people.get(b"committer"),
        time=made,
    )


def _reason(refusal: str) -> str:
    """Why a commit is refused, without what differs from one to the next: equal reasons are counted."""
    reason = refusal.partition(" is malformed: ")[2] or refusal
    return UNKNOWN_HEADER.sub(r"\1'", reason)
