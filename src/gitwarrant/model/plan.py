"""What a change would do to a cluster, object by object and field by field."""

from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.canonical import Digest, encode, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Pointer
from gitwarrant.model.turn import USUAL, Turn


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


@dataclass(frozen=True, slots=True)
class LeafList:
    """All leaves of a warrant: sorted, unique."""

    leaves: tuple[Leaf, ...]

    def __post_init__(self) -> None:
        if list(self.leaves) != sorted(set(self.leaves)):
            raise ValueError("leaves must be sorted and unique")

    @property
    def standing(self) -> tuple[Leaf, ...]:
        """The leaves of the objects that are there afterwards: all but the deletes."""
        return tuple(leaf for leaf in self.leaves if leaf.operation != Operation.DELETE.value)

    @property
    def wanted(self) -> frozenset[tuple[ObjectKey, str, Digest]]:
        """What stands afterwards, however it gets there: each object with its version and digest."""
        return frozenset((leaf.key, leaf.version, leaf.digest) for leaf in self.standing)

    @property
    def digest(self) -> Digest:
        """The subject digest of the warrant."""
        return sha256(encode(self))


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
    and the deletes); `objects` is what would really move, sorted by key.
    """

    environment: str
    commit: CommitId
    objects: tuple[PlannedObject, ...]
    leaves: LeafList
    manifests: tuple[Manifest, ...]

    def count(self, action: Action) -> int:
        """How many objects meet this fate."""
        return sum(1 for planned in self.objects if planned.action is action)


@dataclass(frozen=True, slots=True)
class Lasting:
    """One thing that stays as it is, or is lost, whatever going back brings."""

    key: ObjectKey
    what: str
