"""Attacks by the server, by the address, and by what lies in the quarantine: stopped by fetch."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pygit2.enums import ObjectType
from tests.support.repositories import Simulator, person
from tests.support.sha256 import Sha256Simulator

from gitwarrant.git.command import Limits
from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import fetch
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import BadRemote, Remote
from gitwarrant.model.errors import Refused, Unreachable

MAIN = "refs/heads/main"


@pytest.fixture(params=[Simulator, Sha256Simulator], ids=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Simulator:
    simulator: type[Simulator] = request.param
    return simulator(tmp_path / "forge.git")


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
    raw = repository.bytes_of(good)
    repository.rewind("main", repository.raw_commit(raw.replace(b"author Alice <", b"author Alice <<")))

    with pytest.raises(Refused, match=r"served a malformed or incomplete object: .*badEmail"):
        fetch(Remote(repository.url), quarantine, [MAIN])

    assert refs(quarantine) == before
    assert len(list((quarantine / "objects/pack").glob("*.pack"))) == 1


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
    evil = type(repository)(tmp_path / "evil.git")
    evil.commit(by="mallory", files={"web.yaml": "evil"})
    (tmp_path / ".gitconfig").write_text(f'[url "{evil.url}"]\n\tinsteadOf = {repository.url}\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'url.{evil.url}.insteadof={repository.url}'")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(evil.path / "objects"))
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(evil.path / "objects"))

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


def test_more_objects_than_the_limit(repository: Simulator, quarantine: Path) -> None:
    """A pack of many tiny objects stays small on the way and fills memory here: they are counted."""
    repository.commit(by="mallory", files={f"{number}.yaml": str(number) for number in range(50)})

    with pytest.raises(Refused, match="holds 52 objects; the limit is 51"):
        fetch(Remote(repository.url), quarantine, [MAIN], limits=Limits(objects=51))

    assert (refs(quarantine), list((quarantine / "objects/pack").iterdir())) == ("", [])


@pytest.mark.parametrize("kind", ["tag", "tree"])
def test_a_branch_that_is_no_commit_changes_nothing(
    repository: Simulator, quarantine: Path, kind: str
) -> None:
    """Refused before it is promoted: the quarantine still holds the last good revision."""
    head = repository.commit(by="alice", files={"web.yaml": "x"})
    fetch(Remote(repository.url), quarantine, [MAIN])
    before = refs(quarantine)
    lines = f"object {head}\ntype commit\ntag v1\ntagger A <a@x> 0 +0000\n\nv1\n"
    other = repository.raw(ObjectType.TAG, lines.encode()) if kind == "tag" else repository.tree({"a": "x"})
    repository.point(MAIN, other)

    with pytest.raises(Refused):
        fetch(Remote(repository.url), quarantine, [MAIN])

    assert refs(quarantine) == before


def test_server_that_promises_objects_for_later(repository: Simulator, quarantine: Path) -> None:
    """A partial clone as the server, and a quarantine that was told to live with holes: refused."""
    repository.commit(by="alice", files={"web.yaml": "x"})
    fetch(Remote(repository.url), quarantine, [MAIN])
    before = refs(quarantine)
    head = repository.commit(by="alice", files={"web.yaml": "y"})
    blob = repository.blob_at(head, "web.yaml")
    (repository.path / "objects" / blob[:2] / blob[2:]).unlink()
    for folder in (repository.path, quarantine):
        with (folder / "config").open("a") as config:
            config.write('[remote "source"]\n\tpromisor = true\n\tpartialclonefilter = blob:none\n')

    with pytest.raises(Refused, match="served a malformed or incomplete object"):
        fetch(Remote(repository.url), quarantine, [MAIN])

    assert refs(quarantine) == before


def test_server_that_sends_the_way_to_a_bundle(repository: Simulator, quarantine: Path) -> None:
    """A bundle from another server is not asked for, whatever the server advertises."""
    head = repository.commit(by="alice", files={"web.yaml": "x"})
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        other.settimeout(0.2)
        address = f"http://127.0.0.1:{other.getsockname()[1]}/all.bundle"
        with (repository.path / "config").open("a") as config:
            config.write(
                "[uploadpack]\n\tadvertiseBundleURIs = true\n[bundle]\n\tversion = 1\n\tmode = all\n"
            )
            config.write(f'[bundle "all"]\n\turi = {address}\n')

        assert fetch(Remote(repository.url), quarantine, [MAIN]) == {MAIN: head}

        with pytest.raises(TimeoutError):
            other.accept()


def test_a_folder_that_is_gone_is_a_server_that_is_gone(repository: Simulator, quarantine: Path) -> None:
    """A mount that vanished may come back: tried again, as with any server."""
    repository.commit(by="alice", files={"web.yaml": "x"})
    url = repository.url
    repository.path.rename(quarantine.parent / "moved.git")

    with pytest.raises(Unreachable, match="does not answer: no such folder"):
        fetch(Remote(url), quarantine, [MAIN])


def test_a_server_that_changes_its_hash_is_refused(tmp_path: Path, quarantine: Path) -> None:
    """Ids of another length are another repository."""
    Simulator(tmp_path / "one.git").commit(by="alice", files={"web.yaml": "x"})
    Sha256Simulator(tmp_path / "two.git").commit(by="alice", files={"web.yaml": "x"})
    fetch(Remote((tmp_path / "one.git").as_uri()), quarantine, [MAIN])

    with pytest.raises(Refused, match="by ids of 64 digits"):
        fetch(Remote((tmp_path / "two.git").as_uri()), quarantine, [MAIN])


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("gitwarrant.git.incoming.Incoming.check", id="before the checks"),
        pytest.param("gitwarrant.git.incoming.Incoming.promote", id="before the promotion"),
        pytest.param("gitwarrant.git.fetch._move_refs", id="before the refs move"),
    ],
)
def test_killed_while_fetching(repository: Simulator, quarantine: Path, moment: str) -> None:
    """A kill -9 anywhere leaves the old state, and the next fetch comes to the same end."""
    old = repository.commit(by="alice", files={"web.yaml": "x"})
    fetch(Remote(repository.url), quarantine, [MAIN])
    head = repository.commit(by="alice", files={"web.yaml": "y"})
    code = (
        "import os, signal, sys, pathlib\nfrom unittest.mock import patch\n"
        "from gitwarrant.git.fetch import fetch\nfrom gitwarrant.git.remote import Remote\n"
        "def die(*_args): os.kill(os.getpid(), signal.SIGKILL)\n"
        "with patch(sys.argv[3], die): fetch(Remote(sys.argv[1]), pathlib.Path(sys.argv[2]), [sys.argv[4]])"
    )
    command = [sys.executable, "-c", code, repository.url, str(quarantine), moment, MAIN]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    killed = subprocess.run(command, env=environment, check=False).returncode

    assert killed == -signal.SIGKILL
    assert Repository(quarantine).resolve("refs/incoming/heads/main") == old
    assert fetch(Remote(repository.url), quarantine, [MAIN]) == {MAIN: head}
    assert not (quarantine / "incoming").exists()


def test_many_small_fetches_become_one_pack(
    repository: Simulator, quarantine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that runs for a year keeps its speed; a revision that no ref names any more is still there."""
    monkeypatch.setattr("gitwarrant.git.fetch.MAX_PACKS", 3)
    first = repository.commit(by="alice", files={"web.yaml": "0"})
    dropped = repository.commit(by="alice", files={"web.yaml": "dropped"})
    fetch(Remote(repository.url), quarantine, [MAIN])
    repository.rewind("main", first)
    for number in range(1, 6):
        repository.commit(by="alice", files={"web.yaml": str(number)})
        fetch(Remote(repository.url), quarantine, [MAIN])

    reading = Repository(quarantine)

    assert len(list((quarantine / "objects/pack").glob("*.pack"))) <= 3
    assert reading.resolve("refs/incoming/heads/main") == repository.tip()
    assert reading.objects.commit(dropped)[1].parents == (first,)
