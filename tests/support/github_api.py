"""The one endpoint of GitHub's API that we ask, for the client's side only: there is no GitHub here.

It answers as GitHub's documentation says, over real TLS, and checks what we
signed with the app's public key. That GitHub itself does so is not shown by it.
"""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gitwarrant.git.github_app import GithubApp
from tests.support.git_server import QuietServer, self_signed

TOKEN = "ghs_" + "s3cr3t" * 6


@dataclass
class Api:
    """A running stand-in. Set `status`, `body` or `headers` to have it misbehave."""

    app: GithubApp
    status: int = 201
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    lifetime: timedelta = timedelta(hours=1)
    pause: float = 0
    """Seconds between two bytes of the answer."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Of each request: path, body and the claims, which were verified."""

    def answer(self) -> bytes:
        expires = (datetime.now(UTC) + self.lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.body or json.dumps({"token": TOKEN, "expires_at": expires}).encode()


@contextmanager
def github(folder: Path) -> Iterator[Api]:
    """Serve the API on loopback for an app whose key is made here."""
    folder.mkdir()
    certificate, key = self_signed(folder)
    app_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = folder / "app.pem"
    private.write_bytes(app_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            bearer = self.headers["Authorization"].removeprefix("Bearer ")
            claims = jwt.decode(bearer, app_key.public_key(), algorithms=["RS256"])
            api.asked.append({"path": self.path, "body": json.loads(body), "claims": claims})
            content = api.answer()
            self.send_response(api.status)
            for name, value in api.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for byte in content if api.pause else ():
                time.sleep(api.pause)
                self.wfile.write(bytes([byte]))
            if not api.pause:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
            """Say nothing: tests read what is printed."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    address = f"https://127.0.0.1:{server.server_address[1]}"
    api = Api(GithubApp(12, 34, private, address, certificate))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
