"""Fetching as a GitHub App: a token that reads one installation's repositories for an hour.

We sign a short-lived statement with the app's key; GitHub answers with an
installation token, asked for with the right to read contents and no other.
"""

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gitwarrant.git.credential import Credential
from gitwarrant.git.failures import FetchError
from gitwarrant.model.errors import GitwarrantError, Unreachable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

USER = "x-access-token"  # the user name that GitHub wants beside an installation token
RENEW_BEFORE = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(minutes=1)  # how far our clock may be ahead of GitHub's, which takes no future
LIFETIME = timedelta(minutes=9)  # of what we sign; GitHub takes ten minutes at most
MAX_TOKEN_LIFETIME = timedelta(hours=2)  # GitHub gives one hour
SECONDS = 30.0
MAX_ANSWER_BYTES = 64 * 1024
MAX_KEY_BYTES = 64 * 1024
EXPIRY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True)
class GithubApp:
    """An app's installation. `api` is an https address without a slash at its end."""

    app_id: int
    installation_id: int
    private_key: Path
    api: str = "https://api.github.com"
    ca_file: Path | None = None


_kept: dict[GithubApp, tuple[Credential, datetime]] = {}
_lock = threading.Lock()


def credential(app: GithubApp, now: datetime) -> Credential:
    """The installation's token: the one we have until five minutes before it ends, then a new one.

    Raises:
        Unreachable: GitHub does not answer, or not in time.
        FetchError: the key cannot be read, or GitHub refuses.
    """
    with _lock:
        kept = _kept.get(app)
        if kept is None or now >= kept[1] - RENEW_BEFORE:
            _kept.pop(app, None)
            kept = _kept[app] = _ask(app, now)
        return kept[0]


def _ask(app: GithubApp, now: datetime) -> tuple[Credential, datetime]:
    headers = {
        "Authorization": f"Bearer {_signed(app, now)}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "gitwarrant",
    }
    url = f"{app.api}/app/installations/{app.installation_id}/access_tokens"
    status, body = _post(app, url, headers)
    if status != 201:
        raise _refusal(app, status)
    try:
        answer = json.loads(body)
        token, expiry = answer["token"], answer["expires_at"]
        if not isinstance(token, str) or not isinstance(expiry, str) or not EXPIRY.fullmatch(expiry):
            raise TypeError
        expires = datetime.fromisoformat(expiry).astimezone(UTC)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FetchError(
            f"{app.api} answers without a token that can be read", remedy="check git.github_app.api"
        ) from error
    return Credential(USER, token), min(expires, now + MAX_TOKEN_LIFETIME)


def _signed(app: GithubApp, now: datetime) -> str:
    """Say who we are.

    Source: RFC 7519; GitHub, "Generating a JSON Web Token (JWT) for a GitHub App".
    """
    import jwt  # noqa: PLC0415 - an extra's module, imported when it is needed

    claims = {"iat": now - CLOCKS_DIFFER, "exp": now + LIFETIME, "iss": str(app.app_id)}
    try:
        with app.private_key.open("rb") as file:
            key = file.read(MAX_KEY_BYTES)
        return jwt.encode(claims, key, algorithm="RS256")
    except OSError as error:
        raise FetchError(
            f"the app's key {app.private_key} cannot be read: {error.strerror}",
            remedy="correct git.github_app.private_key, or give the right to read it to gitwarrant alone",
        ) from error
    except (jwt.PyJWTError, ValueError, TypeError, NotImplementedError) as error:
        raise FetchError(
            f"{app.private_key} is no RSA private key", remedy="download a private key of the app"
        ) from error


def _post(app: GithubApp, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    import urllib3  # noqa: PLC0415 - as above

    manager = urllib3.PoolManager(
        num_pools=1,
        retries=False,  # follows no redirect either: the next server would get our statement
        cert_reqs="CERT_REQUIRED",
        ca_certs=str(app.ca_file) if app.ca_file else None,
        timeout=urllib3.Timeout(total=SECONDS),
    )
    wanted = json.dumps({"permissions": {"contents": "read"}}).encode()
    try:
        with (
            manager,
            manager.request(
                "POST", url, body=wanted, headers=headers, preload_content=False, redirect=False
            ) as response,
        ):
            return response.status, _body(response)
    except (urllib3.exceptions.SSLError, OSError) as error:
        raise FetchError(
            f"{app.api} cannot prove who it is",
            remedy="name its authority's certificate as git.github_app.ca_file",
        ) from error
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(
            f"{app.api} does not answer ({type(error).__name__})",
            remedy="check the server and the network; it is tried again",
        ) from error


def _body(response: "BaseHTTPResponse") -> bytes:
    """Read an answer while it is small and comes in time: one byte now and then would keep us for ever."""
    from urllib3.exceptions import TimeoutError as TooSlow  # noqa: PLC0415 - as above

    until, parts, size = time.monotonic() + SECONDS, list[bytes](), 0
    while size < MAX_ANSWER_BYTES and (part := response.read1(MAX_ANSWER_BYTES)):
        parts.append(part)
        size += len(part)
        if time.monotonic() > until:
            raise TooSlow("the answer")
    return b"".join(parts)


def _refusal(app: GithubApp, status: int) -> GitwarrantError:
    """What an answer other than 201 means. Its text is not shown: it may echo what we sent."""
    if status == 429 or status >= 500:
        return Unreachable(f"{app.api} answers {status}", remedy="it is tried again")
    if 300 <= status < 400:
        return FetchError(f"{app.api} redirects to another place", remedy="name the final address")
    meaning = {
        401: ("does not accept the app's key", "check app_id, private_key and this machine's clock"),
        403: ("does not let the app in", "the app needs the permission to read contents"),
        404: ("knows no such installation", "check installation_id, and that the app is installed"),
        422: ("does not give the right to read contents", "give the app the permission to read contents"),
    }
    what, remedy = meaning.get(status, ("gives no token", "check git.github_app"))
    return FetchError(f"{app.api} {what} (status {status})", remedy=remedy)
