"""Steps 1 and 2 of verify: the change hangs together, and its commits say what it claims."""

from itertools import pairwise

from gitwarrant.git.commit import MalformedObject, ParsedCommit, parse_commit
from gitwarrant.model.change import Change, CommitId, Landing
from gitwarrant.model.errors import Refused

FETCH_AGAIN = "fetch again; if it stays so, the server or its store is damaged or lies"


def short(commit: CommitId) -> str:
    """A commit's id as people write it."""
    return commit[:12]


def check_shape(change: Change, repository: str) -> None:
    """Step 1: landings follow one another from base to head, in the repository that we trust."""
    if change.repository != repository:
        raise _broken(
            f"the change is of repository {change.repository!r}, the root of trust of {repository!r}"
        )
    last = change.base
    for landing in change.landings:
        if landing.parent != last:
            raise _broken(
                f"landing {short(landing.commit)} follows {short(landing.parent)}, not {short(last)}: "
                "a landing is missing or out of order"
            )
        if not landing.commits or landing.commits[-1].id != landing.commit:
            raise _broken(f"landing {short(landing.commit)} does not end with its own commit")
        last = landing.commit
    if last != change.head:
        raise _broken(f"the landings end at {short(last)}, not at the candidate {short(change.head)}")


def read_commits(change: Change) -> tuple[tuple[ParsedCommit, ...], ...]:
    """Step 2: read every commit strictly, landing by landing; each leads to its landing, none comes twice."""
    seen: set[CommitId] = {change.base}
    read: list[tuple[ParsedCommit, ...]] = []
    for landing in change.landings:
        commits = tuple(_read(landing, commit.raw, commit.id) for commit in landing.commits)
        _check_landing(landing, commits)
        _check_order(landing, commits, seen)
        read.append(commits)
    for before, after in pairwise(change.landings):
        if after.parent_tree != before.tree:
            raise _broken(f"landing {short(after.commit)} does not start from its parent's tree")
    return tuple(read)


def _read(landing: Landing, raw: bytes, commit: CommitId) -> ParsedCommit:
    try:
        return parse_commit(raw, commit)
    except MalformedObject as error:
        raise _broken(f"landing {short(landing.commit)}: {error.what}", error.remedy) from error


def _check_landing(landing: Landing, commits: tuple[ParsedCommit, ...]) -> None:
    own = commits[-1]
    if own.tree != landing.tree:
        raise _broken(f"landing {short(landing.commit)} has tree {own.tree[:12]}, not {landing.tree[:12]}")
    if not own.parents or own.parents[0] != landing.parent:
        raise _broken(
            f"landing {short(landing.commit)} has another first parent than {short(landing.parent)}"
        )
    if len(own.parents) == 1 and sorted(landing.commits[-1].changes) != sorted(landing.changes):
        raise _broken(f"landing {short(landing.commit)} does not change what its commit changes")


def _check_order(landing: Landing, commits: tuple[ParsedCommit, ...], seen: set[CommitId]) -> None:
    """Parents come before children, and every commit is a parent of a later one, but the last."""
    wanted = {parent for commit in commits for parent in commit.parents}
    for commit in commits:
        if commit.id in seen:
            raise _broken(f"commit {short(commit.id)} comes twice or too late in the change")
        seen.add(commit.id)
        if commit.id not in wanted and commit.id != landing.commit:
            raise _broken(f"commit {short(commit.id)} does not lead to landing {short(landing.commit)}")
    inside = {commit.id for commit in commits}
    known: set[CommitId] = set()
    for commit in commits:
        if any(parent in inside and parent not in known for parent in commit.parents):
            raise _broken(f"commit {short(commit.id)} stands before its parent in the change")
        known.add(commit.id)


def _broken(what: str, remedy: str = FETCH_AGAIN) -> Refused:
    return Refused(what, stage="verify", remedy=remedy)
