"""What another tool deploys, in our words."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gitwarrant.model.environment import Adoptable, DriftMode
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Content, Json, ObjectKey

NOT_A_LABEL = re.compile(r"[^a-z0-9-]+")
MAX_LABEL = 63


class Weight(Enum):
    """What a setting that we do not take over means for the result."""

    SAME = "same"
    """Nothing is lost: we always do it, or do it another way."""
    LOOK = "look"
    """Somebody should decide what it becomes."""
    DIFFERS = "differs"
    """The manifests would not be the same without it: this cannot be imported yet."""


@dataclass(frozen=True, slots=True)
class Note:
    """A setting of the other tool that does not carry over as it stands."""

    weight: Weight
    field: str
    says: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One object of the other tool, from a file or (without a place) from the cluster."""

    key: ObjectKey
    content: Content
    place: Place | None

    def get(self, path: str, default: Json = None) -> Json:
        """A field by its dotted path below the object; the default where it is not there."""
        value: Json = self.content
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return default if value is None else value


@dataclass(frozen=True, slots=True)
class Imported:
    """One environment as the other tool has it."""

    name: str
    tool: Adoptable
    source: ObjectKey
    place: Place | None
    url: str
    """Where its manifests come from; empty where nothing says so."""
    branch: str
    """Empty: the repository's own."""
    path: str
    namespace: str
    """Where objects go that name none; empty: they all name theirs."""
    depends_on: tuple[str, ...]
    automatic: bool
    drift: DriftMode
    deletes: bool
    """Whether the tool deletes what is no longer declared."""
    ignored: tuple[tuple[str, str], ...]
    """(kind, JSON pointer) of fields that it does not compare."""
    stopped: bool
    """Whether it is suspended, so that it does not fight with us."""
    notes: tuple[Note, ...]
    owns: tuple[ObjectKey, ...]
    """Its own inventory, as far as the cluster told."""

    @property
    def importable(self) -> bool:
        """Whether our rendering of its folder can be the same as its."""
        return all(note.weight is not Weight.DIFFERS for note in self.notes)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a field of the other tool means to us; it is noted where it is set."""

    field: str
    weight: Weight
    says: str


def noted(seen: Seen, settings: tuple[Setting, ...]) -> Iterator[Note]:
    """The settings that an object has and that do not carry over as they stand."""
    for setting in settings:
        if seen.get(setting.field) not in (None, False, "", [], {}):
            yield Note(setting.weight, setting.field, setting.says, seen.place)


def label(text: str) -> str:
    """A name that Kubernetes and environments.yaml take, made of any text."""
    return NOT_A_LABEL.sub("-", text.casefold()).strip("-")[:MAX_LABEL].strip("-") or "imported"


def names(found: Sequence[Seen]) -> Mapping[ObjectKey, str]:
    """What each environment is called: as the object; with its namespace where two have the same name."""
    counted = Counter(one.key.name for one in found)
    return {
        one.key: label(one.key.name if counted[one.key.name] == 1 else f"{one.key.namespace}-{one.key.name}")
        for one in found
    }


def folder(path: str) -> str:
    """A folder as environments.yaml writes one: `.` for the whole repository."""
    return path.removeprefix("./").strip("/") or "."


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list that should hold nothing else."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The mappings of a list that should hold nothing else."""
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
