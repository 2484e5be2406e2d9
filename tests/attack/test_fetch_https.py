"""A real server over HTTPS, honest and not: who it is and where it sends us is decided by fetch."""

from pathlib import Path

import pytest
from tests.support.git_server import serve
from tests.support.repositories import Simulator

from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import fetch
from gitwarrant.git.remote import Remote

MAIN = "refs/heads/main"


def test_an_honest_server_is_fetched_from(tmp_path: Path) -> None:
    """With its authority pinned, the smart protocol brings branch and statements; then only what is new."""
    repository = Simulator(tmp_path / "shop.git")
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
