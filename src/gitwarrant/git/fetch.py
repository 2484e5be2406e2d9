"""Fetching into a quarantine: a bare repository whose content nobody has judged yet.

Refs of the server land under `refs/incoming/`, statements under their own
names, in one step or not at all. What was fetched counts for nothing until
verify has judged it.

Git checks every object on arrival (fsck) in a place apart (`incoming`); only
what passed all checks here joins the objects that are read. Reading checks
again, and relies on none of this.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gitwarrant.git.command import SOURCE, Limits, run
from gitwarrant.git.failures import FetchError
from gitwarrant.git.history import id_digits, refuse_bent_history
from gitwarrant.git.incoming import Incoming, count_bytes, count_objects, remove_half_packs
from gitwarrant.git.objects import refused
from gitwarrant.git.reading import HEARTBEAT_REF, STATEMENT_REF, Repository
from gitwarrant.git.remote import Remote
from gitwarrant.model.change import OBJECT_ID, CommitId
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import HEARTBEAT_REFS, STATEMENT_REFS

EVIDENCE = (STATEMENT_REFS, HEARTBEAT_REFS)
EVIDENCE_REF = re.compile(f"{STATEMENT_REF.pattern}|{HEARTBEAT_REF.pattern}")
MAX_LISTING_BYTES = 64 * 1024 * 1024  # some 600,000 refs
MAX_PACKS = 50  # each fetch that brings something adds one, and every look-up of an object asks all of them
ATTEMPTS = 3  # a ref may move between the server's list and what it sends
NOWHERE = Path("/nonexistent")  # asking what a server has needs no repository
BRANCH = re.compile(r"refs/heads(?:/(?!\.)(?:(?!\.\.)[\w.+@=,#%-])+(?<!\.)(?<!\.lock))+")
REQUEST_HEAD = re.compile(r"refs/(?:pull|merge-requests)/[1-9][0-9]{0,9}/head")
"""Where forges keep the tip of a pull request: GitHub and Gitea, and GitLab."""
DEFAULT_LIMITS = Limits()


def fetch(
    remote: Remote, repository: Path, refs: Sequence[str], *, limits: Limits = DEFAULT_LIMITS
) -> Mapping[str, CommitId]:
    """Bring branches, all statements and heartbeats into the quarantine `repository`, made where missing.

    Args:
        refs: full names of branches (`refs/heads/main`) or of the heads of
            pull requests (`refs/pull/7/head`).

    Returns:
        The commit of each of `refs`. Nothing about it is judged yet.

    Raises:
        Unreachable: the server does not answer, or not in time.
        Refused: too many statements, objects or bytes, malformed or missing
            objects, a server that sends another commit than it shows, or a
            quarantine that bends history. The quarantine is as it was before.
        FetchError: no such repository or ref, not let in, disk full.
    """
    for ref in refs:
        _check_name(ref)
    for file in filter(None, (remote.ssh_key, remote.known_hosts, remote.ca_file)):
        _check_readable(file)
    try:
        with _quarantine(repository):
            for _ in range(ATTEMPTS):
                offered = _offered(remote, refs, limits)
                _make(remote, repository, offered, limits)
                if offered == _held(repository, refs) or _bring(remote, repository, refs, offered, limits):
                    break
            else:
                raise refused(
                    f"{remote.shown} shows other commits than it sends, {ATTEMPTS} times in a row",
                    "find out who runs that server; compare `git ls-remote` with a clone",
                )
            _check_room(remote, repository, limits)
            refuse_bent_history(repository)
            _join_packs(remote, repository, limits)
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
    if not BRANCH.fullmatch(ref) and not REQUEST_HEAD.fullmatch(ref):
        raise FetchError(f"{ref!a} is not the full name of a branch", remedy="write it as refs/heads/NAME")


def _check_readable(file: Path) -> None:
    if not os.access(file, os.R_OK):
        raise FetchError(
            f"{file} cannot be read",
            remedy="correct its name, or give the right to read it to gitwarrant alone",
        )


@contextmanager
def _quarantine(repository: Path) -> Iterator[None]:
    """Hold the quarantine alone; start from a clean one, and leave nothing behind that did not pass."""
    repository.mkdir(parents=True, exist_ok=True)
    lock = os.open(repository / "gitwarrant.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refuse_bent_history(repository)
        _remove_leftovers(repository)
        yield
    finally:
        _remove_leftovers(repository)
        os.close(lock)


def _remove_leftovers(repository: Path) -> None:
    """Remove what a killed fetch leaves: what waited, half packs, locks that would block the next one."""
    Incoming(repository).close()
    remove_half_packs(repository)
    locks = (repository / "refs").rglob("*.lock")
    for path in (*locks, *(repository / name for name in ("packed-refs.lock", "config.lock"))):
        path.unlink(missing_ok=True)


def _make(remote: Remote, repository: Path, offered: Mapping[str, str], limits: Limits) -> None:
    """Make the quarantine where it is missing, for ids as long as the server's."""
    digits = len(next(iter(offered.values())))
    if any(len(id_) != digits for id_ in offered.values()):
        raise refused(f"{remote.shown} names objects by two hashes at once", "run `git fsck` there")
    if not (repository / "objects").is_dir():
        hash_name = "sha256" if digits == 64 else "sha1"
        options = ["--quiet", "--bare", "--template=", f"--object-format={hash_name}"]
        run(remote, repository, ["init", *options], limits=limits)
    elif id_digits(repository) != digits:
        raise refused(
            f"{remote.shown} names objects by ids of {digits} digits; {repository} has others",
            "if the repository was converted on purpose, trust a new revision and delete that folder",
        )


def _offered(remote: Remote, refs: Sequence[str], limits: Limits) -> dict[str, str]:
    """Ask what the server has; by our names, to its ids."""
    asked = ["ls-remote", "--refs", SOURCE, *refs, *(prefix + "*" for prefix in EVIDENCE)]
    listing = Limits(limits.seconds, min(limits.bytes, MAX_LISTING_BYTES), limits.statements)
    lines = run(remote, NOWHERE, asked, limits=listing).decode(errors="replace").splitlines()
    found = {name: commit for commit, _, name in (line.partition("\t") for line in lines)}
    for ref in refs:
        if not OBJECT_ID.fullmatch(found.get(ref, "")):
            raise FetchError(
                f"{remote.shown} has no {ref}", remedy="push it, or correct the ref in the configuration"
            )
    statements = [name for name in found if name.startswith(EVIDENCE)]
    if len(statements) > limits.statements:
        raise refused(
            f"{remote.shown} holds {len(statements):,} statements; the limit is {limits.statements:,}",
            f"delete those that expired below {STATEMENT_REFS}",
        )
    named = {name: found[name] for name in statements if EVIDENCE_REF.fullmatch(name)}
    return named | {incoming(ref): found[ref] for ref in refs}


def _held(repository: Path, refs: Sequence[str]) -> dict[str, str]:
    """What the quarantine has of that; branches asked for at other times do not count."""
    return _asked_for(Repository(repository).refs("refs/incoming/", *EVIDENCE), refs)


def _asked_for(found: Mapping[str, str], refs: Sequence[str]) -> dict[str, str]:
    names = {incoming(ref) for ref in refs}
    return {name: found[name] for name in found if name in names or EVIDENCE_REF.fullmatch(name)}


def _bring(
    remote: Remote, repository: Path, refs: Sequence[str], offered: Mapping[str, str], limits: Limits
) -> bool:
    """Fetch by explicit refspecs, check, promote. False: the server sent other commits than it had shown.

    Refspecs are given on standard input: git waits for them until limits hold.
    """
    options = ["--atomic", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    options += ["--no-auto-maintenance", "--no-show-forced-updates", "--refmap=", "--quiet", "--stdin"]
    refspecs = [f"+{ref}:{incoming(ref)}" for ref in refs] + [f"+{name}*:{name}*" for name in EVIDENCE]
    given = "".join(f"{refspec}\n" for refspec in refspecs).encode()
    before, here = Repository(repository).refs("refs/"), count_objects(repository)
    waiting = Incoming(repository)
    waiting.open(before, id_digits(repository))
    run(
        remote,
        waiting.folder,
        ["fetch", *options, SOURCE],
        limits=limits,
        given=given,
        told=waiting.told(),
        watch=lambda: _check_count(remote, here + count_objects(waiting.folder), limits),
    )
    waiting.check(remote.shown)
    _check_room(remote, repository, limits)
    arrived = _arrived(remote, waiting, limits)
    if _asked_for(arrived, refs) != offered:
        return False
    waiting.promote()
    _move_refs(remote, repository, before, arrived, limits)
    return True


def _arrived(remote: Remote, waiting: Incoming, limits: Limits) -> dict[str, str]:
    """All refs as they would be; a branch that is no commit is refused before it counts."""
    command = ["for-each-ref", "--format=%(objectname) %(objecttype) %(refname)"]
    lines = run(remote, waiting.folder, command, limits=limits, told=waiting.told())
    found: dict[str, str] = {}
    for line in lines.decode(errors="replace").splitlines():
        commit, kind, name = line.split(" ", 2)
        if name.startswith("refs/incoming/") and kind != "commit":
            raise refused(f"object {commit} is a {kind}, where a commit is named", "push a branch")
        if name.startswith("refs/incoming/") or EVIDENCE_REF.fullmatch(name):
            found[name] = commit
    return found


def _move_refs(
    remote: Remote, repository: Path, before: Mapping[str, str], after: Mapping[str, str], limits: Limits
) -> None:
    """Move all refs in one transaction, each from the value it had."""
    none = "0" * id_digits(repository)
    moved = [name for name in after if before.get(name) != after[name]]
    lines = ["start", *(f"update {name} {after[name]} {before.get(name, none)}" for name in moved)]
    lines += [f"delete {name} {before[name]}" for name in before if name not in after]
    lines += ["prepare", "commit", ""]
    run(remote, repository, ["update-ref", "--stdin"], limits=limits, given="\n".join(lines).encode())


def _join_packs(remote: Remote, repository: Path, limits: Limits) -> None:
    """Make one pack of many. Nothing is dropped: a revision that no ref names may be the trusted one.

    Where it fails nothing is lost but speed; it is tried again at the next fetch.
    """
    if len(list((repository / "objects" / "pack").glob("*.pack"))) > MAX_PACKS:
        with suppress(GitwarrantError):
            run(remote, repository, ["repack", "-a", "-d", "--keep-unreachable", "--quiet"], limits=limits)


def _check_count(remote: Remote, found: int, limits: Limits) -> None:
    """Refuse too many objects as soon as a pack's first bytes announce them."""
    if found > limits.objects:
        raise refused(
            f"{remote.shown} holds {found:,} objects; the limit is {limits.objects:,}",
            "take generated files out of the repository, or raise the limit in the agent's configuration",
        )


def _check_room(remote: Remote, repository: Path, limits: Limits) -> None:
    """Refuse a quarantine that grew too large over many fetches, although each was small."""
    waiting = Incoming(repository).folder
    _check_count(remote, count_objects(repository) + count_objects(waiting), limits)
    size = count_bytes(repository) + count_bytes(waiting)
    if size > limits.bytes:
        raise refused(
            f"{remote.shown} fills {size:,} bytes in {repository}; the limit is {limits.bytes:,}",
            "delete that folder, which is only a copy; if it grows so large again, raise the limit",
        )
