"""JSON files: what begins with a bracket is tried as JSON first, as Kubernetes does.

YAML nearly contains JSON, but libyaml refuses the escapes of characters beyond
U+FFFF and keys longer than 1024 characters.
"""

import json
import re
from typing import Any

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json
from gitwarrant.yaml.scalars import INT64, through_json

START = re.compile(rb"[ \t\r\n]*[{\[]")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _NotPlainJson(ValueError):
    """Something for the YAML reader, which can say where it is."""


def looks_like_json(data: bytes) -> bool:
    """Whether the text begins as a JSON object or list does."""
    return START.match(data) is not None


def read(data: bytes, *, max_depth: int, max_collections: int) -> Json:
    """Read a JSON object or list; None when it is not JSON, or not JSON without doubt.

    Then the YAML reader decides: it accepts flow style, and says the place of
    a duplicate key or of an integer beyond 64 bits.
    """
    if not looks_like_json(data):
        return None
    try:
        value = json.loads(
            data,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except (ValueError, RecursionError):
        return None
    return value if _within(value, max_depth, max_collections) else None


def start(data: bytes, path: str) -> Place:
    """Where the text begins, behind white space."""
    blank = data[: len(data) - len(data.lstrip())]
    return Place(path, blank.count(b"\n") + 1, len(blank) - blank.rfind(b"\n"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _NotPlainJson("duplicate key")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or int(text) not in INT64:
        raise _NotPlainJson("beyond 64 bits")
    return int(text)


def _float(text: str) -> int | float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _NotPlainJson("beyond a 64-bit float")
    return through_json(value)


def _constant(text: str) -> None:
    raise _NotPlainJson(text)


def _within(value: Json, max_depth: int, max_collections: int) -> bool:
    """Whether a value keeps the bounds and holds only real characters; layer by layer, never recursive."""
    layer, collections = [value], 0
    for _ in range(max_depth + 1):
        if LONE_SURROGATE.search("".join(item for item in layer if isinstance(item, str))):
            return False
        parents = [item for item in layer if isinstance(item, dict | list)]
        collections += len(parents)
        if not parents or collections > max_collections:
            return not parents
        layer = [item for parent in parents for item in _children(parent)]
    return False


def _children(parent: Json) -> list[Json]:
    return [*parent, *parent.values()] if isinstance(parent, dict) else parent
