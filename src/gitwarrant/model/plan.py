"""What a change would do to a cluster, object by object and field by field."""

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain
from operator import attrgetter, ge
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary, ref

from gitwarrant.model.canonical import Digest, digest, dumps
from gitwarrant.model.change import CommitId
from gitwarrant.model.derived import Derived
from gitwarrant.model.errors import Place
from gitwarrant.model.layered import changed
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Pointer
from gitwarrant.model.turn import USUAL, Turn

BASE, PIECES = "base", "pieces"
PIECE = 128  # leaves in a piece, on average: one that moves has so many others encoded anew


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


@dataclass(frozen=True, slots=True, eq=False)
class Piece(Derived):
    """Some leaves of a list in a row. Lists that differ little have most of their pieces in common."""

    leaves: tuple[Leaf, ...]

    @property
    def encoded(self) -> tuple[bytes, ...]:
        """The canonical bytes of each leaf; made anew each time."""
        return tuple(map(leaf_bytes, self.leaves))

    @property
    def data(self) -> bytes:
        """The canonical bytes of its leaves, as they stand in those of the list."""
        return self.derived("data", lambda: b",".join(self.encoded))

    @property
    def name(self) -> bytes:
        """Names just these leaves, in whatever list."""
        return self.derived("name", lambda: hashlib.sha256(self.data).digest())


@dataclass(frozen=True, slots=True)
class LeafList(Derived):
    """All leaves of a warrant: sorted, unique.

    A list that was spliced from another shares the pieces with it that are the same, and with
    them their canonical bytes: its digest costs one pass of hashing, all else what differs.
    Its tuple of leaves is made when somebody asks for it.
    """

    leaves: tuple[Leaf, ...]

    def __post_init__(self) -> None:
        ordered = list(map(ORDER, self.leaves))
        if any(map(ge, ordered, ordered[1:])):
            raise ValueError("leaves must be sorted and unique")

    if not TYPE_CHECKING:  # else any name would be one that every list has

        def __getattr__(self, name: str) -> tuple[Leaf, ...]:
            """The leaves, where only their pieces are known."""
            if name != "leaves":
                raise AttributeError(name, name=name, obj=self)
            object.__setattr__(self, name, tuple(self))
            return self.leaves

    def __iter__(self) -> Iterator[Leaf]:
        return chain.from_iterable(piece.leaves for piece in self.pieces)

    def __len__(self) -> int:
        return self.derived("length", lambda: sum(len(piece.leaves) for piece in self.pieces))

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The leaves, cut where they themselves say so."""
        return self.derived(PIECES, lambda: tuple(_pieces(self.leaves)))

    @property
    def encoded(self) -> tuple[bytes, ...]:
        """The canonical bytes of each leaf, in order. Costs a pass over everything."""
        return tuple(chain.from_iterable(piece.encoded for piece in self.pieces))

    @property
    def digest(self) -> Digest:
        """The subject digest of the warrant: of the list's canonical bytes."""
        return self.derived("digest", self._digest)

    def _digest(self) -> Digest:
        hashed = hashlib.sha256(b'{"is":"LeafList","leaves":[')
        for at, piece in enumerate(self.pieces):
            hashed.update(b"," if at else b"")
            hashed.update(piece.data)
        hashed.update(b"]}")
        return Digest(f"sha256:{hashed.hexdigest()}")

    def shared(self) -> "LeafList":
        """An equal list that somebody has already, else this one: mostly what is owned was warranted."""
        return _SHARED.setdefault(self.digest, self)

    @property
    def by_key(self) -> Mapping[ObjectKey, Leaf]:
        """The leaf of each object; fewer than leaves where one object has two."""
        return self.derived("by_key", lambda: {leaf.key: leaf for leaf in self})

    @property
    def places(self) -> Mapping[ObjectKey, int]:
        """Of which kinds and in which namespaces the objects are (keys without a name), and how many."""
        return self.derived("places", lambda: Counter(map(_place, self)))

    @property
    def special(self) -> tuple[Leaf, ...]:
        """The leaves that allow something else than to apply."""
        return self.derived(
            "special", lambda: tuple(leaf for leaf in self if leaf.operation != Operation.APPLY.value)
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
        here, there = _besides(self, other), _besides(other, self)
        mine, theirs = frozenset(here), frozenset(there)
        return (
            tuple(leaf for leaf in here if leaf not in theirs),
            tuple(leaf for leaf in there if leaf not in mine),
        )

    def spliced(self, gone: Iterable[Leaf], come: Iterable[Leaf]) -> "LeafList":
        """This list without some leaves and with others.

        Raises:
            ValueError: one of `gone` is not here, or one of `come` already is.
        """
        gone, come = frozenset(gone), frozenset(come)
        if not gone and not come:
            return self
        rows = [piece.leaves for piece in self.pieces] or [()]
        firsts = [ORDER(row[0]) for row in rows[1:]]
        reached: defaultdict[int, set[Leaf]] = defaultdict(set)
        for leaf in gone | come:
            reached[bisect_right(firsts, ORDER(leaf))].add(leaf)
        moved = {at: _moved(rows[at], leaves & gone, leaves & come) for at, leaves in reached.items()}
        return self._followed_by(tuple(self._recut(rows, moved)), gone, come)

    def _recut(
        self, rows: Sequence[tuple[Leaf, ...]], moved: Mapping[int, Sequence[Leaf]]
    ) -> Iterator[Piece]:
        """The pieces after a change of some rows: the others are the same, but where two grow together."""
        grown: list[Leaf] = []
        for at, row in enumerate(rows):
            if at not in moved and not grown:
                yield self.pieces[at]
                continue
            grown += moved.get(at, row)
            if grown and _ends(grown[-1]):
                yield from _pieces(grown)
                grown = []
        yield from _pieces(grown)

    def _followed_by(
        self, pieces: tuple[Piece, ...], gone: frozenset[Leaf], come: frozenset[Leaf]
    ) -> "LeafList":
        """The list of pieces that are known to be sorted, with what follows from this one's."""
        found = object.__new__(LeafList)
        found.seeded(PIECES, pieces)
        found.seeded(BASE, ref(self))
        if self.knows("by_key") and len(self.by_key) == len(self):
            keyed = {leaf.key: leaf for leaf in come}
            found.seeded("by_key", changed(self.by_key, [leaf.key for leaf in gone], keyed))
        if self.knows("places"):
            places = Counter(self.places) + Counter(map(_place, come))
            found.seeded("places", places - Counter(map(_place, gone)))
        special = {leaf for leaf in come if leaf.operation != Operation.APPLY.value}
        found.seeded("special", tuple(sorted(special | (set(self.special) - gone))))
        return found

    @property
    def base(self) -> "LeafList | None":
        """The list that this one was made from by splicing, while that one is in memory."""
        found: ref[LeafList] | None = self.derived(BASE, lambda: None)
        return found() if found else None


_SHARED: "WeakValueDictionary[Digest, LeafList]" = WeakValueDictionary()
"""Lists by their digest, which names exactly one, for as long as somebody has them."""


def _besides(some: LeafList, others: LeafList) -> tuple[Leaf, ...]:
    """The leaves of the pieces that only the first list has."""
    shared = {piece.name for piece in others.pieces}
    return tuple(chain.from_iterable(piece.leaves for piece in some.pieces if piece.name not in shared))


def _pieces(leaves: Iterable[Leaf]) -> Iterator[Piece]:
    """Cut sorted leaves into pieces; equal rows in two lists are cut alike, however the lists came about."""
    row: list[Leaf] = []
    for leaf in leaves:
        row.append(leaf)
        if _ends(leaf):
            yield Piece(tuple(row))
            row = []
    if row:
        yield Piece(tuple(row))


def _ends(leaf: Leaf) -> bool:
    """Whether a piece ends with this leaf. Python hashes text with a secret: nobody foresees the cuts."""
    return hash((leaf.kind, leaf.namespace, leaf.name)) % PIECE == 0


def _moved(row: Sequence[Leaf], gone: AbstractSet[Leaf], come: AbstractSet[Leaf]) -> Sequence[Leaf]:
    here = set(row)
    if missing := gone - here:
        raise ValueError(f"no such leaf: {min(missing).key}")
    if twice := come & (here - gone):
        raise ValueError(f"already there: {min(twice).key}")
    return sorted((here - gone) | come, key=ORDER)


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
