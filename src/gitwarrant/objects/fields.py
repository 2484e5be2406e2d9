"""Read fields of a Kubernetes object in the type that Kubernetes gives them.

Absent and null are the same to the API server, so they are here. Any other
type is an error that names the field: guessing would let something pass.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Content, Json, Pointer

NOTHING: Content = MappingProxyType({})


class WrongShape(GitwarrantError):
    """A field is not of the type that Kubernetes gives it, so nobody can say what it means."""

    def __init__(self, what: str, pointer: Pointer) -> None:
        self.pointer = pointer
        super().__init__(what, remedy="write the field in its own type; 'kubectl explain' shows which it is")


def mapping(parent: Content, name: str, at: Pointer) -> Content:
    """The mapping `parent[name]`, empty when absent. `at` leads to `parent`.

    Raises:
        WrongShape: it is something else.
    """
    value = parent.get(name)
    if value is None:
        return NOTHING
    if not isinstance(value, dict):
        raise _wrong(value, "a mapping", (*at, name))
    return value


def sequence(parent: Content, name: str, at: Pointer) -> list[Json]:
    """The list `parent[name]`, empty when absent.

    Raises:
        WrongShape: it is something else.
    """
    value = parent.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(value, "a list", (*at, name))
    return value


def mappings(parent: Content, name: str, at: Pointer) -> Iterator[tuple[Pointer, Content]]:
    """The mappings of the list `parent[name]`, each with the way to it.

    Raises:
        WrongShape: it is no list, or an item is no mapping.
    """
    for index, item in enumerate(sequence(parent, name, at)):
        if not isinstance(item, dict):
            raise _wrong(item, "a mapping", (*at, name, index))
        yield (*at, name, index), item


def texts(parent: Content, name: str, at: Pointer) -> list[str]:
    """The list of texts `parent[name]`, empty when absent.

    Raises:
        WrongShape: it is no list, or an item is no text.
    """
    items = sequence(parent, name, at)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise _wrong(item, "text", (*at, name, index))
    return items


def text(parent: Content, name: str, at: Pointer) -> str:
    """The text `parent[name]`, empty when absent.

    Raises:
        WrongShape: it is something else.
    """
    value = parent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(value, "text", (*at, name))
    return value


def flag(parent: Content, name: str, at: Pointer) -> bool | None:
    """The boolean `parent[name]`; None when absent.

    Raises:
        WrongShape: it is something else, the text "true" for example.
    """
    value = parent.get(name)
    if value is None or value is True or value is False:
        return value
    raise _wrong(value, "true or false", (*at, name))


def number(parent: Content, name: str, at: Pointer) -> int | None:
    """The whole number `parent[name]`; None when absent.

    Raises:
        WrongShape: it is something else. `0.0` is: the API server reads it as 0.
    """
    value = parent.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(value, "a whole number", (*at, name))
    return value


def spell(pointer: Pointer) -> str:
    """A pointer as people write it: `spec.containers[0].image`."""
    spelled = ""
    for step in pointer:
        if isinstance(step, int):
            spelled += f"[{step}]"
        elif step.replace("-", "").replace("_", "").isalnum():
            spelled += f".{step}" if spelled else step
        else:
            spelled += f"[{step!r}]"
    return spelled or "the object"


_NAMES: Mapping[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}


def _wrong(value: Any, wanted: str, pointer: Pointer) -> WrongShape:
    got = _NAMES.get(type(value), type(value).__name__)
    if wanted in (got, "a whole number"):
        got = f"{value!r}"
    return WrongShape(f"{spell(pointer)} should be {wanted}, but is {got}", pointer)
