"""Who we are to the API server: a token, a rotating token file, a password, or a credential plugin."""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from gitwarrant.cluster.refusal import ClusterError
from gitwarrant.model.errors import Unreachable

PLUGIN_SECONDS = 60  # a plugin may ask a cloud's token service, never a person
MAX_CREDENTIAL_BYTES = 1_048_576
TOKEN_FILE_SECONDS = 60  # the kubelet replaces tokens well before they expire
EARLY_SECONDS = 30  # renew before the server's clock says expired
PLUGIN_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class KubeconfigError(ClusterError):
    """A kubeconfig or credential that we cannot or will not use."""


class Credentials(Protocol):
    """Where the `Authorization` header comes from."""

    async def authorization(self, *, fresh: bool) -> str | None:
        """Give the header's value, or None where the client certificate says it all.

        Args:
            fresh: the server just refused the last one: do not answer from memory.

        Raises:
            KubeconfigError: there is no usable credential.
            Unreachable: a plugin did not answer in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """A header that never changes, or none."""

    value: str | None = field(default=None, repr=False)

    async def authorization(self, *, fresh: bool) -> str | None:  # noqa: ARG002 - there is no other
        """Give the one value."""
        return self.value


def basic(username: str, password: str) -> Fixed:
    """Make the header of RFC 7617."""
    return Fixed("Basic " + base64.b64encode(f"{username}:{password}".encode()).decode())


@dataclass(slots=True)
class TokenFile:
    """A token that somebody else rotates: read again every minute and after a refusal."""

    path: Path
    _token: str = field(default="", repr=False)
    _read_at: float = 0.0

    async def authorization(self, *, fresh: bool) -> str | None:
        """Give the token that is in the file now."""
        if fresh or not self._token or time.monotonic() - self._read_at > TOKEN_FILE_SECONDS:
            self._token, self._read_at = self._read(), time.monotonic()
        return f"Bearer {self._token}"

    def _read(self) -> str:
        try:
            with self.path.open("rb") as stream:
                return stream.read(MAX_CREDENTIAL_BYTES).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise KubeconfigError(
                f"the token file {self.path} cannot be read: {error}", remedy="check the file and its mode"
            ) from error


@dataclass(slots=True)
class Plugin:
    """A credential plugin of client-go: a program that prints an `ExecCredential`.

    lightkube's own runner knows only the beta versions of this interface, so
    we keep its parsing and run the program ourselves.
    """

    command: tuple[str, ...]
    version: str
    environment: Mapping[str, str] = field(repr=False)
    _token: str = field(default="", repr=False)
    _expires: datetime | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def authorization(self, *, fresh: bool) -> str | None:
        """Give the plugin's token, asking it again when the last one is about to expire."""
        async with self._lock:
            if fresh or not self._token or self._expired():
                self._token, self._expires = exec_credential(await self._run(), self.version)
            return f"Bearer {self._token}"

    def _expired(self) -> bool:
        return self._expires is not None and self._expires.timestamp() - EARLY_SECONDS < time.time()

    async def _run(self) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**self.environment, "KUBERNETES_EXEC_INFO": self._request()},
            )
        except OSError as error:
            raise KubeconfigError(
                f"the credential plugin {self.command[0]!r} cannot be started: {error}",
                remedy="install it, or take another context of the kubeconfig",
            ) from error
        try:
            output, complaint = await asyncio.wait_for(process.communicate(), PLUGIN_SECONDS)
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise Unreachable(
                f"the credential plugin {self.command[0]!r} did not answer in {PLUGIN_SECONDS} s",
                remedy="run it by hand; it must not ask questions",
            ) from error
        if process.returncode:
            raise KubeconfigError(
                f"the credential plugin {self.command[0]!r} failed: "
                f"{complaint[:500].decode(errors='replace')}",
                remedy="run it by hand and log in again",
            )
        return output

    def _request(self) -> str:
        return json.dumps(
            {"apiVersion": self.version, "kind": "ExecCredential", "spec": {"interactive": False}}
        )


def exec_credential(output: bytes, version: str) -> tuple[str, datetime | None]:
    """Read what a credential plugin printed: the token, and when it expires.

    Source: client.authentication.k8s.io/v1, `ExecCredential`.

    Raises:
        KubeconfigError: it is something else, or a client certificate (not supported yet).
    """
    try:
        if len(output) > MAX_CREDENTIAL_BYTES:
            raise ValueError(f"{len(output)} bytes")
        answer: Any = json.loads(output)
        if (answer["kind"], answer["apiVersion"]) != ("ExecCredential", version):
            raise ValueError(f"{answer['kind']} of {answer['apiVersion']}, expected {version}")
        status = answer["status"]
        if "clientCertificateData" in status:
            raise ValueError("a client certificate, which is not supported yet")
        expires = status.get("expirationTimestamp")
        return _token(status["token"]), _time(expires) if expires else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KubeconfigError(
            f"the credential plugin answered something unusable: {error}",
            remedy="use a plugin that prints an ExecCredential with a token",
        ) from error


def _token(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value.isascii() or not value:
        raise ValueError("no token")
    return value


def _time(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
