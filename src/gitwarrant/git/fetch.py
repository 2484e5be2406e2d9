"""Fetching into a quarantine: a bare repository whose content nobody has judged yet.

Refs of the server land under `refs/incoming/`, statements and heartbeats under
their own names, in one step or not at all. What was fetched counts for nothing
until verify has judged it.

Git checks every object on arrival (fsck), but only where the server speaks the
smart protocol; so nothing later relies on it, and reading checks again.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitwarrant.git.command import SOURCE, Limits, run
from gitwarrant.git.failures import FetchError
from gitwarrant.git.history import refuse_bent_history
from gitwarrant.git.objects import refused
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import Remote
from gitwarrant.model.change import CommitId
from gitwarrant.model.statement import HEARTBEAT_REFS, STATEMENT_REFS

EVIDENCE = (STATEMENT_REFS, HEARTBEAT_REFS)
MAX_LISTING_BYTES = 64 * 1024 * 1024  # some 600,000 refs
BRANCH = re.compile(r"refs/heads(?:/(?!\.)(?:(?!\.\.)[\w.+@=,#%-])+(?<!\.)(?<!\.lock))+")
MAX_PACKS = 100  # a heart that beats every five minutes brings them in eight hours
DEFAULT_LIMITS = Limits()


def fetch(
    remote: Remote, repository: Path, refs: Sequence[str], *, limits: Limits = DEFAULT_LIMITS
) -> Mapping[str, CommitId]:
    """Bring branches and all statements into the quarantine at `repository`, made where it is missing.

    Args:
        refs: full names of branches (`refs/heads/main`).

    Returns:
        The commit of each of `refs`. Nothing about it is judged yet.

    Raises:
        Unreachable: the server does not answer, or not in time.
        Refused: too many statements, too many bytes, malformed or missing
            objects, or a quarantine that bends history.
        FetchError: no such repository or ref, not let in, disk full.
    """
    for ref in refs:
        _check_name(ref)
    for file in filter(None, (remote.ssh_key, remote.known_hosts, remote.ca_file)):
        _check_readable(file)
    try:
        with _quarantine(remote, repository, limits):
            if _offered(remote, repository, refs, limits) != _held(repository, refs):
                _bring(remote, repository, refs, limits)
                _fold_packs(remote, repository, limits)
            _check_size(repository, remote, limits)
            refuse_bent_history(repository)
            fetched = Repository(repository)
            return {ref: fetched.resolve(incoming(ref)) for ref in refs}
    except OSError as error:
        raise FetchError(
            f"the quarantine {repository} cannot be written or read: {error.strerror}",
            remedy="make room, or give gitwarrant the right to write there",
        ) from error


def incoming(ref: str) -> str:
    """The name that a branch of the server has in the quarantine."""
    return "refs/incoming/" + ref.removeprefix("refs/")


def _check_name(ref: str) -> None:
    if not BRANCH.fullmatch(ref):
        raise FetchError(f"{ref!a} is not the full name of a branch", remedy="write it as refs/heads/NAME")


def _check_readable(file: Path) -> None:
    if not os.access(file, os.R_OK):
        raise FetchError(
            f"{file} cannot be read",
            remedy="correct its name, or give the right to read it to gitwarrant alone",
        )


@contextmanager
def _quarantine(remote: Remote, repository: Path, limits: Limits) -> Iterator[None]:
    """Hold the quarantine alone; start from a clean one, and leave no half of a pack behind."""
    repository.mkdir(parents=True, exist_ok=True)
    lock = os.open(repository / "gitwarrant.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refuse_bent_history(repository)
        _remove_leftovers(repository)
        run(remote, repository, ["init", "--quiet", "--bare", "--template="], limits=limits)
        yield
    finally:
        _remove_leftovers(repository)
        os.close(lock)


def _remove_leftovers(repository: Path) -> None:
    """Remove what a killed git leaves: unfinished packs, and locks that would block the next one."""
    packs = (repository / "objects" / "pack").glob("tmp_*")
    locks = (repository / "refs").rglob("*.lock")
    for path in (*packs, *locks, *(repository / name for name in ("packed-refs.lock", "config.lock"))):
        path.unlink(missing_ok=True)


def _offered(remote: Remote, repository: Path, refs: Sequence[str], limits: Limits) -> dict[str, str]:
    """Ask what the server has; by our names, to its ids."""
    asked = ["ls-remote", "--refs", SOURCE, *refs, *(prefix + "*" for prefix in EVIDENCE)]
    listing = Limits(limits.seconds, min(limits.bytes, MAX_LISTING_BYTES), limits.statements)
    lines = run(remote, repository, asked, limits=listing).decode(errors="replace").splitlines()
    found = {name: commit for commit, _, name in (line.partition("\t") for line in lines)}
    for ref in refs:
        if ref not in found:
            raise FetchError(
                f"{remote.shown} has no {ref}", remedy="push it, or correct the ref in the configuration"
            )
    statements = {name: found[name] for name in found if name.startswith(EVIDENCE)}
    if len(statements) > limits.statements:
        raise refused(
            f"{remote.shown} holds {len(statements):,} statements; the limit is {limits.statements:,}",
            f"delete those that expired below {STATEMENT_REFS}",
        )
    return statements | {incoming(ref): found[ref] for ref in refs}


def _held(repository: Path, refs: Sequence[str]) -> dict[str, str]:
    """What the quarantine has of that; branches asked for at other times do not count."""
    names = {incoming(ref) for ref in refs}
    held = Repository(repository).refs("refs/incoming/", *EVIDENCE)
    return {name: held[name] for name in held if name in names or name.startswith(EVIDENCE)}


def _bring(remote: Remote, repository: Path, refs: Sequence[str], limits: Limits) -> None:
    """Fetch by explicit refspecs. They are given on standard input: git waits for them until limits hold."""
    options = ["--atomic", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    options += ["--no-auto-maintenance", "--no-show-forced-updates", "--refmap=", "--quiet", "--stdin"]
    refspecs = [f"+{ref}:{incoming(ref)}" for ref in refs] + [f"+{name}*:{name}*" for name in EVIDENCE]
    given = "".join(f"{refspec}\n" for refspec in refspecs).encode()
    run(remote, repository, ["fetch", *options, SOURCE], limits=limits, given=given)


def _fold_packs(remote: Remote, repository: Path, limits: Limits) -> None:
    """Join small packs: every heartbeat brings one, and each of thousands would be opened at every look."""
    if len(list((repository / "objects" / "pack").glob("*.pack"))) > MAX_PACKS:
        run(remote, repository, ["repack", "-d", "-q", "--geometric=2"], limits=limits)


def _check_size(repository: Path, remote: Remote, limits: Limits) -> None:
    """Refuse a quarantine that grew too large over many fetches, although each was small."""
    size = sum(path.stat().st_size for path in (repository / "objects").rglob("*") if path.is_file())
    if size > limits.bytes:
        raise refused(
            f"{remote.shown} fills {size:,} bytes in {repository}; the limit is {limits.bytes:,}",
            "delete that folder, which is only a copy; if it grows so large again, raise the limit",
        )
