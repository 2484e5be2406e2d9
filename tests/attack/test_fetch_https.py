"""A real server over HTTPS, honest and not: who it is and where it sends us is decided by fetch."""

from pathlib import Path

import pytest
from tests.support.git_server import serve
from tests.support.repositories import Simulator
from tests.support.sha256 import Sha256Simulator

from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import fetch
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import Remote
from gitwarrant.model.errors import Refused

MAIN = "refs/heads/main"


@pytest.mark.parametrize("kind", [Simulator, Sha256Simulator], ids=["sha1", "sha256"])
def test_an_honest_server_is_fetched_from(tmp_path: Path, kind: type[Simulator]) -> None:
    """With its authority pinned, the smart protocol brings branch and statements; then only what is new."""
    repository = kind(tmp_path / "shop.git")
    first = repository.commit(by="alice", files={"web.yaml": "x"})

    with serve(tmp_path) as (url, authority):
        remote = Remote(f"{url}/shop.git", ca_file=authority)
        fetched = [fetch(remote, tmp_path / "quarantine", [MAIN])]
        second = repository.commit(by="alice", files={"web.yaml": "y"})
        fetched.append(fetch(remote, tmp_path / "quarantine", [MAIN]))

    assert fetched == [{MAIN: first}, {MAIN: second}]


def test_server_with_another_certificate(tmp_path: Path) -> None:
    """Somebody between us and the forge has no certificate of the pinned authority."""
    Simulator(tmp_path / "shop.git").commit(by="alice", files={"web.yaml": "x"})

    with serve(tmp_path) as (url, _), pytest.raises(FetchError, match="cannot prove who it is"):
        fetch(Remote(f"{url}/shop.git"), tmp_path / "quarantine", [MAIN])


def test_server_that_redirects(tmp_path: Path) -> None:
    """A redirect would lead to a server that nobody configured."""
    Simulator(tmp_path / "shop.git").commit(by="alice", files={"web.yaml": "x"})

    with (
        serve(tmp_path) as (real, authority),
        serve(tmp_path / "shop.git", redirect_to=real) as (url, redirecting),
    ):
        both = tmp_path / "both.pem"
        both.write_bytes(authority.read_bytes() + redirecting.read_bytes())
        remote = Remote(f"{url}/shop.git", ca_file=both)

        with pytest.raises(FetchError, match="redirects to another place"):
            fetch(remote, tmp_path / "quarantine", [MAIN])


def test_server_without_the_repository(tmp_path: Path) -> None:
    """The address is named without what it may hold of credentials."""
    with serve(tmp_path) as (url, authority):
        remote = Remote(f"{url.replace('//', '//bot:hunter2@')}/none.git", ca_file=authority)

        with pytest.raises(FetchError) as caught:
            fetch(remote, tmp_path / "quarantine", [MAIN])

    assert caught.value.what.startswith(f"{url}/none.git has no such repository: fatal: repository")
    assert "hunter2" not in str(caught.value)


def test_server_without_the_ref(tmp_path: Path) -> None:
    """A branch that is not there is no empty change."""
    Simulator(tmp_path / "shop.git").commit(by="alice", on="develop", files={"web.yaml": "x"})

    with serve(tmp_path) as (url, authority), pytest.raises(FetchError, match=r"has no refs/heads/main"):
        fetch(Remote(f"{url}/shop.git", ca_file=authority), tmp_path / "quarantine", [MAIN])


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_server_of_plain_files(tmp_path: Path, packed: bool) -> None:
    """The dumb protocol copies files that git checks by nothing but their id: refused, nothing stays."""
    repository = Simulator(tmp_path / "shop.git")
    repository.commit(by="alice", files={"web.yaml": "x"})
    if packed:
        repository.run("repack", "-a", "-d", "-q")
    repository.run("update-server-info")

    with serve(tmp_path, dumb=True) as (url, authority), pytest.raises(Refused, match="only copies files"):
        fetch(Remote(f"{url}/shop.git", ca_file=authority), tmp_path / "quarantine", [MAIN])

    assert Repository(tmp_path / "quarantine").refs("refs/") == {}


def test_server_that_shows_one_commit_and_sends_another(tmp_path: Path) -> None:
    """Asked twice, it answers twice: whoever looks at the list would see another history than is fetched."""
    Simulator(tmp_path / "shop.git").commit(by="alice", files={"web.yaml": "x"})
    evil = Simulator(tmp_path / "evil.git").commit(by="mallory", files={"web.yaml": "y"})
    asked: list[str] = []

    def route(path: str, body: bytes) -> str:
        if b"command=ls-refs" in body:
            asked.append(path)
        return path.replace("shop", "evil") if len(asked) % 2 == 0 and asked else path

    with (
        serve(tmp_path, route=route) as (url, authority),
        pytest.raises(Refused, match="shows other commits than it sends, 3 times in a row"),
    ):
        fetch(Remote(f"{url}/shop.git", ca_file=authority), tmp_path / "quarantine", [MAIN])

    assert Repository(tmp_path / "quarantine").refs("refs/") == {}
    assert not Repository(tmp_path / "quarantine").objects.has(evil)
