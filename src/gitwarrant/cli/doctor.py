"""`gitwarrant doctor`: say what is missing on this machine, and how to get it."""

import argparse
import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.errors import GitwarrantError

if TYPE_CHECKING:  # imports Pydantic
    from gitwarrant.config.agent import Agent, ClusterAccess

GIT_NEEDED = (2, 34)  # signs commits with SSH keys
PYTHON_NEEDED = (3, 11)
PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl")
LANDLOCK_CREATE_RULESET = 444  # the same number on every architecture (linux/landlock.h)
LANDLOCK_VERSION = 1


class State(Enum):
    """What a line says."""

    OK = "ok"
    MISSING = "missing"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `remedy` is empty when it is ok."""

    state: State
    what: str
    found: str
    remedy: str = ""


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 all that work on pull requests needs is here; 1 something of it is missing."""
    lines = [*_tools(), *_repository(), *_agent(arguments.config), *_cluster_parts(), *_jail()]
    styles = {State.OK: "good", State.MISSING: "bad", State.OPTIONAL: "warn"}
    for line in lines:
        state = terminal.style(f"{line.state.value:<9}", styles[line.state])
        terminal.say(f"{state} {line.what:<22} {line.found}")
        if line.remedy:
            terminal.say(f"{'':<9} {'':<22} {line.remedy}", "dim")
    ready = all(line.state is not State.MISSING for line in lines)
    terminal.result(
        {"ready": ready, "lines": [{**asdict(line), "state": line.state.value} for line in lines]}
    )
    return 0 if ready else 1


def _tools() -> Iterator[Line]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield _judged(
        sys.version_info >= PYTHON_NEEDED, "Python", python, "gitwarrant needs Python 3.11 or newer"
    )
    git = _version(["git", "--version"])
    good = git is not None and git >= GIT_NEEDED
    remedy = "install git 2.34 or newer: apt-get install git, brew install git"
    yield _judged(good, "git", ".".join(map(str, git)) if git else "not found", remedy)
    ssh = shutil.which("ssh-keygen")
    remedy = "install OpenSSH's client: apt-get install openssh-client"
    yield _judged(ssh is not None, "ssh-keygen", ssh or "not found", remedy)
    keys = sorted(path.name for path in (Path.home() / ".ssh").glob("*.pub"))
    found = ", ".join(keys) or "none in ~/.ssh"
    state = State.OK if keys else State.OPTIONAL
    yield Line(state, "SSH keys", found, "" if keys else "make one to sign with: ssh-keygen -t ed25519")


def _repository() -> Iterator[Line]:
    from gitwarrant.config.find import repository_folder  # noqa: PLC0415 - imports Pydantic

    try:
        yield Line(State.OK, ".gitwarrant/", str(repository_folder(Path.cwd())))
    except GitwarrantError as error:
        yield Line(State.OPTIONAL, ".gitwarrant/", "not here", error.remedy)


def _agent(argument: str | None) -> Iterator[Line]:
    """The agent's configuration, the state folder, the clusters; missing only where one was named."""
    from gitwarrant.cli.configured import agent_path  # noqa: PLC0415 - imports Pydantic
    from gitwarrant.config import agent_reading  # noqa: PLC0415 - as above

    named = argument or os.environ.get("GITWARRANT_CONFIG")
    worst = State.MISSING if named else State.OPTIONAL
    try:
        path = agent_path(argument)
        found = agent_reading.read(path)
    except GitwarrantError as error:
        yield Line(worst, "agent configuration", error.what, error.remedy)
        return
    yield Line(State.OK, "agent configuration", str(path))
    writable = _writable(found.state)
    remedy = "" if writable else "give this user the right to write it, or name another 'state' folder"
    yield Line(State.OK if writable else worst, "state folder", str(found.state), remedy)
    yield from _rules(found)
    for cluster in found.clusters:
        yield _cluster(cluster)


def _rules(found: "Agent") -> Iterator[Line]:
    """How long the rules that the agent trusts still hold; nothing before it has looked."""
    from gitwarrant.cli.configured import now  # noqa: PLC0415 - as above
    from gitwarrant.pipeline.notices import RENEWAL, days_left, rules_expire  # noqa: PLC0415 - as above

    try:
        expires = rules_expire(found)
    except GitwarrantError as error:
        yield Line(State.MISSING, "rules", error.what, error.remedy)
        return
    if expires is None:
        return
    days = days_left(expires, now())
    state = State.OK if days is None else State.OPTIONAL if days > 1 else State.MISSING
    yield Line(state, "rules", f"until {expires:%Y-%m-%d %H:%M}", RENEWAL if days is not None else "")


def _cluster(cluster: "ClusterAccess") -> Line:
    what, kubeconfig = f"cluster {cluster.name}", cluster.kubeconfig
    if cluster.in_cluster:
        inside = "KUBERNETES_SERVICE_HOST" in os.environ
        remedy = "" if inside else "run the agent in a Pod of it, or give a kubeconfig"
        told = "reached from inside" if inside else "to be reached from inside, but this is no Pod"
        return Line(State.OK if inside else State.OPTIONAL, what, told, remedy)
    if kubeconfig is None:
        return Line(State.OK, what, "no kubeconfig: warrants are signed, nothing is applied")
    if not os.access(kubeconfig, os.R_OK):
        return Line(State.OPTIONAL, what, f"{kubeconfig} cannot be read", "correct its 'kubeconfig'")
    return Line(State.OK, what, f"{kubeconfig} can be read; whether it answers is seen when planning")


def _cluster_parts() -> Iterator[Line]:
    from gitwarrant.sandbox.binaries import Binaries  # noqa: PLC0415 - slow to import; --help needs none of it

    missing = [name for name in ("aiohttp", "lightkube", "orjson") if find_spec(name) is None]
    remedy = "pip install 'gitwarrant[cluster]'" if missing else ""
    found = f"not installed: {', '.join(missing)}" if missing else "installed"
    yield Line(State.OPTIONAL if missing else State.OK, "extra 'cluster'", found, remedy)
    go = _version(["go", "version"])
    remedy = "" if go else "needed once, to build the sandbox's parts: see go.dev/dl"
    yield Line(
        State.OK if go else State.OPTIONAL, "Go", ".".join(map(str, go)) if go else "not found", remedy
    )
    found_parts = Binaries.of(os.environ)
    absent = [name for name in PARTS if found_parts.find(name) is None]
    remedy = "build them in a clone of gitwarrant: make tools" if absent else ""
    found = f"not built: {', '.join(absent)}" if absent else "built"
    yield Line(State.OPTIONAL if absent else State.OK, "parts of the sandbox", found, remedy)


def _jail() -> Iterator[Line]:
    """What renderers will be jailed with; nothing needs it yet."""
    abi = _landlock()
    remedy = "" if abi else "Linux 5.13 or newer with Landlock; needed to render charts and kustomizations"
    found = f"version {abi}" if abi else "not available"
    yield Line(State.OK if abi else State.OPTIONAL, "Landlock", found, remedy)
    status = Path("/proc/self/status")
    seccomp = status.is_file() and re.search(r"^Seccomp:", status.read_text(), re.MULTILINE) is not None
    remedy = "" if seccomp else "a Linux kernel with CONFIG_SECCOMP_FILTER"
    yield Line(
        State.OK if seccomp else State.OPTIONAL,
        "seccomp",
        "available" if seccomp else "not available",
        remedy,
    )


def _judged(good: bool, what: str, found: str, remedy: str) -> Line:
    return Line(State.OK, what, found) if good else Line(State.MISSING, what, found, remedy)


def _version(command: list[str]) -> tuple[int, ...] | None:
    """The version that a program tells; None: it is not here or tells none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    told = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", done.stdout)
    return tuple(int(part) for part in told.groups() if part) if told else None


def _writable(folder: Path) -> bool:
    """Whether files can be made there: tried out, in its parent where it does not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _landlock() -> int:
    """The version of Landlock's interface that the kernel offers; 0: none."""
    if not sys.platform.startswith("linux"):
        return 0
    asked = ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    return max(0, int(asked))
