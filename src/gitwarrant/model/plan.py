"""What a change would do to a cluster, object by object and field by field."""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import compress, count
from operator import attrgetter, ge, ne
from weakref import WeakValueDictionary, ref

from gitwarrant.model.canonical import Digest, digest, dumps
from gitwarrant.model.change import CommitId
from gitwarrant.model.derived import Derived
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Pointer
from gitwarrant.model.turn import USUAL, Turn

APART, BASE = "apart", "base"
TOGETHER = 1000  # leaves that are hashed at once: what a processor keeps at hand
SPLICED_PART = 50  # splicing moves the rest of the list for each leaf: beyond a fiftieth, sorting is cheaper


class Operation(Enum):
    """What a leaf of a warrant allows.

    `RECREATE`: to write, and to delete what is there before, where the API
    server does not let it be changed; a hook runs.
    """

    APPLY = "apply"
    DELETE = "delete"
    RECREATE = "recreate"


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """One object that a warrant covers.

    The digest is the manifest's; for a delete, that of the manifest that was last applied.
    """

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    operation: str
    digest: Digest

    @property
    def key(self) -> ObjectKey:
        """The object it is about."""
        return ObjectKey(self.group, self.kind, self.namespace, self.name)


ORDER = attrgetter("group", "version", "kind", "namespace", "name", "operation", "digest")
"""A leaf's place among others, as `<` has it, only quicker."""


@dataclass(frozen=True, slots=True)
class LeafList(Derived):
    """All leaves of a warrant: sorted, unique.

    Their canonical bytes are kept beside them, so that the digest of a list
    which differs in one leaf from another costs one pass of hashing.
    """

    leaves: tuple[Leaf, ...]

    def __post_init__(self) -> None:
        ordered = list(map(ORDER, self.leaves))
        if any(map(ge, ordered, ordered[1:])):
            raise ValueError("leaves must be sorted and unique")

    def __len__(self) -> int:
        return len(self.leaves)

    @property
    def encoded(self) -> tuple[bytes, ...]:
        """The canonical bytes of each leaf, in order."""
        return self.derived("encoded", lambda: tuple(map(leaf_bytes, self.leaves)))

    @property
    def digest(self) -> Digest:
        """The subject digest of the warrant: of the list's canonical bytes."""
        return self.derived("digest", self._digest)

    def _digest(self) -> Digest:
        hashed = hashlib.sha256(b'{"is":"LeafList","leaves":[')
        for at in range(0, len(self.encoded), TOGETHER):
            hashed.update(b"," if at else b"")
            hashed.update(b",".join(self.encoded[at : at + TOGETHER]))
        hashed.update(b"]}")
        return Digest(f"sha256:{hashed.hexdigest()}")

    def shared(self) -> "LeafList":
        """An equal list that somebody has already, else this one: mostly what is owned was warranted."""
        return _SHARED.setdefault(self.digest, self)

    @property
    def by_key(self) -> Mapping[ObjectKey, Leaf]:
        """The leaf of each object; fewer than leaves where one object has two."""
        return self.derived("by_key", lambda: {leaf.key: leaf for leaf in self.leaves})

    @property
    def places(self) -> Mapping[ObjectKey, int]:
        """Of which kinds and in which namespaces the objects are (keys without a name), and how many."""
        return self.derived("places", lambda: Counter(map(_place, self.leaves)))

    @property
    def special(self) -> tuple[Leaf, ...]:
        """The leaves that allow something else than to apply."""
        return self.derived(
            "special", lambda: tuple(leaf for leaf in self.leaves if leaf.operation != Operation.APPLY.value)
        )

    @property
    def deletes(self) -> tuple[Leaf, ...]:
        """The leaves of the objects that are gone afterwards."""
        return tuple(leaf for leaf in self.special if leaf.operation == Operation.DELETE.value)

    @property
    def standing(self) -> "LeafList":
        """The leaves of the objects that are there afterwards: all but the deletes."""
        return self.derived("standing", lambda: self.spliced(self.deletes, ())) if self.deletes else self

    @property
    def wanted(self) -> "LeafList":
        """What stands afterwards, however it gets there: as leaves that would just apply it."""
        return self.derived("wanted", self._wanted) if self.special else self

    def _wanted(self) -> "LeafList":
        others = [leaf for leaf in self.special if leaf.operation != Operation.DELETE.value]
        return self.spliced(self.special, (replace(leaf, operation=Operation.APPLY.value) for leaf in others))

    def apart(self, other: "LeafList") -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
        """The leaves that only this list has, and those that only the other has."""
        if self is other:
            return (), ()
        last = self.derived(APART, lambda: (ref(other), self._apart(other)))
        if last[0]() is not other:
            last = ref(other), self._apart(other)
            self.seeded(APART, last)
        return last[1]

    def _apart(self, other: "LeafList") -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
        mine, theirs = self.encoded, other.encoded
        shorter = min(len(mine), len(theirs))
        differ = compress(count(), map(ne, mine, theirs))
        if len(mine) == len(theirs):
            here = there = list(differ)
        else:
            begin = next(differ, shorter)
            same = next(compress(count(), map(ne, reversed(mine), reversed(theirs))), shorter)
            rest = min(same, shorter - begin)
            here, there = list(range(begin, len(mine) - rest)), list(range(begin, len(theirs) - rest))
        ours, others = frozenset(mine[at] for at in here), frozenset(theirs[at] for at in there)
        return (
            tuple(self.leaves[at] for at in here if mine[at] not in others),
            tuple(other.leaves[at] for at in there if theirs[at] not in ours),
        )

    def spliced(self, gone: Iterable[Leaf], come: Iterable[Leaf]) -> "LeafList":
        """This list without some leaves and with others.

        Raises:
            ValueError: one of `gone` is not here, or one of `come` already is.
        """
        gone, come = sorted(gone, key=ORDER), sorted(come, key=ORDER)
        if not gone and not come:
            return self
        if (len(gone) + len(come)) * SPLICED_PART > len(self.leaves):
            left = set(self.leaves)
            if not left.issuperset(gone) or not (left - set(gone)).isdisjoint(come):
                raise ValueError("leaves that are not here, or are already")
            return LeafList(tuple(sorted([*(left - set(gone)), *come], key=ORDER)))
        leaves, encoded = list(self.leaves), list(self.encoded)
        for leaf in gone:
            at = bisect_left(leaves, leaf)
            if leaves[at : at + 1] != [leaf]:
                raise ValueError(f"no such leaf: {leaf.key}")
            del leaves[at], encoded[at]
        for leaf in come:
            at = bisect_left(leaves, leaf)
            if leaves[at : at + 1] == [leaf]:
                raise ValueError(f"already there: {leaf.key}")
            leaves.insert(at, leaf)
            encoded.insert(at, leaf_bytes(leaf))
        return self._followed_by(tuple(leaves), tuple(encoded), gone, come)

    def _followed_by(
        self, leaves: tuple[Leaf, ...], encoded: tuple[bytes, ...], gone: Sequence[Leaf], come: Sequence[Leaf]
    ) -> "LeafList":
        """The list of leaves that are known to be sorted, with what follows from this one's."""
        found = object.__new__(LeafList)
        object.__setattr__(found, "leaves", leaves)
        found.seeded("encoded", encoded)
        found.seeded(BASE, ref(self))
        if self.knows("by_key") and len(self.by_key) == len(self.leaves):
            by_key = dict(self.by_key)
            for leaf in gone:
                del by_key[leaf.key]
            by_key.update({leaf.key: leaf for leaf in come})
            found.seeded("by_key", by_key)
        if self.knows("places"):
            places = Counter(self.places) + Counter(map(_place, come))
            found.seeded("places", places - Counter(map(_place, gone)))
        special = {leaf for leaf in come if leaf.operation != Operation.APPLY.value}
        found.seeded("special", tuple(sorted(special | (set(self.special) - set(gone)))))
        return found

    @property
    def base(self) -> "LeafList | None":
        """The list that this one was made from by splicing, while that one is in memory."""
        found: ref[LeafList] | None = self.derived(BASE, lambda: None)
        return found() if found else None


_SHARED: WeakValueDictionary[Digest, LeafList] = WeakValueDictionary()
"""Lists by their digest, which names exactly one, for as long as somebody has them."""


def _place(leaf: Leaf) -> ObjectKey:
    return ObjectKey(leaf.group, leaf.kind, leaf.namespace, "")


def leaf_bytes(leaf: Leaf) -> bytes:
    """The canonical bytes of a leaf."""
    return dumps(
        {
            "digest": leaf.digest,
            "group": leaf.group,
            "is": "Leaf",
            "kind": leaf.kind,
            "name": leaf.name,
            "namespace": leaf.namespace,
            "operation": leaf.operation,
            "version": leaf.version,
        }
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the last warrant of an environment came, as the log has it."""

    complete: bool = True
    """Every leaf of it was done."""
    ever: bool = True
    """Some warrant was once applied to its end: what follows is an upgrade, no install."""
    owed: frozenset[ObjectKey] = frozenset()
    """Objects whose delete or making again it allowed, and that was not done."""


TO_ITS_END = Progress()
"""Of a warrant that left nothing to do."""


class Action(Enum):
    """What a plan would do with an object."""

    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"
    RUN = "run"
    DELETE = "delete"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that differs. Each side holds its one value, or nothing where the field is absent."""

    pointer: Pointer
    before: tuple[Json, ...]
    after: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """What would happen to one object, and why the plan believes so.

    `note` says what only the cluster knew ("already so in the cluster",
    "adopts an object that exists"), or what the API server will not let change.
    `turn` is when it is written.
    """

    action: Action
    key: ObjectKey
    version: str
    place: Place
    differences: tuple[FieldDifference, ...]
    note: str = ""
    turn: Turn = USUAL


@dataclass(frozen=True, slots=True)
class Plan:
    """The complete effect of a change on one environment.

    `leaves` is what a warrant would allow (every object of the environment,
    and the deletes); `objects` is what would really move, sorted by key, with
    the `manifests` of those that would be written. What stays as it is only
    counts as `unchanged`.
    """

    environment: str
    commit: CommitId
    objects: tuple[PlannedObject, ...]
    leaves: LeafList
    manifests: tuple[Manifest, ...]
    unchanged: int = 0

    @property
    def digest(self) -> Digest:
        """What evidence names: everything above, the leaves by their digest."""
        return digest((self.environment, self.commit, self.objects, self.unchanged, self.leaves.digest))

    @property
    def moves(self) -> bool:
        """Whether any object would be created, updated or deleted."""
        return any(planned.action is not Action.UNCHANGED for planned in self.objects)

    def count(self, action: Action) -> int:
        """How many objects meet this fate."""
        more = self.unchanged if action is Action.UNCHANGED else 0
        return more + sum(1 for planned in self.objects if planned.action is action)


@dataclass(frozen=True, slots=True)
class Lasting:
    """One thing that stays as it is, or is lost, whatever going back brings."""

    key: ObjectKey
    what: str
