"""The few calls a sandbox makes to its own API server. Everything else goes through `cluster`."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from gitwarrant.model.errors import Unreachable
from gitwarrant.sandbox.errors import SandboxError

TIMEOUT_SECONDS = 5.0
MAX_ANSWER_BYTES = 4_194_304  # nodes and roles of a sandbox are some kilobytes


class Api:
    """One cluster-admin client; a connection per call, because calls are few."""

    def __init__(self, port: int, *, authority: Path, certificate: Path, key: Path) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(authority))
        self._tls.load_cert_chain(certificate, key)

    def get(self, path: str) -> dict[str, Any] | None:
        """The object at `path`; None when there is none.

        Raises:
            Unreachable: no answer.
            SandboxError: the API server refuses.
        """
        status, body = self._call("GET", path, None)
        if status == http.client.NOT_FOUND:
            return None
        return self._object("GET", path, status, body)

    def create(self, path: str, value: dict[str, Any]) -> None:
        """Create an object; one that is already there is left as it is. Raises what `get` does."""
        status, body = self._call("POST", path, value)
        if status != http.client.CONFLICT:
            self._object("POST", path, status, body)

    def is_ready(self) -> bool:
        """Whether the API server says that it serves."""
        try:
            return self._call("GET", "/readyz", None)[0] == http.client.OK
        except Unreachable:
            return False

    def _call(self, method: str, path: str, value: dict[str, Any] | None) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=TIMEOUT_SECONDS, context=self._tls
        )
        try:
            body = None if value is None else json.dumps(value)
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            status, said = answer.status, answer.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(str(error)) from error
        finally:
            connection.close()
        if status >= http.client.INTERNAL_SERVER_ERROR or status == http.client.TOO_MANY_REQUESTS:
            raise self._unreachable(f"it says {status}")  # while it or its etcd starts
        return status, said

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(
            f"the sandbox's API server at 127.0.0.1:{self._port} does not answer: {why}",
            remedy="see: gitwarrant sandbox status",
        )

    def _object(self, method: str, path: str, status: int, body: bytes) -> dict[str, Any]:
        if not http.client.OK <= status < http.client.MULTIPLE_CHOICES:
            raise SandboxError(
                f"the sandbox's API server answers {status} to {method} {path}: {body[:300]!r}",
                remedy="see: gitwarrant sandbox logs kube-apiserver",
            )
        value: dict[str, Any] = json.loads(body)
        return value
