"""Values that the server picks once: remembered from the answer to our own write, to see a later change."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from gitwarrant.cluster.exemptions import ALLOCATED, Field
from gitwarrant.model.manifest import Content, Json

Values = Mapping[str, Json]
"""By name: `/spec/clusterIP`, `/spec/ports/http/nodePort`; the place of a list's item may change."""

HEADLESS = ("None", ["None"])
"""What a Service without an address says in place of one: nobody chose it; other fields follow from it."""


def _by_kind() -> dict[str, list[Field]]:
    found = defaultdict(list)
    for entry in ALLOCATED:
        found[entry.kind].append(entry.field)
    return dict(found)


FIELDS: Mapping[str, list[Field]] = _by_kind()


def allocates(kind: str) -> bool:
    """Whether the server picks values for objects of this kind (`Service`, `Deployment.apps`)."""
    return kind in FIELDS


def allocated(kind: str, content: Content) -> dict[str, Json]:
    """The values that an object has in fields of the server's choice."""
    found = _places(kind, content)
    return {name: parent[step] for name, parent, step in found if step in parent}


def without_allocated(kind: str, content: Content) -> dict[str, Any]:
    """The object less these fields: two objects cannot have the same values."""
    if not allocates(kind):
        return dict(content)
    result: dict[str, Any] = _copy(content)
    for _, parent, step in _places(kind, result):
        if parent.get(step) not in HEADLESS:
            parent.pop(step, None)
    return result


def with_allocated(kind: str, content: Content, values: Values) -> dict[str, Any]:
    """The object with values put where it has none."""
    if not values:
        return dict(content)
    result: dict[str, Any] = _copy(content)
    for name, parent, step in _places(kind, result):
        if name in values:
            parent.setdefault(step, values[name])
    return result


def _places(kind: str, content: Content) -> list[tuple[str, dict[str, Any], str]]:
    """Every place of such a field, filled or not: its name, what holds it, its last step."""
    return [place for field in FIELDS.get(kind, ()) for place in _walk(content, field, "")]


def _walk(value: Json, field: Field, name: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    step, rest = field[0], field[1:]
    if step == "*":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _walk(item, rest, f"{name}/{_item_name(item, index)}")
    elif isinstance(value, dict) and not rest:
        yield f"{name}/{step}", value, step
    elif isinstance(value, dict) and step in value:
        yield from _walk(value[step], rest, f"{name}/{step}")


def _copy(value: Json) -> Any:
    """A copy of plain JSON: a general one takes several times as long."""
    if isinstance(value, Mapping):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _item_name(item: Json, index: int) -> str:
    """A Service's port by its name; one alone may have none, so its number and protocol tell."""
    if not isinstance(item, dict):
        return str(index)
    return str(item.get("name") or f"{item.get('port')}-{item.get('protocol', 'TCP')}")
