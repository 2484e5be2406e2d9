"""`gitwarrant try git@host:path`, with the keys that a person has anyway, on a real SSH server."""

import getpass
import shutil
from pathlib import Path

import pytest
from tests.attack.test_fetch_ssh import SSHD, ssh_server
from tests.support.repositories import Simulator, person

from gitwarrant.cli.main import main

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(SSHD is None, reason="no sshd here; on Debian: apt-get install openssh-server"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Alice's home, with her only key."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    shutil.copy(person("alice").key, tmp_path / ".ssh" / "id_ed25519")
    made = Simulator(tmp_path / "shop.git")
    made.commit(by="ada", files={"notes": "1"})
    made.commit(by="ada", files={"notes": "2"})
    return tmp_path


def test_a_server_that_is_known_is_looked_at(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ssh_server(home, lets_in="alice") as port:
        known = home / ".ssh" / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {person('server').public}\n")
        address = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{home}/shop.git"

        assert main(["try", address], {}) == 0

    assert ", branch main: 1 landing from " in capsys.readouterr().out


def test_a_server_with_another_key_is_not(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asked and nothing is accepted on first use."""
    with ssh_server(home, lets_in="alice") as port:
        known = home / "hosts"
        known.write_text(f"[127.0.0.1]:{port} {person('mallory').public}\n")
        address = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{home}/shop.git"

        assert main(["try", address, "--known-hosts", str(known)], {}) == 2

    assert "another host key than the pinned one" in capsys.readouterr().err
