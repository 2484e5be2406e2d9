"""Starting and ending a sandbox."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitwarrant.model.errors import Unreachable
from gitwarrant.sandbox.api import Api
from gitwarrant.sandbox.content import SEED
from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.find import Sandbox, sandbox_at
from gitwarrant.sandbox.folder import (
    Folder,
    Settings,
    exclusive,
    folder_of,
    made_folders,
    read_settings,
    write_settings,
)
from gitwarrant.sandbox.parts import NODES
from gitwarrant.sandbox.ports import free_port, is_free
from gitwarrant.sandbox.prepare import prepare
from gitwarrant.sandbox.process import send, wait_gone
from gitwarrant.sandbox.state import read_state
from gitwarrant.sandbox.supervisor import api_of

READY_SECONDS = 90.0  # about 8 on two idle cores; a busy machine may need many times that
LOOK_SECONDS = 0.05
MAX_RESTARTS = 5  # a part that ended this often while starting will not start
END_SECONDS = 15.0  # more than the supervisor gives its parts
TAIL_LINES = 8
# The supervisor is of the same source as we are, however we were found.
SUPERVISE = """
import sys
sys.path.insert(0, sys.argv[1])
from gitwarrant.sandbox.__main__ import main
sys.exit(main(["supervise", sys.argv[2]]))
"""


def up(name: str, *, root: Path, binaries: Mapping[str, Path], seconds: float = READY_SECONDS) -> Sandbox:
    """Start a sandbox, or start it again on what it left, and return when it can be used.

    Ready means: the API server says so, the nodes are Ready, Pods have a service account to run as. One
    that runs already is returned as it is.

    Raises:
        SandboxError: a part does not start, or not in time. Nothing is left running then; logs and data are.
    """
    folder = folder_of(name, root)
    made = made_folders(folder)
    deadline = time.monotonic() + seconds
    with exclusive(folder):
        state = read_state(folder)
        if state is not None and state.running:
            return sandbox_at(folder, _wait_ready(folder, deadline=deadline))
        try:
            _start(folder, _settings(folder, binaries, made))
            return sandbox_at(folder, _wait_ready(folder, deadline=deadline))
        except BaseException:  # also when interrupted: a sandbox half started is of no use
            _end_processes(folder)
            raise


def down(name: str, *, root: Path, keep: bool = False) -> bool:
    """End a sandbox; remove all of it unless `keep`. Returns whether there was one.

    Raises:
        SandboxError: a process would not end, or the folder is not a sandbox's.
    """
    folder = folder_of(name, root)
    if not folder.path.exists():
        return False
    with exclusive(folder):
        made = _made(folder)
        _end_processes(folder)
        if not keep:
            shutil.rmtree(folder.path)
    if not keep:
        for path in reversed(made):
            with suppress(OSError):  # not empty: somebody else's by now
                Path(path).rmdir()
    return True


def _settings(folder: Folder, binaries: Mapping[str, Path], made: tuple[str, ...]) -> Settings:
    """The settings to start with: as they were, but for programs that moved and a port taken since."""
    programs = {part: str(path.absolute()) for part, path in binaries.items()}
    if not folder.settings.exists():
        if any(folder.path.iterdir()):
            raise SandboxError(
                f"{folder.path} has files in it that are no sandbox's",
                remedy="name another sandbox, or move them",
            )
        settings = Settings(free_port(random.SystemRandom()), programs, made)
    else:
        settings = replace(read_settings(folder), binaries=programs)
    write_settings(folder, settings)
    return settings


def _start(folder: Folder, settings: Settings) -> None:
    _end_processes(folder)  # what a supervisor that was killed may have left
    if not is_free(settings.port):
        settings = replace(settings, port=free_port(random.SystemRandom()))
        write_settings(folder, settings)
    for stale in (folder.state, *folder.path.glob("*.sock")):
        stale.unlink(missing_ok=True)
    prepare(folder, settings.port, now=datetime.now(UTC))
    command = (sys.executable, "-P", "-c", SUPERVISE, str(Path(__file__).parents[2]), str(folder.path))
    log = folder.logs / "supervisor.log"
    with log.open("ab") as output:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if ended.returncode:
        raise SandboxError(
            "\n  ".join(("the supervisor does not start; its last words:", *_tail(log))), remedy=f"read {log}"
        )


def _wait_ready(folder: Folder, *, deadline: float) -> Settings:
    settings = read_settings(folder)
    api = api_of(folder, settings)
    seeded = False
    while time.monotonic() < deadline:
        _refuse_dead(folder)
        with suppress(Unreachable):
            if not seeded and api.is_ready():
                for collection, value in SEED:
                    api.create(collection, value)
                seeded = True
            if seeded and _all_run(folder) and _is_usable(api):
                return _remember(folder, settings, api)
        time.sleep(LOOK_SECONDS)
    raise SandboxError(
        f"sandbox {folder.name!r} did not become ready in time", remedy=f"read the logs in {folder.logs}"
    )


def _refuse_dead(folder: Folder) -> None:
    """Do not wait for what will not come."""
    state = read_state(folder)
    for part in state.parts if state else ():
        if part.restarts >= MAX_RESTARTS and not part.running:
            log = folder.logs / f"{part.name}.log"
            raise SandboxError(
                "\n  ".join((f"{part.name} does not start: {part.ended}; its last words:", *_tail(log))),
                remedy=f"read {log}",
            )


def _all_run(folder: Folder) -> bool:
    # The objects of a kept sandbox say Ready from before, so they do not tell.
    state = read_state(folder)
    return state is not None and all(part.running for part in state.parts)


def _tail(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if log.exists() else []


def _is_usable(api: Api) -> bool:
    if api.get("/api/v1/namespaces/default/serviceaccounts/default") is None:
        return False
    return all(_is_ready_node(api.get(f"/api/v1/nodes/{name}")) for name in NODES)


def _is_ready_node(node: dict[str, Any] | None) -> bool:
    conditions = (node or {}).get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _remember(folder: Folder, settings: Settings, api: Api) -> Settings:
    namespace = api.get("/api/v1/namespaces/kube-system")
    version = api.get("/version")
    uid = namespace["metadata"]["uid"] if namespace else ""
    settings = replace(settings, uid=uid, version=version["gitVersion"] if version else "")
    write_settings(folder, settings)
    return settings


def _made(folder: Folder) -> tuple[str, ...]:
    """The folders made for this one. Refuses a folder that is not a sandbox's, so that none is deleted."""
    if not folder.settings.exists() and any(folder.path.iterdir()):
        raise SandboxError(
            f"{folder.path} is not a sandbox's folder", remedy="remove it by hand if it may go"
        )
    try:
        return read_settings(folder).made
    except SandboxError:  # damaged, or not written yet: the folder itself is all there is to remove
        return ()


def _end_processes(folder: Folder) -> None:
    """End the supervisor, and with it its parts; then what is left of either, by force."""
    state = read_state(folder)
    if state is None:
        return
    if send(state.supervisor, signal.SIGTERM):
        wait_gone(state.supervisor, END_SECONDS)
    for process in state.processes:
        if send(process, signal.SIGKILL) and not wait_gone(process, END_SECONDS):
            raise SandboxError(
                f"process {process.pid} of sandbox {folder.name!r} does not end even when killed",
                remedy=f"a disk it waits for may hang; see: ps -o wchan,stat -p {process.pid}",
            )
