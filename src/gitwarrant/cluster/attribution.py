"""Who last wrote a field, as managedFields tell it. Forged or emptied at will: a hint, never proof."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gitwarrant.model.live import Writer
from gitwarrant.model.manifest import Json, Pointer

MAX_KEY_CHARACTERS = 4_096  # a list item's key in fieldsV1; real ones have some dozen


def writers(live: Mapping[str, Any], pointer: Pointer) -> frozenset[Writer]:
    """Who wrote a field of a live object, or anything inside it.

    Source: sigs.k8s.io/structured-merge-diff, the `FieldsV1` format.
    """
    entries = live.get("metadata", {}).get("managedFields") or ()
    return frozenset(
        Writer(*(str(entry.get(part) or "") for part in ("manager", "operation", "subresource", "time")))
        for entry in entries
        if isinstance(entry, dict) and _owns(entry.get("fieldsV1"), live, pointer)
    )


def _owns(fields: Any, value: Json, pointer: Pointer) -> bool:
    if not isinstance(fields, dict):
        return False
    if not pointer:
        return True
    part, rest = pointer[0], pointer[1:]
    if isinstance(part, str):
        inner = value.get(part) if isinstance(value, dict) else None
        # An entry that owns a map or list as a whole says so by an empty object.
        return f"f:{part}" in fields and (not fields[f"f:{part}"] or _owns(fields[f"f:{part}"], inner, rest))
    if not isinstance(value, list) or part >= len(value):
        return False
    if not any(name[:2] in ("k:", "v:", "i:") for name in fields):
        return True  # an atomic list: whoever owns it owns all its items
    return any(_owns(fields[name], value[part], rest) for name in items_of(fields, value[part], part))


def items_of(fields: Mapping[str, Any], item: Json, index: int) -> Iterator[str]:
    """The members of fieldsV1 that speak of a list's item."""
    for name in fields:
        prefix, text = name[:2], name[2:]
        if len(text) > MAX_KEY_CHARACTERS:
            continue
        if (prefix == "i:" and text == str(index)) or _is(prefix, _json(text), item):
            yield name


def _is(prefix: str, key: Json, item: Json) -> bool:
    if prefix == "v:":
        return bool(key == item)
    if prefix != "k:" or not isinstance(key, dict) or not isinstance(item, dict):
        return False
    return all(item.get(field) == value for field, value in key.items())


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
