"""What a change would do to a cluster, object by object and field by field."""

from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.canonical import Digest, encode, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Pointer


class Operation(Enum):
    """What a leaf of a warrant allows."""

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
    def digest(self) -> Digest:
        """The subject digest of the warrant."""
        return sha256(encode(self))


class Action(Enum):
    """What a plan would do with an object."""

    CREATE = "create"
    UPDATE = "update"
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
    "adopts an object that exists").
    """

    action: Action
    key: ObjectKey
    version: str
    place: Place
    differences: tuple[FieldDifference, ...]
    note: str = ""


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
