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
from tests.support.sha256 import Sha256Simulator

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
def ssh_server(
    folder: Path, lets_in: str, *, certified_by: str = "", host: str = "127.0.0.1"
) -> Iterator[int]:
    """Start sshd on a free port of loopback; the key of one person may log in as whoever runs the test.

    With `certified_by`, the host key comes with a certificate of that person for `host`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    allowed = folder / "authorized keys"
    allowed.write_text(person(lets_in).public + "\n")
    settings = [f"ListenAddress=127.0.0.1:{port}", f"HostKey={person('server').key}", "UsePAM=no"]
    settings += [f'AuthorizedKeysFile="{allowed}"', "StrictModes=no", "PidFile=none", "PermitRootLogin=yes"]
    if certified_by:
        settings.append(f"HostCertificate={certificate(folder, certified_by, host)}")
    options = [part for setting in settings for part in ("-o", setting)]
    command = [str(SSHD), "-D", "-e", "-f", "/dev/null", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            _wait_for(port, server)
            yield port
        finally:
            server.kill()


def certificate(folder: Path, authority: str, host: str) -> Path:
    """The server's host key, signed for one host by an authority."""
    public = folder / "host.pub"
    public.write_text(person("server").public + "\n")
    command = [
        "ssh-keygen",
        "-q",
        "-s",
        str(person(authority).key),
        "-I",
        "forge",
        "-h",
        "-n",
        host,
        str(public),
    ]
    subprocess.run(command, check=True)
    return folder / "host-cert.pub"


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if server.poll() is not None and server.stderr:
            pytest.skip(f"sshd does not start here: {server.stderr.read().decode().strip()}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("sshd did not listen within five seconds")


def remote(folder: Path, port: int, *, host_key: str, key: str, authority: bool = False) -> Remote:
    known = folder / "known hosts 100%d"
    marker, name = ("@cert-authority ", "*") if authority else ("", f"[127.0.0.1]:{port}")
    known.write_text(f"{marker}{name} {person(host_key).public}\n")
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


def test_a_server_certified_by_the_pinned_authority_is_fetched_from(tmp_path: Path) -> None:
    """A fleet of forges changes its host keys without anybody here changing a file."""
    head = Simulator(tmp_path / "forge.git").commit(by="alice", files={"web.yaml": "x"})

    with ssh_server(tmp_path, lets_in="agent", certified_by="authority") as port:
        source = remote(tmp_path, port, host_key="authority", key="agent", authority=True)
        fetched = fetch(source, tmp_path / "quarantine", [MAIN])

    assert fetched == {MAIN: head}


@pytest.mark.parametrize(
    ("certified_by", "host"),
    [
        pytest.param("mallory", "127.0.0.1", id="by another authority"),
        pytest.param("authority", "other.example", id="for another host"),
        pytest.param("", "", id="not at all"),
    ],
)
def test_a_server_that_the_pinned_authority_does_not_certify(
    tmp_path: Path, certified_by: str, host: str
) -> None:
    """A certificate counts for its host and from its authority alone; a bare key counts for nothing then."""
    Simulator(tmp_path / "forge.git").commit(by="alice", files={"web.yaml": "x"})

    with ssh_server(tmp_path, lets_in="agent", certified_by=certified_by, host=host) as port:
        source = remote(tmp_path, port, host_key="authority", key="agent", authority=True)

        with pytest.raises(FetchError, match="shows another host key than the pinned one"):
            fetch(source, tmp_path / "quarantine", [MAIN])


def test_a_sha256_repository_is_fetched_over_ssh(tmp_path: Path) -> None:
    """The hash is learnt from the server's list."""
    head = Sha256Simulator(tmp_path / "forge.git").commit(by="alice", files={"web.yaml": "x"})

    with ssh_server(tmp_path, lets_in="agent") as port:
        source = remote(tmp_path, port, host_key="server", key="agent")
        fetched = fetch(source, tmp_path / "quarantine", [MAIN])

    assert (len(head), fetched) == (64, {MAIN: head})
