"""One question to a forge: what is no answer, and how long and large one may be. The servers are real."""

import gzip
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from time import monotonic, sleep

import pytest
from tests.support.git_server import self_signed

from gitwarrant.forge import exchange
from gitwarrant.forge.exchange import Address, Exchange
from gitwarrant.forge.forge import ForgeError
from gitwarrant.model.errors import Unreachable

Answer = Callable[[StreamRequestHandler], None]


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away are what tests are about."""


@contextmanager
def answering(folder: Path, answer: Answer) -> Iterator[Exchange]:
    """A TLS server that answers every request so, and an exchange that trusts its certificate."""
    certificate, key = self_signed(folder)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            with suppress(OSError):
                answer(self)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = _Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        address = Address(f"https://127.0.0.1:{server.server_address[1]}")
        yield Exchange(address, "token secret", certificate, seconds=0.5)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(line: str, body: bytes = b"{}", *headers: str) -> Answer:
    """An answer with this status, body and more headers."""
    head = "".join(f"{header}\r\n" for header in (f"Content-Length: {len(body)}", *headers))
    return lambda handler: _send(handler, f"HTTP/1.1 {line}\r\n{head}\r\n".encode() + body)


def _send(handler: StreamRequestHandler, data: bytes) -> None:
    handler.wfile.write(data)


def trickle(handler: StreamRequestHandler, start: bytes, drop: bytes) -> None:
    """Send a little again and again, for longer than anybody waits."""
    handler.wfile.write(start)
    for _ in range(60):
        handler.wfile.write(drop)
        handler.wfile.flush()
        sleep(0.05)


def drips_headers(handler: StreamRequestHandler) -> None:
    trickle(handler, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a")


def drips_body(handler: StreamRequestHandler) -> None:
    trickle(handler, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n[", b" ")


def stays_silent(_handler: StreamRequestHandler) -> None:
    sleep(3)


def hangs_up(_handler: StreamRequestHandler) -> None:
    """Close without a word."""


def cuts_short(handler: StreamRequestHandler) -> None:
    _send(handler, b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a": 1')


def floods(handler: StreamRequestHandler) -> None:
    _send(handler, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[" + b" " * 200_000 + b"]")


DEEP = b"[" * 40 + b"]" * 40
DEEPEST = b"[" * 100_000 + b"]" * 100_000


def test_an_answer_is_its_json(tmp_path: Path) -> None:
    """The token goes as a header, the parts of the path as they are, whatever they hold."""
    with answering(tmp_path, status("200 OK", b'{"a": 1}')) as forge:
        assert forge.get("repos", "a/b", "..", page="1") == {"a": 1}
        assert forge.address.path(("repos", "a/b", "c d"), {"q": "x&y"}) == "/repos/a%2Fb/c%20d?q=x%26y"
        assert "secret" not in repr(forge)


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    with answering(tmp_path, status("404 Not Found")) as forge:
        assert forge.get("x") is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            status("302 Found", b"", "Location: https://127.0.0.1:1/"), "redirects", id="a redirect"
        ),
        pytest.param(status("401 No"), r"does not let us in \(401\)", id="a wrong token"),
        pytest.param(status("403 No"), r"does not let us in \(403\)", id="a token that may not"),
        pytest.param(status("418 Tea"), "answers with status 418", id="an odd status"),
        pytest.param(status("200 OK", b"<html>"), "answers no JSON", id="a page"),
        pytest.param(status("200 OK", b"\xff"), "answers no JSON", id="not UTF-8"),
        pytest.param(status("200 OK", b'{"a":1,"a":2}'), "a name stands twice", id="a name twice"),
        pytest.param(status("200 OK", b'{"a":NaN}'), "NaN is no number", id="no number"),
        pytest.param(status("200 OK", DEEP), "nested deeper than 32", id="deep"),
        pytest.param(status("200 OK", DEEPEST), "answers no JSON", id="deeper than a stack"),
        pytest.param(
            status("200 OK", gzip.compress(b"{}"), "Content-Encoding: gzip"),
            "answers no JSON",
            id="compressed",
        ),
        pytest.param(floods, "answers more than 100,000 bytes", id="too much"),
    ],
)
def test_what_is_no_answer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, said: str
) -> None:
    """Trying again would not help; the message never shows the token."""
    if answer is floods:
        monkeypatch.setattr(exchange, "MAX_ANSWER_BYTES", 100_000)
    with answering(tmp_path, answer) as forge, pytest.raises(ForgeError, match=said) as caught:
        forge.get("x")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(status("500 Oops"), r"cannot answer now \(500\)", id="its own fault"),
        pytest.param(status("429 Slow"), r"cannot answer now \(429\)", id="asked too often"),
        pytest.param(drips_headers, "did not answer within 0.5 seconds", id="headers drop by drop"),
        pytest.param(drips_body, "did not answer within 0.5 seconds", id="a body drop by drop"),
        pytest.param(stays_silent, "did not answer within 0.5 seconds", id="silence"),
        pytest.param(hangs_up, "does not answer", id="hangs up"),
        pytest.param(cuts_short, "does not answer", id="ends too early"),
    ],
)
def test_what_another_try_may_mend_is_unreachable(tmp_path: Path, answer: Answer, said: str) -> None:
    """No answer takes longer than it may, in whatever way the server is slow."""
    with answering(tmp_path, answer) as forge:
        before = monotonic()
        with pytest.raises(Unreachable, match=said):
            forge.get("x")
        assert monotonic() - before < 2.5


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """The system's authorities do not know it, and another authority does not either."""
    (tmp_path / "other").mkdir()
    other, _ = self_signed(tmp_path / "other")
    with answering(tmp_path, status("200 OK")) as forge:
        for ca_file in (None, other):
            stranger = Exchange(forge.address, "token secret", ca_file)
            with pytest.raises(ForgeError, match="does not prove who it is"):
                stranger.get("x")


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match=r"the certificate authority .*missing.pem cannot be read"):
        Exchange(Address("https://127.0.0.1:1"), "", tmp_path / "missing.pem").get("x")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://127.0.0.1", id="not encrypted"),
        pytest.param("https://", id="no host"),
        pytest.param("https://user:pass@host", id="with a password"),
        pytest.param("https://host/?a=b", id="with a query"),
        pytest.param("https://host/#a", id="with a fragment"),
        pytest.param("https://host:99999", id="no port"),
        pytest.param("https://[::1", id="no address"),
        pytest.param("https://hōst", id="not ASCII"),
        pytest.param("ftp://host", id="another scheme"),
        pytest.param("host", id="no scheme"),
    ],
)
def test_an_address_of_no_forge_is_refused(url: str) -> None:
    with pytest.raises(ForgeError, match="is not a forge's address") as caught:
        Address(url)

    assert "pass@" not in str(caught.value)
