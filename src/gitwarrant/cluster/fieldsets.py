"""Sets of fields as managedFields write them: what a manager declared, and the union of two.

Source: sigs.k8s.io/structured-merge-diff, the `FieldsV1` format. `f:` leads into a field, `k:` to the
list item with these keys, `v:` to a value in a list, `i:` to an index; `.` says that the thing itself
is owned; an empty set below a name means the name and all that it holds.
"""

import json
from collections.abc import Mapping
from typing import Any

from gitwarrant.cluster.attribution import items_of
from gitwarrant.model.manifest import Content, Json

FieldSet = Mapping[str, Any]

ITSELF = "."
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def extract(fields: FieldSet, value: Json) -> Json:
    """The part of a live value that a set of fields names, lists in their live order."""
    below = {name: inner for name, inner in fields.items() if name != ITSELF}
    if not below and ITSELF not in fields:
        return value
    if isinstance(value, dict):
        return {
            name: extract(below[f"f:{name}"], inner) for name, inner in value.items() if f"f:{name}" in below
        }
    if isinstance(value, list):
        named = ((item, next(items_of(below, item, at), "")) for at, item in enumerate(value))
        return [_item(name, below[name], item) for item, name in named if name]
    return value


def _item(name: str, fields: FieldSet, item: Json) -> Json:
    """An item of which nothing but its being there is owned is still named by its keys."""
    found = extract(fields, item)
    return json.loads(name[2:]) if found == {} and name.startswith("k:") else found


def union(one: FieldSet, other: FieldSet) -> dict[str, Any]:
    """All fields of both. Where one owns the whole of what the other owns a part of, both is said."""
    result = {name: union(inner, other[name]) if name in other else inner for name, inner in one.items()}
    result.update((name, inner) for name, inner in other.items() if name not in one)
    if result and (not one or not other):
        result[ITSELF] = {}
    return result


def declared(live: Content, managers: frozenset[str]) -> dict[str, Any] | None:
    """The object as these managers declared it, read back from the live one; None: they declared nothing.

    What they wrote through a subresource (status, scale) is no declaration. The
    values are the live ones: where somebody else forced another value in, the
    server has taken the field from them, so it is missing here.
    """
    sets = [entry["fieldsV1"] for entry in entries(live, managers)]
    if not sets:
        return None
    fields: dict[str, Any] = dict(sets[0])
    for more in sets[1:]:
        fields = union(fields, more)
    content = extract(fields, {name: value for name, value in live.items() if name != "status"})
    named = {name: live["metadata"][name] for name in ("name", "namespace") if name in live["metadata"]}
    metadata = {**named, **content.get("metadata", {})}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], **content, "metadata": metadata}


def entries(live: Content, managers: frozenset[str]) -> list[Mapping[str, Any]]:
    """The entries of managedFields with which these managers own the object itself, in its own version."""
    found = live["metadata"].get("managedFields") or ()
    return [
        entry
        for entry in found
        if entry.get("manager") in managers
        and not entry.get("subresource")
        and entry.get("apiVersion") == live["apiVersion"]
        and isinstance(entry.get("fieldsV1"), dict)
    ]


def last_applied(live: Content) -> dict[str, Any] | None:
    """What `kubectl apply` keeps in its annotation: the manifest, whole; None: nothing readable is there."""
    annotations = live["metadata"].get("annotations") or {}
    try:
        found = json.loads(annotations.get(LAST_APPLIED, ""))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
