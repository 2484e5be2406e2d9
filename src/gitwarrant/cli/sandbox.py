"""`gitwarrant sandbox`: start, look at and end a real Kubernetes."""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gitwarrant.cli.terminal import Terminal
from gitwarrant.sandbox import find, life, logs
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.folder import state_home


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 done; 1 with status, when it does not run; 2 could not."""
    if arguments.part and arguments.action != "logs":
        raise SandboxError(
            f"{arguments.action} takes no part, got {arguments.part!r}",
            remedy=f"to name a sandbox: gitwarrant sandbox {arguments.action} --name {arguments.part}",
        )
    return ACTIONS[arguments.action](arguments, terminal)


def default_folder(environ: Mapping[str, str]) -> Path:
    """Where sandboxes are kept unless told otherwise: the user's state folder."""
    return state_home(environ) / "sandboxes"


def _root(arguments: argparse.Namespace) -> Path:
    return arguments.folder or default_folder(os.environ)


def _up(arguments: argparse.Namespace, terminal: Terminal) -> int:
    binaries = Binaries.of(os.environ).find_all()
    sandbox = life.up(arguments.name, root=_root(arguments), binaries=binaries)
    terminal.say(f"sandbox {sandbox.name!r} is ready: Kubernetes {sandbox.version} at {sandbox.server}")
    terminal.say(f"  export KUBECONFIG={sandbox.kubeconfig}")
    terminal.result(_described(sandbox))
    return 0


def _down(arguments: argparse.Namespace, terminal: Terminal) -> int:
    was = life.down(arguments.name, root=_root(arguments), keep=arguments.keep)
    kept = "; its data is kept" if arguments.keep else ", and nothing is left of it"
    terminal.say(
        f"sandbox {arguments.name!r} has ended{kept}" if was else f"there is no sandbox {arguments.name!r}"
    )
    terminal.result({"name": arguments.name, "existed": was, "kept": was and arguments.keep})
    return 0


def _status(arguments: argparse.Namespace, terminal: Terminal) -> int:
    status = find.status(arguments.name, root=_root(arguments))
    sandbox = status.sandbox
    terminal.say(f"sandbox {sandbox.name!r} {'runs' if status.running else 'does not run'}", "bold")
    known = f"Kubernetes {sandbox.version}, cluster uid {sandbox.uid}" if sandbox.uid else "not ready yet"
    terminal.say(f"  {sandbox.server}, {known}")
    terminal.say(f"  kubeconfig {sandbox.kubeconfig}")
    for part in status.parts:
        word, style = ("running", "good") if part.running else ("stopped", "bad")
        pid = f"pid {part.process.pid}" if part.process else ""
        again = f"{part.restarts} restarts, last: {part.ended}" if part.restarts else ""
        terminal.say(
            f"  {part.name:<24} {terminal.style(word, style)}  {pid:<12} since {part.since}  {again}".rstrip()
        )
    parts = [
        {
            "name": part.name,
            "running": part.running,
            "pid": part.process.pid if part.process else None,
            "since": part.since,
            "restarts": part.restarts,
            "ended": part.ended,
        }
        for part in status.parts
    ]
    terminal.result({**_described(sandbox), "running": status.running, "parts": parts})
    return 0 if status.running else 1


def _kubeconfig(arguments: argparse.Namespace, terminal: Terminal) -> int:
    root = _root(arguments)
    path = find.find(arguments.name, root=root).kubeconfig
    if arguments.user:
        path = find.write_credentials(arguments.name, arguments.user, arguments.group, root=root)
    terminal.say(str(path))
    terminal.result({"kubeconfig": str(path)})
    return 0


def _logs(arguments: argparse.Namespace, terminal: Terminal) -> int:
    folder = find.find(arguments.name, root=_root(arguments)).folder
    for source, line in logs.lines(folder, arguments.part, follow=arguments.follow):
        terminal.say(line if arguments.part else f"{terminal.style(f'{source:<24}', 'dim')}{line}")
    return 0


def _list(arguments: argparse.Namespace, terminal: Terminal) -> int:
    root = _root(arguments)
    found = [find.status(name, root=root) for name in find.names(root)]
    for status in found:
        state = "running" if status.running else "stopped"
        terminal.say(f"{status.sandbox.name:<24} {state}  {status.sandbox.server}")
    terminal.result([{**_described(status.sandbox), "running": status.running} for status in found])
    return 0


def _described(sandbox: find.Sandbox) -> dict[str, Any]:
    return {
        "name": sandbox.name,
        "folder": str(sandbox.folder.path),
        "kubeconfig": str(sandbox.kubeconfig),
        "audit_log": str(sandbox.audit_log),
        "server": sandbox.server,
        "port": sandbox.port,
        "uid": sandbox.uid,
        "version": sandbox.version,
    }


ACTIONS: Mapping[str, Callable[[argparse.Namespace, Terminal], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "kubeconfig": _kubeconfig,
    "logs": _logs,
    "list": _list,
}
