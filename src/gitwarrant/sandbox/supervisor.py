"""The one process that keeps a sandbox's parts running, and takes them with it when it ends.

The kernel kills every part when the supervisor dies, however it dies (`PR_SET_PDEATHSIG`), so a sandbox is
never half alive. It sleeps until a signal comes, but for a look every two seconds whether its folder is
still there, and ten a second while a part starts.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gitwarrant.sandbox.api import Api
from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.folder import Folder, Settings, read_settings
from gitwarrant.sandbox.parts import PARTS
from gitwarrant.sandbox.probes import PROBES
from gitwarrant.sandbox.process import identify
from gitwarrant.sandbox.run import Run
from gitwarrant.sandbox.state import State, write_state

LOOK_SECONDS = 0.1  # while a part is starting
IDLE_SECONDS = 2.0  # signals wake us before; this is how soon a deleted folder is noticed
GRACE_SECONDS = 0.4  # kube-apiserver would take up to a minute; nothing is lost, its data is in etcd
ETCD_GRACE_SECONDS = 5.0
WATCHED = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


def supervise(path: Path, started: Callable[[], object]) -> None:
    """Run the sandbox in this folder until told to end (SIGTERM). One supervisor per folder at a time.

    `started` is called once, when whoever wants to end the sandbox can find its supervisor.

    Raises:
        SandboxError: the folder has no settings, or a supervisor already.
    """
    folder = Folder(path.absolute())
    settings = read_settings(folder)
    with folder.lock.open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SandboxError(
                f"sandbox {folder.name!r} already has a supervisor",
                remedy=f"see: gitwarrant sandbox status --name {folder.name}",
            ) from error
        os.chdir(folder.path)
        supervisor = Supervisor(folder, settings, api_of(folder, settings))
        supervisor.publish()
        started()
        supervisor.run()


def api_of(folder: Folder, settings: Settings) -> Api:
    """A cluster-admin client of this sandbox."""
    return Api(
        settings.port,
        authority=folder.pki / "ca.crt",
        certificate=folder.pki / "own.crt",
        key=folder.pki / "own.key",
    )


class Supervisor:
    """Starts parts in order, restarts those that end, ends all when told to."""

    def __init__(self, folder: Folder, settings: Settings, api: Api) -> None:
        own = identify(os.getpid())
        if own is None:
            raise RuntimeError("this process is not in /proc")
        self._own = own
        self._folder = folder
        self._api = api
        self._published: State | None = None
        self._runs = {
            part.name: Run(part, (settings.binaries[part.name], *part.arguments(settings.port)), folder.path)
            for part in PARTS
        }

    def run(self) -> None:
        """Return when told to end, or when the folder was deleted, and everything has ended."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        while self._folder.settings.exists():
            self._advance()
            received = signal.sigtimedwait(WATCHED, self._patience())
            if received is not None and received.si_signo != signal.SIGCHLD:
                break
        self._end()

    def _advance(self) -> None:
        for run in self._runs.values():
            run.reap(now=time.monotonic())
        for run in self._runs.values():
            if not run.running and run.due <= time.monotonic() and self._may_start(run):
                run.start(now=time.monotonic())
        for run in self._runs.values():
            if run.running and not run.ready:
                probe = PROBES.get(run.part.name)
                run.ready = probe is None or probe(self._api)
        with suppress(OSError):  # a full disk must not end a running cluster; said again next time
            self.publish()

    def _may_start(self, run: Run) -> bool:
        return run.part.after is None or self._runs[run.part.after].ready

    def _patience(self) -> float:
        starting = any(not run.running or not run.ready for run in self._runs.values())
        return LOOK_SECONDS if starting else IDLE_SECONDS

    def publish(self) -> None:
        """Write what runs, if that has changed."""
        state = State(self._own, tuple(run.state for run in self._runs.values()))
        if state != self._published:
            write_state(self._folder, state)
            self._published = state

    def _end(self) -> None:
        etcd = self._runs["etcd"]
        others = [run for run in reversed(self._runs.values()) if run is not etcd]
        for group, grace in ((others, GRACE_SECONDS), ([etcd], ETCD_GRACE_SECONDS)):
            by = time.monotonic() + grace
            for run in group:
                run.signal(signal.SIGTERM)
            for run in group:
                run.end(by=by, now=time.monotonic())
