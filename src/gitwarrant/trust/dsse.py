"""DSSE envelopes: a payload with its type, and signatures over both.

Source: secure-systems-lab/dsse, protocol v1.0.2 and envelope.md.
"""

import base64
import json
from typing import Any

from gitwarrant.model.errors import Refused
from gitwarrant.model.warrant import Envelope, Signature

IN_TOTO = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES = 1024 * 1024  # a warrant's payload is some KiB; its leaves are not inside


class BadEnvelope(Refused):
    """Bytes that are not a DSSE envelope, with signatures of distinct keys in their order."""

    def __init__(self, what: str) -> None:
        remedy = "fetch the warrant again; it is damaged"
        super().__init__(f"not an envelope: {what}", stage="apply", remedy=remedy)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What is signed (PAE): type and payload with their lengths, so neither can be taken for the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def to_json(envelope: Envelope) -> bytes:
    """Write an envelope as cosign and in-toto read it."""
    body = {
        "payload": _text(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"keyid": signature.keyid, "sig": _text(signature.value)} for signature in envelope.signatures
        ],
    }
    return json.dumps(body, separators=(",", ":")).encode()


def from_json(data: bytes) -> Envelope:
    """Read an envelope in the form that `to_json` writes, in any white space and order of members.

    Raises:
        BadEnvelope: too large, other members, no signature, two of one key, or not sorted by key id.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise BadEnvelope(f"{len(data)} bytes exceed the limit of {MAX_ENVELOPE_BYTES}")
    try:
        body = json.loads(data, object_pairs_hook=_unique)
        signatures = _members(body, "payload", "payloadType", "signatures")["signatures"]
        if not isinstance(signatures, list):
            raise TypeError("expected a list of signatures")
        return Envelope(
            payload_type=_string(body["payloadType"]),
            payload=_bytes(body["payload"]),
            signatures=tuple(_signature(one) for one in signatures),
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise BadEnvelope(str(error)) from error


def _signature(value: Any) -> Signature:
    members = _members(value, "keyid", "sig")
    return Signature(_string(members["keyid"]), _bytes(members["sig"]))


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
