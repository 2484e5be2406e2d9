"""Whoever reads what we print, log, store or start does not learn a token; no other server is sent one."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.deployers import open_deployer
from tests.support.git_server import serve
from tests.support.github_api import TOKEN, github
from tests.support.repositories import Simulator

from gitwarrant.cli.configured import agent_at
from gitwarrant.git import github_app
from gitwarrant.git.credential import BadCredential, Credential, from_file
from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import fetch
from gitwarrant.git.github_app import credential
from gitwarrant.git.remote import BadRemote, Remote
from gitwarrant.model.errors import Unreachable
from gitwarrant.pipeline.candidates import candidate
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.remote import remote_of

MAIN = "refs/heads/main"
SECRET = "hunter2-and-more"


@pytest.fixture(autouse=True)
def _no_token_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """After every test here: neither printed, nor logged at any level, nor left in the quarantine."""
    caplog.set_level(logging.DEBUG)
    yield
    out, err = capfd.readouterr()
    kept = [path.read_bytes() for path in (tmp_path / "quarantine").rglob("*") if path.is_file()]
    said = [out, err, caplog.text, *(data.decode(errors="replace") for data in kept)]
    assert [text for text in said if SECRET in text or TOKEN in text] == []


def running() -> str:
    """The arguments of every process of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return "\n".join(found)


@pytest.mark.parametrize("where", ["credential", "address"])
def test_a_token_lets_us_in_and_stands_in_no_list_of_processes(tmp_path: Path, where: str) -> None:
    """git gives its helpers the address as an argument: there is no token in it, even if there was."""
    head = Simulator(tmp_path / "shop.git").commit(by="alice", files={"web.yaml": "x"})
    seen: list[str] = []

    def route(path: str, _body: bytes) -> str:
        seen.append(running())
        return path

    with serve(tmp_path, password=f"bot:{SECRET}", route=route) as (url, authority):
        if where == "address":
            remote = Remote(f"{url.replace('//', f'//bot:{SECRET}@')}/shop.git", ca_file=authority)
        else:
            remote = Remote(f"{url}/shop.git", ca_file=authority, credential=Credential("bot", SECRET))
        fetched = fetch(remote, tmp_path / "quarantine", [MAIN])

    assert fetched == {MAIN: head}
    assert any("remote-https" in processes for processes in seen)
    assert [processes for processes in seen if SECRET in processes] == []
    assert SECRET not in repr(remote)
    assert SECRET not in repr(Credential("bot", SECRET))


@pytest.mark.parametrize("token", ["wrong-" + SECRET, ""], ids=["wrong token", "no token"])
def test_a_server_that_does_not_let_us_in(tmp_path: Path, token: str) -> None:
    """Said without the token; nobody is asked for another."""
    Simulator(tmp_path / "shop.git").commit(by="alice", files={"web.yaml": "x"})

    with serve(tmp_path, password=f"bot:{SECRET}") as (url, authority):
        sent = Credential("bot", token) if token else None
        remote = Remote(f"{url}/shop.git", ca_file=authority, credential=sent)

        with pytest.raises(FetchError, match="does not let us in") as caught:
            fetch(remote, tmp_path / "quarantine", [MAIN])

    assert SECRET not in str(caught.value)


def test_a_redirect_gets_no_token(tmp_path: Path) -> None:
    """The other server is never asked."""
    asked: list[str] = []

    def route(path: str, _body: bytes) -> str:
        asked.append(path)
        return path

    (tmp_path / "first").mkdir()
    Simulator(tmp_path / "shop.git").commit(by="alice", files={"web.yaml": "x"})
    with (
        serve(tmp_path, route=route) as (other, authority),
        serve(tmp_path / "first", redirect_to=other) as (url, redirecting),
    ):
        both = tmp_path / "both.pem"
        both.write_bytes(authority.read_bytes() + redirecting.read_bytes())
        remote = Remote(f"{url}/shop.git", ca_file=both, credential=Credential("bot", SECRET))

        with pytest.raises(FetchError, match="redirects to another place"):
            fetch(remote, tmp_path / "quarantine", [MAIN])

    assert asked == []


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param(f"{SECRET}\nX-Other: header", id="a second header"),
        pytest.param(f"{SECRET} and more", id="white space"),
        pytest.param(f"{SECRET}\u00e9", id="not ASCII"),
        pytest.param(SECRET * 2000, id="too long"),
    ],
)
def test_a_token_that_cannot_be_sent(tmp_path: Path, token: str) -> None:
    """Refused before anything is sent; the error does not repeat it."""
    file = tmp_path / "token"
    file.write_text(token)

    with pytest.raises(BadCredential) as caught:
        from_file(file, "bot")

    assert SECRET not in str(caught.value)


def test_a_password_that_looks_like_a_path_is_not_shown() -> None:
    """With a slash in it the address cannot be read; said without any of it."""
    with pytest.raises(BadRemote) as caught:
        Remote(f"https://bot:{SECRET}/x@forge.example/shop.git")

    assert SECRET not in str(caught.value)


def test_an_agent_fetches_with_the_token_of_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From variable or file to a real server; nothing of the state folder holds it."""
    deployer = open_deployer(tmp_path)
    monkeypatch.setenv("GITWARRANT_GIT_TOKEN", SECRET)
    with serve(tmp_path, password=f"bot:{SECRET}") as (url, authority):
        deployer.settings["root"]["url"] = f"{url}/forge.git"
        deployer.settings["git"] = {"ca_file": str(authority), "user": "bot"}
        deployer.agent()
        agent = agent_at(str(deployer.config))
        with open_delivery(agent, lambda: datetime.now(UTC)) as work:
            found = candidate(work, "staging")

        monkeypatch.delenv("GITWARRANT_GIT_TOKEN")
        (tmp_path / "token").write_text(f"{SECRET}\n")
        deployer.settings["git"]["token_file"] = "token"
        deployer.agent()
        by_file = remote_of(agent_at(str(deployer.config)), datetime.now(UTC))
        fetched = fetch(by_file, tmp_path / "quarantine", [MAIN])

    assert fetched == {MAIN: found.question.change.head}
    assert SECRET not in repr(agent)
    state = (path.read_bytes() for path in deployer.state.rglob("*") if path.is_file())
    assert not any(SECRET.encode() in data for data in state)


def test_a_github_app_fetches_with_a_token_that_it_asks_for(tmp_path: Path) -> None:
    """The app's key signs who we are; the answer lets us in; asked for with the right to read alone."""
    head = Simulator(tmp_path / "shop.git").commit(by="alice", files={"web.yaml": "x"})
    now = datetime.now(UTC)
    with github(tmp_path / "api") as api, serve(tmp_path, password=f"x-access-token:{TOKEN}") as (url, ca):
        remote = Remote(f"{url}/shop.git", ca_file=ca, credential=credential(api.app, now))
        fetched = fetch(remote, tmp_path / "quarantine", [MAIN])

    [asked] = api.asked
    claims = asked.pop("claims")
    assert fetched == {MAIN: head}
    assert asked == {
        "path": "/app/installations/34/access_tokens",
        "body": {"permissions": {"contents": "read"}},
    }
    assert (claims["iss"], claims["exp"] - claims["iat"]) == ("12", 600)


def test_a_token_is_kept_until_five_minutes_before_it_ends(tmp_path: Path) -> None:
    """Not one request too many, and none with a token that ends on the way."""
    with github(tmp_path / "api") as api:
        api.lifetime = github_app.RENEW_BEFORE
        for minutes in (5, 4, 1):
            credential(api.app, datetime.now(UTC) - timedelta(minutes=minutes))
        kept = len(api.asked)
        credential(api.app, datetime.now(UTC))

    assert (kept, len(api.asked)) == (1, 2)


@pytest.mark.parametrize(
    ("status", "body", "error", "what"),
    [
        pytest.param(401, b"", "FetchError", "does not accept the app's key", id="key not accepted"),
        pytest.param(403, b"", "FetchError", "does not let the app in", id="forbidden"),
        pytest.param(404, b"", "FetchError", "knows no such installation", id="no installation"),
        pytest.param(422, b"", "FetchError", "does not give the right", id="no permission"),
        pytest.param(302, b"", "FetchError", "redirects to another place", id="redirect"),
        pytest.param(500, b"", "Unreachable", "answers 500", id="broken"),
        pytest.param(429, b"", "Unreachable", "answers 429", id="too often"),
        pytest.param(201, b"{}", "FetchError", "without a token that can be read", id="no token"),
        pytest.param(201, b"[" * 100_000, "FetchError", "without a token that can be read", id="deep JSON"),
        pytest.param(201, b'{"token":1,"expires_at":1}', "FetchError", "without a token", id="other types"),
        pytest.param(
            201, b'{"token":"x","expires_at":"tomorrow"}', "FetchError", "without a token", id="no time"
        ),
        pytest.param(
            201,
            b'{"token":"a b","expires_at":"2027-01-01T00:00:00Z"}',
            "BadCredential",
            "holds white space",
            id="a token that cannot be sent",
        ),
    ],
)
def test_an_api_that_gives_no_token(tmp_path: Path, status: int, body: bytes, error: str, what: str) -> None:
    """Each says what to do; what the server said is not repeated, it may echo what we sent."""
    with github(tmp_path / "api") as api:
        api.status, api.body = status, body
        api.headers = {"Location": f"{api.app.api}/elsewhere"}

        with pytest.raises(Exception, match=what) as caught:
            credential(api.app, datetime.now(UTC))

    assert type(caught.value).__name__ == error
    assert len(api.asked) == 1


def test_an_api_that_cannot_prove_who_it_is_gets_nothing(tmp_path: Path) -> None:
    """Without its authority pinned, nothing is sent."""
    with github(tmp_path / "api") as api:
        app = github_app.GithubApp(12, 34, api.app.private_key, api.app.api)

        with pytest.raises(FetchError, match="cannot prove who it is"):
            credential(app, datetime.now(UTC))

    assert api.asked == []


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"])
def test_a_file_that_is_no_key_of_the_app(tmp_path: Path, content: str) -> None:
    """Said before anything is sent, without what stands in it."""
    key = tmp_path / "app.pem"
    key.write_text(content)

    with pytest.raises(FetchError, match=f"{os.fspath(key)} is no RSA private key"):
        credential(github_app.GithubApp(12, 34, key, "https://127.0.0.1:9"), datetime.now(UTC))


def test_an_api_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    """As a Git server that does not answer."""
    with github(tmp_path / "api") as api:
        app = api.app

    with pytest.raises(Unreachable, match="does not answer"):
        credential(app, datetime.now(UTC))


def test_an_api_that_answers_a_byte_at_a_time_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time; all of them would not."""
    monkeypatch.setattr(github_app, "SECONDS", 0.3)
    with github(tmp_path / "api") as api:
        api.pause = 0.05

        with pytest.raises(Unreachable, match="does not answer"):
            credential(api.app, datetime.now(UTC))
