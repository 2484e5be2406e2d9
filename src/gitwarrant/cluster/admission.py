"""What an applier checks before it writes anything: that the warrant allows exactly this, here and now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.cluster.applyset import PART_OF, Parent, parent_key
from gitwarrant.model.canonical import digest
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf, LeafList, Operation
from gitwarrant.model.warrant import Warrant

KNOWN = frozenset(operation.value for operation in Operation)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be written: leaves with their manifests, and the deletes. Only `admit` makes one."""

    applies: Mapping[Leaf, Manifest]
    deletes: tuple[Leaf, ...]
    standing: LeafList
    """All that stands afterwards, also what is there already and was not handed over."""


def admit(
    warrant: Warrant,
    leaves: LeafList,
    manifests: Sequence[Manifest],
    *,
    inventory: Inventory,
    cluster: str,
    parent: Parent,
    logged: int,
    namespace: str,
    now: datetime,
) -> Admitted:
    """Judge a warrant against what is to be applied.

    Not checked here: the warrant's signature and its tenant, which the
    pipeline did when it opened the envelope.

    Args:
        inventory: what the log says the environment owns.
        cluster: uid of the cluster we are connected to.
        parent: what the ApplySet's parent says.
        logged: highest sequence that the log knows.
        namespace: the environment's own namespace, where the parent lies.

    Raises:
        Refused: with stage `apply`.
    """
    # 1. The leaves are those that were signed.
    if leaves.digest != warrant.leaves:
        raise _refused(
            "the leaf list is not the one that the warrant names", "use the bundle as it was signed"
        )
    # 2. It is for this cluster, and not too old.
    if warrant.cluster != cluster:
        raise _refused(
            f"the warrant is for cluster {warrant.cluster}, this one is {cluster}",
            "connect to the cluster it was made for, or authorise the change for this one",
        )
    if now > warrant.not_after:
        raise _refused(f"the warrant ended at {warrant.not_after.isoformat()}", "authorise the change again")
    # 3. No newer one was seen, here or in the cluster.
    _judge_sequence(warrant, parent, logged)
    # 4. Every manifest is its leaf's, byte for byte, and there is one for every leaf that the
    #    inventory does not have with just this content: all others stand as they are.
    return _pair(leaves, manifests, inventory, parent_key(warrant.environment, namespace))


def _judge_sequence(warrant: Warrant, parent: Parent, logged: int) -> None:
    highest = max(parent.sequence, logged)
    if warrant.sequence < highest:
        raise _refused(
            f"the warrant has sequence {warrant.sequence}, {highest} was applied already",
            "an older warrant is never applied over a newer one: authorise the change again; if the state "
            "folder was lost or restored from a backup, see docs/how-to/recover.md",
        )
    if warrant.sequence == parent.sequence and parent.warrant != digest(warrant):
        raise _refused(
            f"another warrant with sequence {warrant.sequence} was applied to this cluster",
            "find out who else applies this environment, then authorise the change again",
        )


def _pair(
    leaves: LeafList, manifests: Sequence[Manifest], inventory: Inventory, parent: ObjectKey
) -> Admitted:
    if len(leaves.by_key) != len(leaves):
        _refuse_doubles(leaves.leaves)
    if parent in leaves.by_key:
        raise _refused(f"{parent} is gitwarrant's own", "remove it from the repository")
    given = _by_key(manifests)
    applies = {_leaf_of(leaves, given[key]): given[key] for key in sorted(given)}
    anew = [leaf.key for leaf in leaves.special if leaf.operation == Operation.RECREATE.value]
    for key in sorted({*inventory.lacks(leaves), *anew} - given.keys()):
        raise _refused(f"the manifest of {key} is missing", "hand over everything that is to be written")
    for leaf in leaves.special:
        if leaf.operation not in KNOWN:
            raise _refused(
                f"the warrant wants to {leaf.operation} {leaf.key}, and nobody knows how",
                "run the version of gitwarrant that made the warrant",
            )
    return Admitted(applies, leaves.deletes, leaves.wanted)


def _leaf_of(leaves: LeafList, manifest: Manifest) -> Leaf:
    leaf = leaves.by_key.get(manifest.key)
    if leaf is None or leaf.operation == Operation.DELETE.value:
        raise _refused(f"{manifest.key} is not in the warrant", "authorise this change", manifest.place)
    _check_matches(leaf, manifest)
    return leaf


def _by_key(manifests: Sequence[Manifest]) -> dict[ObjectKey, Manifest]:
    by_key: dict[ObjectKey, Manifest] = {}
    for manifest in manifests:
        if manifest.key in by_key:
            raise _refused(f"{manifest.key} is there twice", "remove one of them", manifest.place)
        by_key[manifest.key] = manifest
    return by_key


def _check_matches(leaf: Leaf, manifest: Manifest) -> None:
    if manifest.digest != leaf.digest or manifest.version != leaf.version or not _says(manifest):
        raise _refused(
            f"{leaf.key} is not the object that was warranted",
            "it changed after the warrant was signed: authorise the change again",
            manifest.place,
        )
    if PART_OF in ((manifest.content.get("metadata") or {}).get("labels") or {}):
        raise _refused(
            f"{leaf.key} sets the label {PART_OF}",
            "remove it: it says which environment an object belongs to, and gitwarrant sets it",
            manifest.place,
        )


def _says(manifest: Manifest) -> bool:
    """Whether the content is about the object that the key names: the digest covers only the content."""
    key, content = manifest.key, manifest.content
    metadata = content.get("metadata") or {}
    named = f"{key.group}/{manifest.version}" if key.group else manifest.version
    return (content.get("apiVersion"), content.get("kind"), metadata.get("name")) == (
        named,
        key.kind,
        key.name,
    ) and metadata.get("namespace", "") == key.namespace


def _refuse_doubles(leaves: Iterable[Leaf]) -> None:
    seen: set[ObjectKey] = set()
    for leaf in leaves:
        if leaf.key in seen:
            raise _refused(f"the warrant names {leaf.key} twice", "authorise the change again")
        seen.add(leaf.key)


def _refused(what: str, remedy: str, place: Place | None = None) -> Refused:
    return Refused(what, stage="apply", remedy=remedy, place=place)
