"""What going back does not undo: said first, from the difference between two sets of manifests.

Nothing here refuses: what the server cannot do it refuses itself, to the dry
run. This is what it would do gladly, or what nobody can do. Live facts
(versions in which custom objects are stored) come from `cluster.stored`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gitwarrant.model.manifest import Content, Json, Manifest, ObjectKey
from gitwarrant.model.plan import Lasting
from gitwarrant.objects.quantities import size
from gitwarrant.objects.turns import is_hook
from gitwarrant.plan.immutable import unchangeable

KEEPS_DATA: Mapping[str, str] = {
    "PersistentVolumeClaim": "it is deleted, and with it the data, unless its volume is retained",
    "PersistentVolume": "it is deleted; what its storage then keeps, the reclaim policy decides",
    "Namespace": "it is deleted, with everything in it, declared or not",
    "CustomResourceDefinition.apiextensions.k8s.io": "it is deleted, with all objects of its kind",
    "StatefulSet.apps": "it is deleted; the claims of its Pods stay, and nobody here owns them then",
    "Secret": "it is deleted; a value that stands nowhere else is lost",
}

RAN = "it ran, or runs: what it did, such as a migration, stays done"
REQUEST = ("spec", "resources", "requests", "storage")


def lasting(now: Sequence[Manifest], then: Sequence[Manifest]) -> tuple[Lasting, ...]:
    """What a return from the objects of now to those of then cannot undo, sorted by object."""
    back = {manifest.key: manifest for manifest in then}
    here = {manifest.key for manifest in now}
    found: list[Lasting] = []
    for manifest in now:
        earlier = back.get(manifest.key)
        told = _deleted(manifest) if earlier is None else _changed(manifest, earlier)
        found += [Lasting(manifest.key, what) for what in told]
    for manifest in then:
        if manifest.key not in here and _runs(manifest):
            found.append(Lasting(manifest.key, "it runs again: what it does is done twice"))
    return tuple(sorted(found, key=lambda item: (item.key, item.what)))


def _deleted(manifest: Manifest) -> Iterator[str]:
    if what := KEEPS_DATA.get(manifest.kind):
        yield what
    elif _runs(manifest):
        yield RAN
    elif _is_custom(manifest.key):
        yield "it is deleted; what its controller made stays or goes as that controller decides"


def _runs(manifest: Manifest) -> bool:
    """Whether an object does something once, and does not stand."""
    return manifest.kind == "Job.batch" or is_hook(manifest.content)


def _is_custom(key: ObjectKey) -> bool:
    return "." in key.group and not key.group.endswith(".k8s.io")


def _changed(now: Manifest, then: Manifest) -> Iterator[str]:
    if now.digest == then.digest:
        return
    if fields := unchangeable(now, then):
        yield f"{', '.join(fields)} cannot be changed back: the object has to be deleted and made again"
    if _runs(now):
        yield RAN
    if judge := CHANGES.get(now.kind):
        yield from judge(now.content, then.content)


def _claim(now: Content, then: Content) -> Iterator[str]:
    here, back = size(_at(now, REQUEST)), size(_at(then, REQUEST))
    if here is not None and back is not None and back < here:
        yield f"a volume never shrinks: from {_at(now, REQUEST)} to {_at(then, REQUEST)}"


def _secret(_now: Content, _then: Content) -> Iterator[str]:
    yield "older values come back: what was rotated or revoked elsewhere since does not fit them"


def _definition(now: Content, then: Content) -> Iterator[str]:
    here, back = _versions(now), _versions(then)
    for name in sorted(here.keys() - back.keys()):
        stored = ", and they are stored so" if here[name] else ""
        yield f"version {name} goes: objects that were written in it are not converted back{stored}"
    storage = {name for name, stores in back.items() if stores}
    if {name for name, stores in here.items() if stores} != storage and here.keys() <= back.keys():
        yield f"objects are stored as {' or '.join(sorted(storage))} again only when each is written"


CHANGES: Mapping[str, Callable[[Content, Content], Iterator[str]]] = {
    "CustomResourceDefinition.apiextensions.k8s.io": _definition,
    "PersistentVolumeClaim": _claim,
    "Secret": _secret,
}


def _versions(definition: Content) -> dict[str, bool]:
    """The versions of a definition, and whether objects are stored in them; what has no form has none."""
    listed: Json = _at(definition, ("spec", "versions"))
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return {str(item.get("name")): item.get("storage") is True for item in items}


def _at(content: Content, way: Sequence[str]) -> Any:
    value: Any = content
    for step in way:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
