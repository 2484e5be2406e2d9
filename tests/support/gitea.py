"""A real Gitea on loopback: HTTPS, people with tokens, repositories, pull requests, reviews.

    with running(tmp_path) as gitea:
        alice = gitea.user("alice")
        shop = gitea.repository("alice", "shop")

Everything goes through its own API and through git; nothing is written into its
database. It signs what is edited in its web editor, and merges of whoever has a
public key there.
"""

import getpass
import json
import os
import random
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3

from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.ports import free_port
from tests.support.git_server import self_signed

MODULE = "code.gitea.io/gitea"
TOOLS = Path(__file__).parents[2] / "tools"
READY_SECONDS = 60.0
END_SECONDS = 10.0
STARTS = 3  # somebody else may take the port between choosing and listening
ROOT = "root"  # the administrator

CONFIGURATION = """\
APP_NAME = forge
RUN_MODE = prod
RUN_USER = {user}
WORK_PATH = {folder}

[server]
PROTOCOL = https
CERT_FILE = {certificate}
KEY_FILE = {key}
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
DOMAIN = 127.0.0.1
ROOT_URL = https://127.0.0.1:{port}/
STATIC_ROOT_PATH = {static}
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false

[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db
SQLITE_JOURNAL_MODE = WAL

[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
PASSWORD_HASH_ALGO = pbkdf2$1$1

[oauth2]
ENABLED = false

[service]
DISABLE_REGISTRATION = true

[session]
PROVIDER = memory

[log]
LEVEL = warn
MODE = file
ROOT_PATH = {folder}/log

[indexer]
ISSUE_INDEXER_TYPE = db

[cron]
ENABLED = false

[actions]
ENABLED = false

[packages]
ENABLED = false

[repository.signing]
SIGNING_FORMAT = ssh
SIGNING_KEY = {folder}/signing.pub
SIGNING_NAME = Forge
SIGNING_EMAIL = forge@example.com
CRUD_ACTIONS = always
MERGES = pubkey
INITIAL_COMMIT = never
"""


class ApiError(AssertionError):
    """The forge did not do what a test asked it for."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account; `token` may do all that the account may."""

    name: str
    token: str = field(repr=False)


@dataclass(slots=True)
class Gitea:
    """A running server."""

    url: str
    ca_file: Path
    binary: Path
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    pool: urllib3.PoolManager = field(repr=False)
    users: dict[str, User] = field(default_factory=dict)

    def user(self, name: str) -> User:
        """The user of this name, made at first use with the address NAME@example.com."""
        if name not in self.users:
            email = f"{name}@example.com"
            admin = ["--admin"] if name == ROOT else []
            told = ["--username", name, "--email", email, "--password", secrets.token_hex(12)]
            self.command("admin", "user", "create", *told, *admin, "--must-change-password=false")
            self.users[name] = User(name, self.token(name, "all"))
        return self.users[name]

    def token(self, name: str, scopes: str) -> str:
        """Make a new token of a user."""
        asked = ["--username", name, "--token-name", secrets.token_hex(8), "--scopes", scopes, "--raw"]
        return self.command("admin", "user", "generate-access-token", *asked).split()[-1]

    def command(self, *arguments: str) -> str:
        """Run Gitea's own command line against this server's folder."""
        config = ["--config", str(self.folder / "app.ini")]
        done = subprocess.run(
            [str(self.binary), *arguments, *config],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )
        if done.returncode:
            raise ApiError(f"gitea {' '.join(arguments[:3])}: {done.stdout}{done.stderr}")
        return done.stdout

    def call(self, method: str, path: str, body: object = None, *, by: str = ROOT) -> Any:
        """Call the API as a user; gives the JSON, or None where there is none.

        Raises:
            ApiError: the answer's status is no success.
        """
        status, answer = self.ask(method, path, body, by=by)
        if status >= 300:
            raise ApiError(f"{method} {path} by {by}: {status} {answer}")
        return answer

    def ask(self, method: str, path: str, body: object = None, *, by: str = ROOT) -> tuple[int, Any]:
        """Call the API and give the status too."""
        headers = {"Authorization": f"token {self.user(by).token}", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        answer = self.pool.request(
            method, f"{self.url}/api/v1{path}", body=sent, headers=headers, retries=False, timeout=60
        )
        data = answer.data
        try:
            return answer.status, json.loads(data) if data else None
        except ValueError:
            return answer.status, data.decode(errors="replace")

    def wait(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """Wait until what a path shows is as it should be: Gitea does much in the background.

        Raises:
            ApiError: it does not become so.
        """
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            status, answer = self.ask("GET", path)
            if status == 200 and holds(answer):
                return answer
            time.sleep(0.05)
        raise ApiError(f"{path} does not become as expected")

    def address(self, path: str, *, by: str = "") -> str:
        """A repository's address, with the credentials of somebody who pushes."""
        user = f"{by}:{self.user(by).token}@" if by else ""
        return f"https://{user}{self.url.removeprefix('https://')}/{path}.git"

    def git(self, *arguments: str, cwd: Path) -> str:
        """Run git with this server's certificate and nothing of this machine's configuration."""
        told = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_SSL_CAINFO": str(self.ca_file),
        }
        done = subprocess.run(
            ["git", *arguments], cwd=cwd, env=told, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise ApiError(f"git {arguments[0]}: {done.stderr}")
        return done.stdout


def binary() -> Path:
    """The built Gitea; a test that needs it skips where it is missing, and says what builds it."""
    named, tools = os.environ.get("GITWARRANT_GITEA"), Binaries.of(os.environ).tools
    found = Path(named) if named else tools / "bin" / "gitea" if tools else None
    if found is None or not found.is_file():
        pytest.skip("gitea is missing; build it with: make tools NAMES=gitea")
    return found


@contextmanager
def running(folder: Path) -> Iterator[Gitea]:
    """Start a Gitea in a folder of its own and end it, by its id."""
    program = binary()
    certificate, key = self_signed(folder)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "forge", "-f", str(folder / "signing")],
        check=True,
    )
    for _ in range(STARTS):
        port = free_port(random.Random())
        _configure(folder, certificate, key, port)
        with _started(program, folder) as process, urllib3.PoolManager(ca_certs=str(certificate)) as pool:
            url = f"https://127.0.0.1:{port}"
            gitea = Gitea(url, certificate, program, folder, _environment(folder), pool)
            if _is_ready(gitea, process):
                gitea.user(ROOT)
                yield gitea
                return
    raise ApiError(f"gitea did not start: {(folder / 'output').read_text()[-2000:]}")


def _configure(folder: Path, certificate: Path, key: Path, port: int) -> None:
    text = CONFIGURATION.format(
        user=getpass.getuser(),
        folder=folder,
        certificate=certificate,
        key=key,
        port=port,
        static=_static(),
        secret=secrets.token_hex(32),
    )
    (folder / "app.ini").write_text(text)


def _static() -> str:
    """Gitea's templates and texts, which lie in its module as Go fetched it."""
    listed = ["go", "list", "-m", "-f", "{{.Dir}}", MODULE]
    try:
        done = subprocess.run(listed, cwd=TOOLS / "gitea", capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"gitea's module is missing ({error}); fetch it with: make tools NAMES=gitea")
    return done.stdout.strip()


def _environment(folder: Path) -> dict[str, str]:
    told = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "USER": getpass.getuser(),
        "GITEA_WORK_DIR": str(folder),
    }
    if os.geteuid() == 0:
        # Gitea's own way for those who have no other user. This one lives for a test, on loopback, and
        # another user could read neither the module nor the program where both belong to root.
        told["GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT"] = "true"
    return told


@contextmanager
def _started(program: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(program), "web", "--config", str(folder / "app.ini")]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(gitea: Gitea, process: subprocess.Popen[bytes]) -> bool:
    """Whether it answers; False: it ended."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            answer = gitea.pool.request("GET", f"{gitea.url}/api/v1/version", timeout=2, retries=False)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            return answer.status == 200
    return False
