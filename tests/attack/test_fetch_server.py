"""Attacks by the server, by the address, and by what lies in the quarantine: stopped by fetch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.repositories import Simulator, person

from gitwarrant.git.command import Limits
from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import fetch
from gitwarrant.git.remote import BadRemote, Remote
from gitwarrant.model.errors import Refused, Unreachable

MAIN = "refs/heads/main"


@pytest.fixture
def repository(tmp_path: Path) -> Simulator:
    return Simulator(tmp_path / "forge.git")


@pytest.fixture
def quarantine(tmp_path: Path) -> Path:
    return tmp_path / "quarantine.git"


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def refs(quarantine: Path) -> str:
    command = ["git", f"--git-dir={quarantine}", "for-each-ref"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize(
    ("url", "what"),
    [
        pytest.param("--upload-pack=touch /tmp/x", "reads as an option", id="option_like_url"),
        pytest.param("-oProxyCommand=id:x", "reads as an option", id="option-like scp address"),
        pytest.param("fd::17", "would start a program", id="fd transport"),
        pytest.param("git://forge.example/shop", "has a scheme we do not fetch from", id="git protocol"),
        pytest.param("/srv/shop.git", "is not one we fetch from", id="folder without scheme"),
        pytest.param("https://forge.example/a\nb", "white space or a control character", id="line feed"),
        pytest.param("https:///shop", "names no host", id="no host"),
        pytest.param(
            "git@forge.example:shop", "needs a key and the server's known host keys", id="no pinned host"
        ),
    ],
)
def test_address_that_is_not_fetched_from(url: str, what: str) -> None:
    """Refused before git is started."""
    with pytest.raises(BadRemote, match=what):
        Remote(url)


def test_a_password_in_the_address_is_not_shown() -> None:
    """Neither in errors nor in the address for people."""
    remote = Remote("https://bot:hunter2@forge.example/shop.git?token=hunter2")

    assert remote.shown == "https://forge.example/shop.git"


def test_server_gone_over_https(quarantine: Path, closed_port: int) -> None:
    """Trying again may mend it; the password in the address stays out of the message."""
    with pytest.raises(Unreachable) as caught:
        fetch(Remote(f"https://bot:hunter2@127.0.0.1:{closed_port}/shop.git"), quarantine, [MAIN])

    assert caught.value.what.startswith(f"https://127.0.0.1:{closed_port}/shop.git does not answer: fatal:")
    assert "hunter2" not in str(caught.value)


def test_server_gone_over_ssh(quarantine: Path, closed_port: int) -> None:
    """ssh's words are understood too."""
    key = person("alice").key
    remote = Remote(f"ssh://git@127.0.0.1:{closed_port}/shop.git", ssh_key=key, known_hosts=key)

    with pytest.raises(Unreachable, match="Connection refused"):
        fetch(remote, quarantine, [MAIN])


def test_server_that_never_answers(quarantine: Path) -> None:
    """A server that accepts and says nothing is given up after the limit, and git with it."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/shop.git"

        with pytest.raises(Unreachable, match=r"did not finish within 0\.3 seconds"):
            fetch(Remote(url), quarantine, [MAIN], limits=Limits(seconds=0.3))


def test_key_unreadable(quarantine: Path, tmp_path: Path) -> None:
    """Said before anything is sent."""
    remote = Remote("git@forge.example:shop", ssh_key=tmp_path / "none", known_hosts=tmp_path / "none")

    with pytest.raises(FetchError, match="none cannot be read"):
        fetch(remote, quarantine, [MAIN])


def test_pack_too_large(repository: Simulator, quarantine: Path) -> None:
    """A pack beyond the limit stops while it arrives, leaves no piece, and moves no ref."""
    repository.commit(by="mallory", files={"big.bin": os.urandom(3_000_000)})

    with pytest.raises(Refused) as caught:
        fetch(Remote(repository.url), quarantine, [MAIN], limits=Limits(bytes=1_000_000))

    assert caught.value.what == f"{repository.url} sends more than 1,000,000 bytes"
    assert (refs(quarantine), list((quarantine / "objects/pack").iterdir())) == ("", [])


def test_quarantine_that_grows_by_small_fetches(repository: Simulator, quarantine: Path) -> None:
    """Each pack is below the limit, all together are not."""
    for _ in range(2):
        repository.commit(by="mallory", files={"big.bin": os.urandom(700_000)})
        with_room = Limits(bytes=2_000_000)
        fetch(Remote(repository.url), quarantine, [MAIN], limits=with_room)

    with pytest.raises(Refused, match="fills 1,4"):
        fetch(Remote(repository.url), quarantine, [MAIN], limits=Limits(bytes=1_000_000))


def test_malformed_object_from_the_server(repository: Simulator, quarantine: Path) -> None:
    """git checks objects on arrival; nothing of the pack is kept, no ref moves."""
    good = repository.commit(by="alice", files={"web.yaml": "x"})
    fetch(Remote(repository.url), quarantine, [MAIN])
    before = refs(quarantine)
    raw = repository.git[good].read_raw()
    repository.rewind("main", repository.raw_commit(raw.replace(b"author Alice <", b"author Alice <<")))

    with pytest.raises(Refused, match=r"served a malformed or incomplete object: .*badEmail"):
        fetch(Remote(repository.url), quarantine, [MAIN])

    assert refs(quarantine) == before


def test_tag_and_other_refs_stay_away(repository: Simulator, quarantine: Path) -> None:
    """Only what was asked for arrives: no tags, no replace refs, no other branch."""
    commit = repository.commit(by="alice", files={"web.yaml": "x"})
    for ref in ("refs/tags/v1", f"refs/replace/{commit}", "refs/heads/other", "refs/incoming/heads/x"):
        repository.point(ref, commit)

    fetched = fetch(Remote(repository.url), quarantine, [MAIN])

    assert fetched == {MAIN: commit}
    assert refs(quarantine) == f"{commit} commit\trefs/incoming/heads/main\n"


def test_hooks_and_configuration_of_the_quarantine_do_not_act(
    repository: Simulator, quarantine: Path
) -> None:
    """What the environment says outranks files: no hook runs, no helper, no other address."""
    repository.commit(by="alice", files={"web.yaml": "x"})
    fetch(Remote(repository.url), quarantine, [MAIN])
    trap = quarantine / "sprung"
    hook = quarantine / "hooks" / "reference-transaction"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    with (quarantine / "config").open("a") as config:
        config.write(f'[core]\n\thooksPath = {hook.parent}\n\tfsmonitor = "touch {trap}"\n')
    head = repository.commit(by="alice", files={"web.yaml": "y"})

    assert fetch(Remote(repository.url), quarantine, [MAIN]) == {MAIN: head}
    assert not trap.exists()


def test_ref_that_is_not_a_branch(repository: Simulator, quarantine: Path) -> None:
    """A ref's name becomes a refspec: nothing but a plain branch gets that far."""
    for ref in (
        "main",
        "refs/heads/a:refs/heads/b",
        "refs/heads/*",
        "refs/heads/../x",
        "+refs/heads/x",
        "refs/tags/v1",
    ):
        with pytest.raises(FetchError, match="is not the full name of a branch"):
            fetch(Remote(repository.url), quarantine, [ref])


def test_disk_full(repository: Simulator, tmp_path: Path) -> None:
    """On a file system of 256 KiB the error says so, and what to do."""
    repository.commit(by="alice", files={"big.bin": os.urandom(2_000_000)})
    folder = tmp_path / "small"
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=256k none {folder}"
    allowed = subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False)
    if allowed.returncode:
        pytest.skip("this machine lets nobody mount a small file system in a namespace of their own")
    code = (
        "import sys, pathlib\nfrom gitwarrant.git.fetch import fetch\n"
        "from gitwarrant.git.remote import Remote\n"
        "try: fetch(Remote(sys.argv[1]), pathlib.Path(sys.argv[2]), ['refs/heads/main'])\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    script = f'{mount} && exec "$@"'
    command = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        script,
        "sh",
        sys.executable,
        "-c",
        code,
        repository.url,
        f"{folder}/q",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout

    assert said.startswith("FetchError the disk is full: ")
    assert said.endswith("remedy: make room where gitwarrant keeps its repositories\n")


def test_configuration_and_environment_of_the_user_do_not_act(
    repository: Simulator, quarantine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a home's .gitconfig nor variables lead to another address."""
    head = repository.commit(by="alice", files={"web.yaml": "x"})
    evil = Simulator(tmp_path / "evil.git")
    evil.commit(by="mallory", files={"web.yaml": "evil"})
    (tmp_path / ".gitconfig").write_text(f'[url "{evil.url}"]\n\tinsteadOf = {repository.url}\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'url.{evil.url}.insteadof={repository.url}'")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(evil.path / "objects"))

    assert fetch(Remote(repository.url), quarantine, [MAIN]) == {MAIN: head}


def test_fetch_that_was_killed_does_not_block_the_next(repository: Simulator, quarantine: Path) -> None:
    """What a kill -9 leaves (locks, half a pack) is cleared away."""
    fetched = repository.commit(by="alice", files={"web.yaml": "x"})
    fetch(Remote(repository.url), quarantine, [MAIN])
    (quarantine / "refs/incoming/heads/main.lock").touch()
    (quarantine / "packed-refs.lock").touch()
    (quarantine / "objects/pack/tmp_pack_x").write_bytes(b"half")
    head = repository.commit(by="alice", files={"web.yaml": "y"})

    assert fetch(Remote(repository.url), quarantine, [MAIN]) == {MAIN: head} != {MAIN: fetched}
    assert not list((quarantine / "objects/pack").glob("tmp_*"))
