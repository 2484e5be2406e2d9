"""`gitwarrant try`: what a repository shows of itself. Named otherwise: `try` is a word of Python's."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from gitwarrant.cli.configured import now
from gitwarrant.cli.terminal import Terminal
from gitwarrant.config.fields import duration
from gitwarrant.git.clone import repository_name
from gitwarrant.git.past import Past
from gitwarrant.git.remote import Remote
from gitwarrant.git.visit import is_address, visit
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.pipeline.trial.counted import counted
from gitwarrant.pipeline.trial.details import details
from gitwarrant.pipeline.trial.text import summary
from gitwarrant.pipeline.trial.trial import Trial, trial

SSH_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
MAX_DAYS = 3650
CLEAR_LINE = "\r\x1b[K"


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 it could look, whatever it saw; 2 it could not; 3 the server does not answer."""
    since = _since(arguments.since)
    if not 0 < arguments.seconds <= 3600:
        raise GitwarrantError(
            f"--seconds {arguments.seconds:g} is too short or too long", remedy="say 1 to 3600"
        )
    progress = _Progress()
    try:
        seen = _look(arguments, since, progress.tell)
    except Refused as refused:  # of fetch: no gate judged anything, it could not look
        raise GitwarrantError(refused.what, remedy=refused.remedy, place=refused.place) from refused
    finally:
        progress.clear()
    if terminal.as_json:
        terminal.result({**plain(seen), "counted": plain(counted(seen.history))})
        return 0
    for style, text in (*summary(seen), *(details(seen) if arguments.details else ())):
        terminal.say(text, style)
    return 0


def _look(arguments: argparse.Namespace, since: timedelta, tell: Callable[[str], None]) -> Trial:
    with _opened(arguments, tell) as (past, ref, name, address):
        return trial(
            past,
            ref,
            repository=name,
            address=address,
            since=since,
            seconds=arguments.seconds,
            now=now(),
            clock=time.monotonic,
            progress=tell,
        )


@contextmanager
def _opened(
    arguments: argparse.Namespace, tell: Callable[[str], None]
) -> Iterator[tuple[Past, str, str, str | None]]:
    """The store, the branch's full name in it, what to call it, and from where to clone it first."""
    named = arguments.repository
    if not is_address(named):
        past = _folder(Path(named))
        ref = past.branch(arguments.branch) if arguments.branch else past.default_branch()
        yield past, ref, past.name(), None if past.has_work_tree else str(past.folder)
        return
    remote = _remote(arguments)
    with tempfile.TemporaryDirectory(prefix="gitwarrant-try-") as folder:
        tell(f"fetching {remote.shown}")
        quarantine = Path(folder) / "repository.git"
        ref = visit(remote, quarantine, arguments.branch)
        yield Past(quarantine), ref, repository_name(remote.shown) or remote.shown, remote.shown


def _folder(path: Path) -> Past:
    if not path.is_dir():
        raise GitwarrantError(
            f"there is no folder {path}",
            remedy="name a clone's folder, or an address such as https://HOST/PATH",
        )
    return Past.around(path)


def _remote(arguments: argparse.Namespace) -> Remote:
    """An address with, for SSH, the key and host keys that a person has anyway."""
    url, home = arguments.repository, Path.home() / ".ssh"
    if not url.startswith("ssh://") and "://" in url:
        return Remote(url, ca_file=Path(arguments.ca_file) if arguments.ca_file else None)
    key = arguments.ssh_key or next((str(home / name) for name in SSH_KEYS if (home / name).is_file()), None)
    hosts = Path(arguments.known_hosts or home / "known_hosts")
    return Remote(url, Path(key) if key else None, hosts)


def _since(text: str) -> timedelta:
    try:
        since = duration(text)
    except (ValueError, OverflowError) as error:
        raise GitwarrantError(f"{text!r} is no duration", remedy="write it like 90d or 12h") from error
    if not timedelta() < since <= timedelta(days=MAX_DAYS):
        raise GitwarrantError(f"{text} is too short or too long", remedy=f"say 1h to {MAX_DAYS}d")
    return since


class _Progress:
    """One line on a terminal that says what is being done; nothing where nobody looks."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def tell(self, what: str) -> None:
        if self._shown:
            print(f"{CLEAR_LINE}{what[:78]} ...", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print(CLEAR_LINE, end="", file=sys.stderr, flush=True)
