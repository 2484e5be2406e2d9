"""A real SSH server with the pinned host key, and one that only says it is that server."""

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.repositories import Simulator, person

from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import fetch
from gitwarrant.git.remote import Remote

MAIN = "refs/heads/main"
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(SSHD is None, reason="no sshd here; on Debian: apt-get install openssh-server"),
]


@contextmanager
def ssh_server(folder: Path, lets_in: str) -> Iterator[int]:
    """Start sshd on a free port of loopback; the key of one person may log in as whoever runs the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    allowed = folder / "authorized keys"
    allowed.write_text(person(lets_in).public + "\n")
    settings = [f"ListenAddress=127.0.0.1:{port}", f"HostKey={person('server').key}", "UsePAM=no"]
    settings += [f'AuthorizedKeysFile="{allowed}"', "StrictModes=no", "PidFile=none", "PermitRootLogin=yes"]
    options = [part for setting in settings for part in ("-o", setting)]
    command = [str(SSHD), "-D", "-e", "-f", "/dev/null", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            _wait_for(port, server)
            yield port
        finally:
            server.kill()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if server.poll() is not None and server.stderr:
            pytest.skip(f"sshd does not start here: {server.stderr.read().decode().strip()}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("sshd did not listen within five seconds")


def remote(folder: Path, port: int, *, host_key: str, key: str) -> Remote:
    known = folder / "known hosts 100%d"
    known.write_text(f"[127.0.0.1]:{port} {person(host_key).public}\n")
    url = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{folder}/forge.git"
    return Remote(url, ssh_key=person(key).key, known_hosts=known)


def test_the_pinned_server_is_fetched_from(tmp_path: Path) -> None:
    """With our key and its host key, and neither agent nor configuration of the user."""
    head = Simulator(tmp_path / "forge.git").commit(by="alice", files={"web.yaml": "x"})

    with ssh_server(tmp_path, lets_in="agent") as port:
        source = remote(tmp_path, port, host_key="server", key="agent")
        fetched = fetch(source, tmp_path / "quarantine", [MAIN])

    assert fetched == {MAIN: head}


def test_server_with_another_host_key(tmp_path: Path) -> None:
    """Whoever took over the server's address does not have its key."""
    Simulator(tmp_path / "forge.git").commit(by="alice", files={"web.yaml": "x"})

    with ssh_server(tmp_path, lets_in="agent") as port:
        source = remote(tmp_path, port, host_key="mallory", key="agent")

        with pytest.raises(FetchError, match="shows another host key than the pinned one"):
            fetch(source, tmp_path / "quarantine", [MAIN])


def test_server_that_does_not_let_us_in(tmp_path: Path) -> None:
    """A wrong key is no reason to try again, nor to try other keys."""
    Simulator(tmp_path / "forge.git").commit(by="alice", files={"web.yaml": "x"})

    with ssh_server(tmp_path, lets_in="agent") as port:
        source = remote(tmp_path, port, host_key="server", key="mallory")

        with pytest.raises(FetchError, match="does not let us in"):
            fetch(source, tmp_path / "quarantine", [MAIN])
