"""The one folder a sandbox lives in: what is where, and who may touch it at a time."""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from gitwarrant.sandbox.errors import SandboxError

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
MAX_SETTINGS_BYTES = 65_536  # ours are about one kilobyte


def state_home(environ: Mapping[str, str]) -> Path:
    """The folder of what gitwarrant leaves on a user's machine.

    Source: XDG Base Directory Specification 0.8; a path there that is not absolute is to be ignored.
    """
    state = Path(environ.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else Path.home() / ".local" / "state") / "gitwarrant"


@dataclass(frozen=True, slots=True)
class Folder:
    """Where everything of one sandbox is. Private to its user, deleted as a whole by `down`."""

    path: Path

    @property
    def name(self) -> str:
        """The sandbox's name."""
        return self.path.name

    @property
    def settings(self) -> Path:
        """What `up` decided. Its presence marks the folder as ours: `down` deletes no other."""
        return self.path / "sandbox.json"

    @property
    def state(self) -> Path:
        """What the supervisor runs at the moment."""
        return self.path / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.path / "supervisor.lock"

    @property
    def kubeconfig(self) -> Path:
        """For the user: cluster-admin."""
        return self.path / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.path / "pki"

    @property
    def logs(self) -> Path:
        """One file per part, the supervisor's, and the API server's audit log."""
        return self.path / "logs"

    @property
    def audit_log(self) -> Path:
        """What was asked of the API server, and by whom: a JSON object a line."""
        return self.logs / "audit.log"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `up` decided and the supervisor follows; kept so that a restart finds the same cluster."""

    port: int
    binaries: dict[str, str]
    """Absolute path of each part's program, by part name."""
    made: tuple[str, ...]
    """Folders that did not exist before, outermost first: `down` removes those that are empty again."""
    uid: str = ""
    """The cluster's uid (that of namespace kube-system); empty until it was ready once."""
    version: str = ""


def folder_of(name: str, root: Path) -> Folder:
    """The folder of the sandbox called `name`, which need not exist.

    Raises:
        SandboxError: the name could not be a folder and a cluster name.
    """
    if not NAME.fullmatch(name):
        raise SandboxError(
            f"{name!r} cannot name a sandbox",
            remedy="use at most 40 small letters, digits and hyphens, beginning and ending with no hyphen",
        )
    return Folder(root.absolute() / name)


def read_settings(folder: Folder) -> Settings:
    """Read what `up` decided.

    Raises:
        SandboxError: there is no such sandbox, or its settings are damaged.
    """
    if not folder.settings.is_file():
        raise SandboxError(
            f"there is no sandbox {folder.name!r} under {folder.path.parent}",
            remedy=f"start it with: gitwarrant sandbox up --name {folder.name}",
        )
    try:
        value = json.loads(folder.settings.read_bytes()[:MAX_SETTINGS_BYTES])
        return Settings(**{**value, "made": tuple(value["made"])})
    except (ValueError, TypeError, KeyError) as error:
        raise SandboxError(
            f"{folder.settings} is damaged",
            remedy=f"remove it with: gitwarrant sandbox down --name {folder.name}",
        ) from error


def write_settings(folder: Folder, settings: Settings) -> None:
    """Keep what was decided, whole or not at all."""
    write_private(folder.settings, json.dumps(asdict(settings), indent=2).encode())


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` in one step by a file only its owner can read."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)


def made_folders(folder: Folder) -> tuple[str, ...]:
    """The folders that would not be there without sandboxes, outermost first; asked before they are made.

    What a neighbour made counts too: whichever of them goes last takes it along.
    """
    missing = {str(path) for path in (folder.path, *folder.path.parents) if not path.exists()}
    for neighbour in folder.path.parent.glob("*/sandbox.json"):
        with suppress(SandboxError):
            missing.update(read_settings(Folder(neighbour.parent)).made)
    return tuple(str(path) for path in (*reversed(folder.path.parents), folder.path) if str(path) in missing)


@contextmanager
def exclusive(folder: Folder) -> Iterator[None]:
    """Let one `up` or `down` at a time work on a folder that exists; others wait.

    The lock is on the folder itself, so nothing is left behind; one that was deleted while we waited is
    made anew by whoever needs it, so we look again.
    """
    while True:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_at(descriptor, folder.path):
                continue
            yield
            return
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
