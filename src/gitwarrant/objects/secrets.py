"""Secrets: whether an object carries a secret value that anybody who reads it can use."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.embedded import is_a
from gitwarrant.objects.fields import WrongShape, mapping, spell

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where `kubectl apply` keeps a copy of everything it was given, secret values included."""

ENCRYPTED = re.compile(r"ENC\[AES256_GCM,data:[^\s,\]]*,iv:[^\s,\]]+,tag:[^\s,\]]+,type:[a-z]+\]\Z")
"""A value that SOPS encrypted; it is of no use without the key."""


@dataclass(frozen=True, slots=True)
class Values:
    """Readable secret values in one field. Only their names: values are never carried around."""

    names: tuple[str, ...]
    pointer: Pointer


def readable_values(content: Content, at: Pointer) -> Iterator[Values]:
    """The fields of a Secret that hold readable values. Other kinds: none.

    Raises:
        WrongShape: `data` or `stringData` is no mapping.
    """
    if not is_a(content, "", "Secret"):
        return
    for field in ("data", "stringData"):
        values = mapping(content, field, at)
        names = tuple(name for name, value in values.items() if _is_readable(value))
        if names:
            yield Values(names, (*at, field))


def remembered_values(content: Content, at: Pointer) -> Iterator[Values]:
    """Readable values in the copy which `kubectl apply` left in an object's annotations.

    Raises:
        WrongShape: the copy speaks of a Secret but cannot be read.
    """
    way = (*at, "metadata", "annotations")
    annotations = mapping(mapping(content, "metadata", at), "annotations", way[:-1])
    copy = annotations.get(LAST_APPLIED)
    if not isinstance(copy, str) or "Secret" not in copy:
        return
    pointer = (*way, LAST_APPLIED)
    for values in readable_values(_parse(copy, pointer), ()):
        yield Values(values.names, pointer)


def _parse(copy: str, pointer: Pointer) -> Content:
    try:
        value = json.loads(copy)
    except (ValueError, RecursionError) as error:
        raise WrongShape(f"{spell(pointer)} is not JSON, so nobody knows what it carries", pointer) from error
    if not isinstance(value, dict):
        raise WrongShape(f"{spell(pointer)} is no object, so nobody knows what it carries", pointer)
    return value


def _is_readable(value: object) -> bool:
    """An empty value is a place to be filled; one that SOPS encrypted tells nothing."""
    if value is None or value == "":
        return False
    return not (isinstance(value, str) and ENCRYPTED.match(value))
