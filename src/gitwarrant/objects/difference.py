"""Comparing two states of one object so that nothing is missed, and the patch from one to the other."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitwarrant.model.canonical import dumps
from gitwarrant.model.manifest import Content, Json, Pointer
from gitwarrant.model.plan import FieldDifference

# What the server keeps for itself. Everything else in metadata can be declared, so it is compared.
SERVER_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)

# By which fields list items are told apart; the first that is unique on both sides counts.
IDENTITIES: tuple[tuple[str, ...], ...] = (
    ("name",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("mountPath",),
    ("key",),
    ("topologyKey", "whenUnsatisfiable"),
    ("ip",),
    ("uid",),
    ("type",),
)
HIDDEN = "(hidden)"


def bare(content: Content) -> dict[str, Any]:
    """An object less its status and what the server alone writes into metadata.

    Labels and annotations are always there, so that each one of them is compared by its own name.
    """
    kept = {name: value for name, value in content.get("metadata", {}).items() if name not in SERVER_METADATA}
    metadata = {**kept, **{name: kept.get(name) or {} for name in ("annotations", "labels")}}
    return {**{name: value for name, value in content.items() if name != "status"}, "metadata": metadata}


def compare(before: Json, after: Json, pointer: Pointer = ()) -> Iterator[FieldDifference]:
    """Every field that differs; nothing is yielded exactly where both are equal.

    List items are matched by their identity where both sides have one; an
    index in a pointer is that of `after`, for an item that only `before` has
    that of `before`. Items in another order, and lists without identities,
    differ as a whole.
    """
    if before == after and _exactly(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from _member(before, after, name, pointer)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, pointer)
    else:
        yield FieldDifference(pointer, (before,), (after,))


def _exactly(before: Json, after: Json) -> bool:
    """Whether values that Python finds equal really are: to it 1 equals 1.0 and True, in lists too."""
    if isinstance(before, dict | list):
        return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    return type(before) is type(after)


def _member(
    before: Mapping[str, Json], after: Mapping[str, Json], name: str, pointer: Pointer
) -> Iterator[FieldDifference]:
    if name in before and name in after:
        yield from compare(before[name], after[name], (*pointer, name))
    elif name in before:
        yield FieldDifference((*pointer, name), (before[name],), ())
    else:
        yield FieldDifference((*pointer, name), (), (after[name],))


def _lists(before: Sequence[Json], after: Sequence[Json], pointer: Pointer) -> Iterator[FieldDifference]:
    identity = identity_of(before, after)
    if identity is None:
        if dumps(before) != dumps(after):  # Python finds [1] equal to [True]
            yield FieldDifference(pointer, (before,), (after,))
        return
    olds = {_named(item, identity): index for index, item in enumerate(before)}
    news = {_named(item, identity): index for index, item in enumerate(after)}
    if [name for name in olds if name in news] != [name for name in news if name in olds]:
        yield FieldDifference(pointer, (before,), (after,))
        return
    for name, index in news.items():
        if name in olds:
            yield from compare(before[olds[name]], after[index], (*pointer, index))
        else:
            yield FieldDifference((*pointer, index), (), (after[index],))
    for name, index in olds.items():
        if name not in news:
            yield FieldDifference((*pointer, index), (before[index],), ())


def identity_of(*lists: Sequence[Json]) -> tuple[str, ...] | None:
    """The fields that tell the items of all these lists apart; None where there are none."""
    for identity in IDENTITIES:
        if all(_unique(items, identity) for items in lists):
            return identity
    return None


def _unique(items: Sequence[Json], identity: tuple[str, ...]) -> bool:
    if not all(isinstance(item, dict) and identity[0] in item for item in items):
        return False
    return len({_named(item, identity) for item in items}) == len(items)


def _named(item: Mapping[str, Json], identity: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(repr(item.get(field)) for field in identity)


def undo(differences: Sequence[FieldDifference]) -> list[dict[str, Json]]:
    """The JSON patch (RFC 6902) that leads from `after` back to `before`."""
    return [
        {"op": operation, "path": path(item.pointer)}
        | ({} if operation == "remove" else {"value": item.before[0]})
        for operation, item in _steps(differences)
    ]


def restored(after: Content, differences: Sequence[FieldDifference]) -> dict[str, Any]:
    """`after` with these differences taken back; the rest stays as it is.

    Raises:
        LookupError, TypeError: it has no such places.
    """
    result: dict[str, Any] = copy.deepcopy(dict(after))
    for operation, item in _steps(differences):
        parent: Any = result
        for step in item.pointer[:-1]:
            parent = parent[step]
        last = item.pointer[-1]
        if operation == "remove":
            del parent[last]
        elif operation == "add" and isinstance(last, int):
            parent.insert(last, item.before[0])
        else:
            parent[last] = item.before[0]
    return result


def _steps(differences: Sequence[FieldDifference]) -> Iterator[tuple[str, FieldDifference]]:
    """What to do with each difference, in an order in which every index means what it is to mean.

    A pointer leads through the indexes of `after`, so what is inside of list
    items comes before the items themselves. Among the items of one list those
    that were added go from the highest index down, and those that are missing,
    whose last index is that of `before`, come from the lowest up.
    """
    steps = ((_operation(item), item) for item in differences)
    return iter(sorted(steps, key=_order))


def _operation(item: FieldDifference) -> str:
    if not item.before:
        return "remove"
    return "replace" if item.after else "add"


def _order(step: tuple[str, FieldDifference]) -> tuple[int, int, int]:
    operation, item = step
    last = item.pointer[-1] if item.pointer else ""
    index = last if isinstance(last, int) else 0
    place = ("replace", "remove", "add").index(operation)
    return -len(item.pointer), place, index if operation == "add" else -index


def path(pointer: Pointer) -> str:
    """Write a pointer as RFC 6901 does."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


def hide_secrets(differences: Sequence[FieldDifference], kind: str) -> tuple[FieldDifference, ...]:
    """Take a Secret's values out of what is shown and recorded; which field differs stays visible."""
    if kind != "Secret":
        return tuple(differences)
    return tuple(
        FieldDifference(item.pointer, _hidden(item.before), _hidden(item.after))
        if item.pointer and item.pointer[0] in ("data", "stringData")
        else _without_last_applied(item)
        for item in differences
    )


def _without_last_applied(item: FieldDifference) -> FieldDifference:
    """kubectl's annotation repeats the whole Secret."""
    if item.pointer[:2] != ("metadata", "annotations"):
        return item
    return FieldDifference(item.pointer, _hidden(item.before), _hidden(item.after))


def _hidden(value: tuple[Json, ...]) -> tuple[Json, ...]:
    return (HIDDEN,) if value else ()
