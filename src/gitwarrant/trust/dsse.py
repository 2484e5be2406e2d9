"""DSSE envelopes: a payload with its type and one signature over both.

Source: secure-systems-lab/dsse, protocol v1.0.2 and envelope.md.
"""

import base64
import json
from typing import Any

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.warrant import Envelope

IN_TOTO = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES = 1024 * 1024  # a warrant's payload is some KiB; its leaves are not inside


class BadEnvelope(GitwarrantError):
    """Bytes that are not a DSSE envelope with one signature."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not an envelope: {what}", remedy="fetch the warrant again; it is damaged")


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What is signed (PAE): type and payload with their lengths, so neither can be taken for the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def to_json(envelope: Envelope) -> bytes:
    """Write an envelope as cosign and in-toto read it."""
    signature = {"keyid": envelope.keyid, "sig": _text(envelope.signature)}
    body = {
        "payload": _text(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [signature],
    }
    return json.dumps(body, separators=(",", ":")).encode()


def from_json(data: bytes) -> Envelope:
    """Read an envelope in the form that `to_json` writes, in any white space and order of members.

    Raises:
        BadEnvelope: too large, other members, or not exactly one signature.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise BadEnvelope(f"{len(data)} bytes exceed the limit of {MAX_ENVELOPE_BYTES}")
    try:
        body = json.loads(data, object_pairs_hook=_unique)
        (signature,) = _members(body, "payload", "payloadType", "signatures")["signatures"]
        _members(signature, "keyid", "sig")
        return Envelope(
            payload_type=_string(body["payloadType"]),
            payload=_bytes(body["payload"]),
            keyid=_string(signature["keyid"]),
            signature=_bytes(signature["sig"]),
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise BadEnvelope(str(error)) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands there twice")
    return members


def _members(value: Any, *names: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise ValueError(f"expected an object with {', '.join(names)}")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected text")
    value.encode()  # refuse lone surrogates here, not when it is written
    return value


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(value: Any) -> bytes:
    data = base64.b64decode(_string(value), validate=True)
    if _text(data) != value:
        raise ValueError("its base64 is not canonical")
    return data
