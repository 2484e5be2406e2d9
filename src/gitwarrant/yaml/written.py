"""How scalars are written: the characters they take, and whether anything else depends on them.

For judging an edit by its characters: where a document uses anchors, aliases,
merges or tags, one scalar's characters decide about other places too, and
whoever judges has to know.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Pointer
from gitwarrant.yaml.encoding import check_bytes
from gitwarrant.yaml.errors import syntax_error
from gitwarrant.yaml.locate import Span
from gitwarrant.yaml.scalars import MERGE, NotExact, key_text, plain_scalar

Field = tuple[int, Pointer]
"""A document, counted from 0 with empty ones, and the way to a field in it."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where scalars stand, and the first anchor, alias, merge or tag of each document that has one."""

    scalars: Mapping[Field, Span]
    shared: Mapping[int, Place]


def written(data: bytes, path: str, wanted: AbstractSet[Field]) -> Written:
    """Find how some scalars of a file are written; what is wanted and is no scalar is left out.

    Args:
        data: the file's bytes, as `reader.read` took them.

    Raises:
        YamlError: it is not YAML to libyaml (JSON with escapes of its own).
    """
    check_bytes(data, path)
    walk = _Walk(path, wanted)
    try:
        parser = CParser(data)
        next_event: Callable[[], Any] = parser.get_event
        while (event := next_event()).__class__ is not StreamEndEvent:
            walk.take(event)
    except YAMLError as error:
        raise syntax_error(error, data, path) from error
    return Written(walk.scalars, walk.shared)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read: the way to it, and the next item or the key that waits."""

    pointer: Pointer
    is_list: bool
    index: int = 0
    key: str | None = None

    def below(self) -> Pointer:
        """The way to the value that comes next."""
        if not self.is_list:
            return (*self.pointer, self.key or "")
        self.index += 1
        return (*self.pointer, self.index - 1)


@dataclass(slots=True)
class _Walk:
    path: str
    wanted: AbstractSet[Field]
    document: int = -1
    open: list[_Open] = field(default_factory=list)
    scalars: dict[Field, Span] = field(default_factory=dict)
    shared: dict[int, Place] = field(default_factory=dict)

    def take(self, event: Any) -> None:
        kind = event.__class__
        if kind is DocumentStartEvent:
            self.document += 1
        elif kind in (MappingEndEvent, SequenceEndEvent):
            self._end(self.open.pop())
        elif kind in (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent):
            self._node(event)
        elif kind is DocumentEndEvent:
            self.open.clear()

    def _node(self, event: Any) -> None:
        place = Place(self.path, event.start_mark.line + 1, event.start_mark.column + 1)
        parent = self.open[-1] if self.open else None
        if event.__class__ is AliasEvent or event.anchor or event.tag is not None:
            self.shared.setdefault(self.document, place)
        if parent and not parent.is_list and parent.key is None and event.__class__ is ScalarEvent:
            parent.key = self._key(event, place)
            return
        pointer = parent.below() if parent else ()
        if event.__class__ in (MappingStartEvent, SequenceStartEvent):
            self.open.append(_Open(pointer, event.__class__ is SequenceStartEvent))
            return
        if event.__class__ is ScalarEvent and (self.document, pointer) in self.wanted:
            start: Any = event.start_mark
            end: Any = event.end_mark
            self.scalars[self.document, pointer] = Span(place, start.index, end.index)
        self._end(None)

    def _end(self, _: _Open | None) -> None:
        """A value is complete: its mapping waits for a key again."""
        if self.open:
            self.open[-1].key = None

    def _key(self, event: Any, place: Place) -> str:
        try:
            value = plain_scalar(event.value) if event.implicit[0] else event.value
            if value is MERGE:
                self.shared.setdefault(self.document, place)
            return key_text(value)
        except NotExact:
            return str(event.value)
