"""Read YAML (and JSON, which is YAML) into plain data, as Kubernetes would.

libyaml splits the text into events; what they mean is decided here. One loop
with a stack of its own: depth is bounded, recursion impossible. Positions of
fields are found by `locate`, only when somebody asks: reading stays fast.

Where readers disagree, we refuse: duplicate keys, a merge over a key that
stands before it, numbers that would lose digits.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json
from gitwarrant.yaml import json_text
from gitwarrant.yaml.anchors import Anchors, BadAlias
from gitwarrant.yaml.encoding import check_bytes
from gitwarrant.yaml.errors import YamlError, syntax_error
from gitwarrant.yaml.scalars import MERGE, TAG, NotExact, is_integer, key_text, plain_scalar, tagged_scalar

MAX_DEPTH = 200  # a deeply nested CustomResourceDefinition has about sixty
MAX_COLLECTIONS = 500_000  # lists and mappings of one file; its bytes bound the scalars
MAX_DOCUMENTS = 20_000
MAX_REMEMBERED = 20_000  # distinct scalars whose meaning is kept, for all files of the process
MAX_REMEMBERED_LENGTH = 100

COLLECTION_TAGS: Final = frozenset({None, "!", TAG + "map", TAG + "seq"})
LONE_TAG = re.compile(r"(?:&\S+\s+)?!(?:\s|$)")


class Document(NamedTuple):
    """One document of a file: its value, where it starts, and which it is, counted from 0 with empty ones.

    A named tuple, for thousands are made: it takes a third of a dataclass's time.
    """

    value: Json
    path: str
    line: int
    column: int
    number: int

    @property
    def place(self) -> Place:
        """Where the document starts."""
        return Place(self.path, self.line, self.column)


def read(data: bytes, path: str) -> tuple[Document, ...]:
    """Read all documents of a file; those that are empty are counted but not returned.

    Raises:
        YamlError: too large, too deep, not UTF-8, not YAML, a key twice, an
            alias bomb, or a scalar that JSON cannot hold exactly.
    """
    check_bytes(data, path)
    value = json_text.read(data, max_depth=MAX_DEPTH, max_collections=MAX_COLLECTIONS)
    if value is not None:
        place = json_text.start(data, path)
        return (Document(value, path, place.line, place.column, 0),)
    try:
        return tuple(_Builder(data, path).documents())
    except YAMLError as error:
        raise syntax_error(error, data, path) from error


_MEANINGS: Final[dict[str, Any]] = {}
"""The meaning of unquoted scalars, the same for every file: manifests repeat the same few again and again."""
_NO_KEY: Final = object()
_NO_ANCHORS: Final = Anchors(MAX_DEPTH)  # of files without any; every alias in them is refused
_NONE: Final[frozenset[str]] = frozenset()


def _meaning(text: str) -> Json:
    value = plain_scalar(text)
    if len(_MEANINGS) < MAX_REMEMBERED and len(text) <= MAX_REMEMBERED_LENGTH:
        _MEANINGS[text] = value
    return value


class _Builder:
    """Builds the documents of one file."""

    __slots__ = ("anchors", "careful", "next_event", "parser", "path", "room", "text")

    def __init__(self, data: bytes, path: str) -> None:
        self.parser = CParser(data)
        self.next_event: Callable[[], Any] = self.parser.get_event
        self.path = path
        tagged = b"!" in data and re.search(rb"!\s", data)  # most files have no exclamation mark at all
        self.text = data.decode() if tagged else ""  # where a lone tag may stand
        self.careful = b"&" in data or bool(self.text)  # else no scalar needs a second look
        self.anchors = Anchors(MAX_DEPTH) if self.careful else _NO_ANCHORS
        self.room = MAX_COLLECTIONS

    def documents(self) -> list[Document]:
        """All documents but the empty ones, which count for the index only."""
        index, found = 0, []
        next_event, peek_event = self.next_event, self.parser.peek_event
        while (event := next_event()).__class__ is not StreamEndEvent:
            if event.__class__ is not DocumentStartEvent:
                continue
            if index >= MAX_DOCUMENTS:
                self._refuse(f"more than {MAX_DOCUMENTS} documents", "split the file", event)
            if self.careful:
                self.anchors.clear()
            first: Any = peek_event()
            value = self._build()
            if value is not None:
                start = first.start_mark
                found.append(Document(value, self.path, start.line + 1, start.column + 1, index))
            index += 1
        return found

    def _build(self) -> Json:  # noqa: PLR0912, PLR0915 - one loop, kept whole for speed
        """The value of the document that begins here."""
        next_event, meanings, careful = self.next_event, _MEANINGS, self.careful
        top: list[Json] = []
        current: Any = top  # the list or mapping that is being filled
        in_mapping = False
        key: Any = _NO_KEY  # the key that waits for its value; only in a mapping
        merged = _NONE  # keys that came by merge: an explicit one may replace them
        stack: list[tuple[Any, bool, Any, frozenset[str]]] = []
        room = self.room
        event: Any = None
        try:
            while True:
                event = next_event()
                kind = event.__class__
                if kind is ScalarEvent:
                    value: Any = event.value
                    if event.implicit[0]:
                        try:
                            value = meanings[value]
                        except KeyError:
                            value = _meaning(value)
                    elif event.tag is not None:
                        value = tagged_scalar(event.tag, value)
                    if careful:
                        value = self._careful(event, value)
                elif kind is MappingStartEvent or kind is SequenceStartEvent:
                    room -= 1
                    if careful or room < 0 or len(stack) >= MAX_DEPTH or event.tag is not None:
                        self._begin(event, len(stack), room)
                    stack.append((current, in_mapping, key, merged))
                    in_mapping = kind is MappingStartEvent
                    current, key, merged = {} if in_mapping else [], _NO_KEY, _NONE
                    continue
                elif kind is MappingEndEvent or kind is SequenceEndEvent:
                    value = current
                    current, in_mapping, key, merged = stack.pop()
                    if careful:
                        self.anchors.end(value)
                elif kind is AliasEvent:
                    value = self.anchors.use(event.anchor)
                else:  # the document's end: its value stands alone in `top`
                    self.room = room
                    return top[0]
                if key is not _NO_KEY:
                    if key is MERGE:
                        merged = self._merge(event, value, current, merged)
                    else:
                        current[key] = value
                    key = _NO_KEY
                elif not in_mapping:
                    current.append(value)
                elif value.__class__ is str and value not in current and value is not MERGE:
                    key = value
                else:
                    key, merged = self._unusual_key(event, value, current, merged)
        except NotExact as error:
            self._refuse(error.what, error.remedy, event)
        except BadAlias as error:
            self._refuse(str(error), "write the value out, or name an anchor defined before", event)

    def _begin(self, event: Any, depth: int, room: int) -> None:
        if room < 0:
            self._refuse(f"more than {MAX_COLLECTIONS} lists and mappings", "split the file", event)
        if depth >= MAX_DEPTH:
            self._refuse(f"nested deeper than {MAX_DEPTH}", "flatten the document", event)
        if event.tag not in COLLECTION_TAGS:
            self._refuse(f"the tag {event.tag!r} has no meaning in Kubernetes", "remove it", event)
        if self.careful:
            self.anchors.begin(event.anchor)

    def _careful(self, event: Any, value: Json) -> Json:
        """See to what few files have: anchors, and a tag `!` that makes text of what follows it."""
        if event.implicit[0] and self.text and LONE_TAG.match(self.text, event.start_mark.index):
            value = event.value
        self.anchors.scalar(event.anchor, value)
        return value

    def _unusual_key(
        self, event: Any, value: Json, mapping: dict[str, Json], merged: frozenset[str]
    ) -> tuple[Any, frozenset[str]]:
        """A key that is no text, is the merge key, or was there before."""
        if value is MERGE:
            return MERGE, merged
        if type(value) is int and not (event.__class__ is ScalarEvent and is_integer(event.value)):
            what = f"the number {value} as a key, not written as an integer"
            self._refuse(what, "put the key in quotes: Kubernetes rounds it to 32 bits", event)
        name = key_text(value)
        if name in mapping and name not in merged:
            what = f"the key {name!r} stands twice"
            self._refuse(what, "keep one: readers disagree on which of the two counts", event)
        return name, merged - {name}

    def _merge(
        self, event: Any, value: Json, mapping: dict[str, Json], merged: frozenset[str]
    ) -> frozenset[str]:
        """Add what `<<` brings; earlier sources win, as the YAML merge type has it."""
        sources = value if isinstance(value, list) else [value]
        for source in sources:
            if not isinstance(source, dict):
                self._refuse("'<<' merges a mapping or a list of mappings", "correct the merge", event)
            taken = source.keys() & (mapping.keys() - merged)
            if taken:
                what = f"'<<' brings the key {min(taken)!r}, which stands before it"
                self._refuse(what, "put '<<' first: readers disagree on which of the two counts", event)
            new = source.keys() - mapping.keys()
            mapping.update((name, item) for name, item in source.items() if name in new)
            merged |= new
        return merged

    def _refuse(self, what: str, remedy: str, event: Any) -> NoReturn:
        raise YamlError(what, remedy=remedy, place=self._place(event))

    def _place(self, event: Any) -> Place:
        return Place(self.path, event.start_mark.line + 1, event.start_mark.column + 1)
