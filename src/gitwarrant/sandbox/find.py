"""Which sandboxes there are, what runs of them, and how to reach them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from gitwarrant.sandbox.folder import Folder, Settings, folder_of, read_settings, write_private
from gitwarrant.sandbox.prepare import credential_text
from gitwarrant.sandbox.state import PartState, read_state


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox as its user sees it."""

    name: str
    folder: Folder
    port: int
    uid: str
    """The cluster's: that of its namespace kube-system. Empty until it was ready once."""
    version: str

    @property
    def server(self) -> str:
        """Where the API server listens."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """For cluster-admin."""
        return self.folder.kubeconfig

    @property
    def audit_log(self) -> Path:
        """Every write to the API server: a JSON object a line."""
        return self.folder.audit_log


@dataclass(frozen=True, slots=True)
class Status:
    """A sandbox and what runs of it."""

    sandbox: Sandbox
    running: bool
    parts: tuple[PartState, ...]


def sandbox_at(folder: Folder, settings: Settings) -> Sandbox:
    """The sandbox in this folder."""
    return Sandbox(folder.name, folder, settings.port, settings.uid, settings.version)


def status(name: str, *, root: Path) -> Status:
    """What runs of a sandbox.

    Raises:
        SandboxError: there is no such sandbox.
    """
    folder = folder_of(name, root)
    settings = read_settings(folder)
    state = read_state(folder)
    running = state is not None and state.running
    return Status(sandbox_at(folder, settings), running, state.parts if state else ())


def find(name: str, *, root: Path) -> Sandbox:
    """The sandbox of this name, running or not. Raises SandboxError when there is none."""
    folder = folder_of(name, root)
    return sandbox_at(folder, read_settings(folder))


def names(root: Path) -> tuple[str, ...]:
    """The sandboxes there are, running or not, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in root.glob("*/sandbox.json")))


def credentials(name: str, user: str, groups: Sequence[str], *, root: Path) -> str:
    """A kubeconfig that acts as `user` in `groups`; what that may do is RBAC's to say.

    Raises:
        SandboxError: there is no such sandbox.
        ValueError: the user is empty, or a name is too long for a certificate.
    """
    folder = folder_of(name, root)
    port = read_settings(folder).port
    return credential_text(folder, port, user, tuple(groups), now=datetime.now(UTC)).decode()


def write_credentials(name: str, user: str, groups: Sequence[str], *, root: Path) -> Path:
    """Keep such a kubeconfig in the sandbox's folder, where it goes with the sandbox. Raises as above."""
    path = folder_of(name, root).path / f"{quote(user, safe='')}.kubeconfig"
    write_private(path, credentials(name, user, groups, root=root).encode())
    return path
