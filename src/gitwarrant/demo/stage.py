"""What the demo leaves running, and how all of it is ended."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from gitwarrant.demo.kubectl import Target, delete_namespaces
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.sandbox import life
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.folder import state_home
from gitwarrant.sandbox.process import Process, identify, is_alive, send, wait_gone
from gitwarrant.store.content import write_atomically

SANDBOX = "demo"
BUILDER = Path(__file__).parents[3] / "tools" / "build.py"
"""Builds the real parts; not there where gitwarrant was installed without its source."""
END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The demo's folder: the shop, the sandbox, the agent that goes on."""

    folder: Path

    @property
    def shop(self) -> Path:
        """The Git server, the keys, the agent's configuration and state."""
        return self.folder / "shop"

    @property
    def sandboxes(self) -> Path:
        """Where the sandbox lives."""
        return self.folder / "sandboxes"

    @property
    def agent_log(self) -> Path:
        """What the running agent prints."""
        return self.folder / "agent.log"

    @property
    def _agent(self) -> Path:
        return self.folder / "agent.json"

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster.json"

    def start_agent(self, configuration: Path, environ: Mapping[str, str]) -> Process:
        """Leave `gitwarrant run` running; who it is gets written down at once.

        Raises:
            GitwarrantError: it ended right away.
        """
        with self.agent_log.open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "gitwarrant", "run", "--config", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environ),
                start_new_session=True,
            )
        process = identify(child.pid)
        if process is None:
            raise GitwarrantError("the agent ended at once", remedy=f"see why: {self.agent_log}")
        write_atomically(self._agent, json.dumps(asdict(process)).encode())
        return process

    def remember(self, target: Target, namespaces: Sequence[str]) -> None:
        """Write down that a cluster of the user's is about to get these namespaces."""
        body = {"kubeconfig": str(target.kubeconfig), "context": target.context, "namespaces": [*namespaces]}
        write_atomically(self._cluster, json.dumps(body).encode())

    def end(self, environ: Mapping[str, str]) -> bool:
        """End the agent and the sandbox, clear the user's cluster, remove the folder. Whether there was any.

        Raises:
            GitwarrantError: a process would not end, or the cluster does not
                answer; then the folder stays, to try again.
        """
        there = self.folder.exists()
        if (process := self._running()) is not None:
            send(process, signal.SIGTERM)
            if not wait_gone(process, END_SECONDS):
                send(process, signal.SIGKILL)
        self._leave_cluster(environ)
        life.down(SANDBOX, root=self.sandboxes)
        if there:
            shutil.rmtree(self.folder)
            with suppress(OSError):  # the state folder of other sandboxes stays
                self.folder.parent.rmdir()
        return there

    def _leave_cluster(self, environ: Mapping[str, str]) -> None:
        if not self._cluster.exists():
            return
        told = json.loads(self._cluster.read_bytes())
        kubectl = shutil.which("kubectl") or Binaries.of(environ).find("kubectl")
        target = Target(
            Path(told["kubeconfig"]), told["context"], Path(kubectl) if kubectl else None, pods_start=False
        )
        delete_namespaces(target, environ, told["namespaces"])

    def _running(self) -> Process | None:
        """The agent that was left running; None where it ended by itself, or never was."""
        try:
            process = Process(**json.loads(self._agent.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return process if is_alive(process) else None


def default_folder(environ: Mapping[str, str]) -> Path:
    """Where the demo lives unless told otherwise: the user's state folder."""
    return state_home(environ) / "demo"


def build_parts() -> int:
    """Build what the sandbox needs, or wait for whoever builds it already; its progress is shown.

    Returns:
        The builder's exit status: 0 built, 3 no Go, others as `tools/build.py` says.
    """
    return subprocess.run([sys.executable, os.fspath(BUILDER)], check=False).returncode
