"""One part across its restarts, as its supervisor sees it."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from gitwarrant.sandbox.parts import Part
from gitwarrant.sandbox.process import identify
from gitwarrant.sandbox.state import PartState

FIRST_BACKOFF_SECONDS = 0.25
MAX_BACKOFF_SECONDS = 15.0
STEADY_SECONDS = 30.0  # a run this long forgives earlier failures
MAX_LOG_BYTES = 33_554_432  # per part, kept twice; a steady part writes some kilobytes an hour
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Run:
    """Starts one part, notices when it ended, and says when it is due again. Knows no other part."""

    def __init__(self, part: Part, command: Sequence[str], folder: Path) -> None:
        self.part = part
        self.state = PartState(part.name)
        self.ready = False
        self.due = 0.0
        self._command = command
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._backoff = FIRST_BACKOFF_SECONDS

    @property
    def running(self) -> bool:
        """Whether it was started and has not been seen to end."""
        return self._child is not None

    def start(self, *, now: float) -> None:
        """Start it. A program that cannot be started counts as one that ended at once."""
        self._started = now
        try:
            self._child = self._spawn()
        except OSError as error:
            self._ended(f"could not be started: {error}", now=now)
            return
        since = datetime.now(UTC).isoformat(timespec="seconds")
        self.state = replace(self.state, process=identify(self._child.pid), since=since)

    def reap(self, *, now: float) -> None:
        """Notice that it ended, if it did, and plan its next start."""
        if self._child is None or (status := self._child.poll()) is None:
            return
        self._child = None
        self._ended(f"killed by signal {-status}" if status < 0 else f"exit status {status}", now=now)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal if it runs."""
        if self._child is not None:
            self._child.send_signal(number)

    def end(self, *, by: float, now: float) -> None:
        """Wait for it until `by`, then kill it."""
        if self._child is None:
            return
        try:
            self._child.wait(max(0.0, by - now))
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None

    def _ended(self, how: str, *, now: float) -> None:
        if now - self._started >= STEADY_SECONDS:
            self._backoff = FIRST_BACKOFF_SECONDS
        self.due = now + self._backoff
        self._backoff = min(2 * self._backoff, MAX_BACKOFF_SECONDS)
        self.ready = False
        self.state = replace(self.state, process=None, ended=how, restarts=self.state.restarts + 1)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._open_log() as log:
            return subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Nothing of the user's: KWOK and others read settings from the home folder.
                env={"PATH": os.defpath, "HOME": str(self._folder), "TMPDIR": str(self._folder / "tmp")},
                preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
            )

    def _open_log(self) -> IO[bytes]:
        path = self._folder / "logs" / f"{self.part.name}.log"
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")


def _die_with_parent(parent: int) -> Callable[[], None]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked to be told
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    return prepare
