"""Repositories as a newcomer has them: made by a forge, by hand, by nobody knows whom."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from gitwarrant.git.past import Past
from gitwarrant.model.change import CommitId
from gitwarrant.pipeline.trial.details import details
from gitwarrant.pipeline.trial.text import summary
from gitwarrant.pipeline.trial.trial import Trial, trial
from tests.support.repositories import EPOCH, Simulator, person

NOW = EPOCH + timedelta(days=1)
OPENPGP = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n"


def tried(
    path: Path, *, now: datetime = NOW, since: timedelta = timedelta(days=90), **given: object
) -> Trial:
    """Look at the default branch of a repository, with a clock that stands still."""
    past = Past(path)
    settings: dict[str, object] = {
        "repository": "shop/environments",
        "address": None,
        "seconds": 10,
        "clock": lambda: 0.0,
        "progress": lambda _what: None,
    }
    return trial(past, past.default_branch(), since=since, now=now, **(settings | given))  # type: ignore[arg-type]  # by name


def printed(seen: Trial) -> str:
    """The screen, without styles."""
    return "".join(f"{text}\n" for _, text in summary(seen))


def listed(seen: Trial) -> str:
    """What --details adds, without styles."""
    return "".join(f"{text}\n" for _, text in details(seen))


def forge_commit(
    repository: Simulator,
    *,
    author: str,
    files: Mapping[str, str | None],
    merge: str | None = None,
    minute: int,
) -> CommitId:
    """What a forge commits when somebody presses its button: a squash, or the merge of a branch."""
    tip = repository.tip()
    parents = [tip] if merge is None else [tip, repository.tip(merge)]
    base = tip if merge is None else repository.tip(merge)
    who, seconds = person(author), int((EPOCH + timedelta(minutes=minute)).timestamp())
    lines = [
        f"tree {repository.tree(files, base=base)}",
        *(f"parent {parent}" for parent in parents),
        f"author {who.name} <{who.email}> {seconds} +0000",
        f"committer GitHub <noreply@github.com> {seconds} +0000",
    ]
    commit = repository.raw_commit(("\n".join(lines) + f"\n{OPENPGP}\nDone by a button\n").encode())
    repository.point("refs/heads/main", commit)
    return commit
