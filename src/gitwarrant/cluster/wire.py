"""What goes over the wire: bytes of requests, waiting between tries, ids of writes."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from gitwarrant.cluster.refusal import ClusterError

MAX_REQUEST_BYTES = 3 * 1024 * 1024  # the API server's own limit of a request body
MAX_WAIT_SECONDS = 10.0  # longer than this, the caller should decide
FIRST_WAIT_SECONDS = 0.2

# An apply body is read as YAML, where these end a line or may not stand at all,
# though JSON allows them inside a string: unescaped, the server would read
# another text than the one that was warranted.
NOT_YAML = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]")


def new_audit_id() -> str:
    """A fresh random Audit-ID: logged before the write that carries it."""
    return str(uuid.uuid4())


def body(content: Any) -> bytes:
    """Write JSON for the server, such that its YAML reader reads the same values.

    Raises:
        ClusterError: it is no JSON (an integer over 64 bits), or larger than the server takes.
    """
    try:
        data = orjson.dumps(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise ClusterError(
            f"an object cannot be sent: {error}", remedy="use values that Kubernetes can hold"
        ) from error
    if not data.isascii() or b"\x7f" in data:
        data = NOT_YAML.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), data)
    if len(data) > MAX_REQUEST_BYTES:
        raise ClusterError(
            f"an object has {len(data)} bytes, the API server takes {MAX_REQUEST_BYTES}",
            remedy="make it smaller, or split it",
        )
    return data


def answer(data: bytes) -> Any:
    """Read a server's JSON; what is no JSON is given back as an empty object."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}


def wait_before(attempt: int, headers: Mapping[str, str], chance: float) -> float:
    """How many seconds to wait before trying again.

    Args:
        attempt: tries made so far, from 1.
        headers: of the refusing answer; `Retry-After` in seconds is honoured (RFC 9110, section 10.2.3).
        chance: from 0 to 1, so that many clients do not come back together.
    """
    asked = headers.get("Retry-After", "")
    grown = FIRST_WAIT_SECONDS * 2 ** (attempt - 1)
    least = float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 0.0
    return float(min(MAX_WAIT_SECONDS, least + grown * (0.5 + chance / 2)))
