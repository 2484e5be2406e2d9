"""One canonical byte form for every value that passes between stages.

A value is written as JSON (RFC 8259) in UTF-8 without white space, object
members sorted by code point, integers in decimal, and floating-point numbers
in Python's shortest round-trip form; NaN and infinities do not exist. A
dataclass becomes an object whose member `is` names its class, so bytes of one
kind can never be read as another. RFC 8785 was not taken: it cannot hold the
64-bit integers of Kubernetes.

Reading accepts the canonical form only: what was read is written again and
must give the same bytes, so two byte strings never mean the same value.
"""

import base64
import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, NewType, TypeVar

from gitwarrant.model.errors import GitwarrantError

Digest = NewType("Digest", str)
"""`sha256:` and 64 lowercase hexadecimal digits."""

T = TypeVar("T")

MAX_VALUE_BYTES = 256 * 1024 * 1024  # a rendered environment of ten thousand large objects is a tenth of it
MAX_DEPTH = 200  # etcd and the API server refuse objects far shallower than this
TAG = "is"
PLAIN = frozenset({str, int, bool, float, type(None)})
_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class NotCanonical(GitwarrantError):
    """Bytes that are not the one canonical form of the expected value."""

    def __init__(self, what: str) -> None:
        super().__init__(what, remedy="the bytes were damaged or made by another version: make them again")


def sha256(data: bytes) -> Digest:
    """Digest bytes; how every content in gitwarrant is named."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def digest(value: object) -> Digest:
    """Digest the canonical form of a value."""
    return sha256(encode(value))


def dumps(data: Any) -> bytes:
    """Write plain JSON data in canonical form.

    Raises:
        NotCanonical: it holds NaN, an infinity, a lone surrogate, something
            that is not JSON, or nests too deep.
    """
    try:
        return _WRITER.encode(data).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise NotCanonical(f"a value has no canonical form: {error}") from error


def loads(data: bytes) -> Any:
    """Read canonical JSON; any other spelling of the same data is refused.

    Raises:
        NotCanonical: too large, not JSON, or not in canonical form.
    """
    if len(data) > MAX_VALUE_BYTES:
        raise NotCanonical(f"{len(data)} bytes exceed the limit of {MAX_VALUE_BYTES}")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotCanonical(f"not JSON: {error}") from error
    if dumps(value) != data:
        raise NotCanonical("JSON, but not in canonical form")
    return value


def encode(value: object) -> bytes:
    """Write a value (dataclasses, tuples, frozensets, enums, times, bytes, JSON) in canonical form."""
    return dumps(plain(value))


def decode(kind: type[T], data: bytes) -> T:
    """Read a value of the given class from its canonical form.

    Raises:
        NotCanonical: the bytes are not the canonical form of such a value.
    """
    try:
        value = _typed(kind, loads(data))
        written = encode(value)  # may fail too: a time without a zone, or before the year 1 in UTC
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise NotCanonical(f"not a {kind.__name__}: {error}") from error
    if written != data:
        raise NotCanonical(f"not the canonical form of a {kind.__name__}")
    return typing.cast("T", value)


def plain(value: Any) -> Any:
    """The JSON data that a value's canonical form is made of, for records and `--output json`."""
    if type(value) in PLAIN:
        return value
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case frozenset():
            return sorted((plain(item) for item in value), key=dumps)
        case bytes() | datetime():
            return _text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {TAG: type(value).__name__, **fields}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _text(value: bytes | datetime) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _typed(kind: Any, data: Any) -> Any:
    """Build the value that `kind` describes; `decode` compares it with the bytes afterwards."""
    kind = getattr(kind, "__supertype__", kind)
    if kind is Any:
        return data
    if typing.get_origin(kind) is not None:
        return _generic(kind, data)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, data)
    if kind is bytes:
        return base64.b64decode(data, validate=True)
    if kind is datetime:
        return datetime.fromisoformat(data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if type(data) is not kind:
        raise TypeError(f"expected {kind.__name__}, got {type(data).__name__}")
    return data


def _generic(kind: Any, data: Any) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _typed(_member(inner, data), data)
    if origin is frozenset:
        return frozenset(_typed(inner[0], item) for item in data)
    if origin is tuple and inner[-1] is Ellipsis:
        return tuple(_typed(inner[0], item) for item in data)
    if origin is tuple:
        return tuple(_typed(part, item) for part, item in zip(inner, data, strict=True))
    if origin in (dict, Mapping):
        return {key: _typed(inner[1], item) for key, item in data.items()}
    raise TypeError(f"{kind} has no canonical form")


def _member(members: tuple[Any, ...], data: Any) -> Any:
    """Choose the member of a union: dataclasses by their tag, None and the rest by their type."""
    if data is None and type(None) in members:
        return type(None)
    for member in members:
        concrete: Any = getattr(member, "__supertype__", member)
        if dataclasses.is_dataclass(concrete):
            if isinstance(data, dict) and data.get(TAG) == getattr(concrete, "__name__", ""):
                return member
        elif concrete in (datetime, bytes) or (isinstance(concrete, type) and issubclass(concrete, Enum)):
            if isinstance(data, str):
                return member
        elif type(data) is concrete:
            return member
    raise TypeError(f"nothing in {members} fits")


def _dataclass(kind: Any, data: Any) -> Any:
    if not isinstance(data, dict) or data.get(TAG) != kind.__name__:
        raise TypeError(f"expected a {kind.__name__}")
    return kind(**{name: _typed(hint, data[name]) for name, hint in _fields(kind)})


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    hints = typing.get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(kind))
