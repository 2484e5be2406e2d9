"""Read YAML (and JSON, which is YAML) into plain data, as Kubernetes would.

libyaml splits the text into events; what they mean is decided here. One loop
with a stack of its own: depth is bounded, recursion impossible. Positions of
fields are found by `locate`, only when somebody asks: reading stays fast.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

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
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.scalars import TAG, NotExact, key_text, plain_scalar, tagged_scalar

MAX_FILE_BYTES = 16 * 1024 * 1024  # ten of the largest objects that etcd takes
MAX_DEPTH = 200  # a deeply nested CustomResourceDefinition has about sixty
MAX_NODES = 2_000_000  # aliases counted as often as they are used; stops "billion laughs"
MAX_DOCUMENTS = 20_000
MAX_REMEMBERED = 20_000  # distinct scalars whose meaning is kept

COLLECTION_TAGS: Final = frozenset({None, "!", TAG + "map", TAG + "seq"})


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its value, where it starts, and which it is, counted from 0 with empty ones."""

    value: Json
    place: Place
    index: int


class _Meanings(dict[str, Any]):
    """The meaning of unquoted scalars: manifests repeat the same few again and again."""

    def __missing__(self, text: str) -> Json:
        value = plain_scalar(text)
        if len(self) < MAX_REMEMBERED:
            self[text] = value
        return value


_NO_KEY: Final = object()
_MERGE: Final = object()  # an unquoted `<<`
_MEANINGS = _Meanings({"<<": _MERGE})
_NONE: Final[frozenset[str]] = frozenset()


def read(data: bytes, path: str) -> tuple[Document, ...]:
    """Read all documents of a file; those that are empty are counted but not returned.

    Raises:
        YamlError: too large, too deep, not UTF-8, not YAML, a key twice, an
            alias bomb, or a scalar that JSON cannot hold exactly.
    """
    check_bytes(data, path)
    try:
        documents = _Builder(data, path).documents()
        return tuple(document for document in documents if document.value is not None)
    except YAMLError as error:
        raise syntax_error(error, path) from error


def check_bytes(data: bytes, path: str) -> None:
    """Refuse bytes that are too many or not UTF-8, before any parser sees them."""
    if len(data) > MAX_FILE_BYTES:
        raise YamlError(
            f"the file has {len(data) / 1048576:.0f} MiB; at most {MAX_FILE_BYTES // 1048576} MiB are read",
            remedy="split it into files of one object each, or leave it out of the environment's folder",
            place=Place(path),
        )
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlError(
            f"byte {error.start} is not UTF-8", remedy="save the file as UTF-8", place=Place(path, line)
        ) from error


class _Builder:
    """Builds the documents of one file."""

    def __init__(self, data: bytes, path: str) -> None:
        self.parser = CParser(data)
        self.next_event: Callable[[], Any] = self.parser.get_event
        self.path = path
        self.anchored = b"&" in data  # without anchors the bytes bound the values
        self.anchors: dict[str, tuple[Json, int]] = {}

    def documents(self) -> Iterator[Document]:
        """All documents, empty ones with the value None."""
        index = 0
        try:
            while (event := self.next_event()).__class__ is not StreamEndEvent:
                if event.__class__ is not DocumentStartEvent:
                    continue
                if index >= MAX_DOCUMENTS:
                    self._refuse(f"more than {MAX_DOCUMENTS} documents", "split the file", event)
                self.anchors.clear()  # no anchor reaches into another document
                value, mark = self._build()
                yield Document(value, Place(self.path, mark.line + 1, mark.column + 1), index)
                index += 1
        finally:
            self.parser.dispose()

    def _build(self) -> tuple[Json, Any]:  # noqa: PLR0912, PLR0915 - one loop, kept whole for speed
        """The document's value and the mark where it starts."""
        next_event, meanings, anchored = self.next_event, _MEANINGS, self.anchored
        top: list[Json] = []
        current: Any = top  # the list or mapping that is being filled
        key: Any = _NO_KEY  # the key that waits for its value; only in a mapping
        inherited: frozenset[str] = _NONE  # keys that came by merge: an explicit one may replace them
        stack: list[tuple[Any, Any, frozenset[str], str | None, int]] = []
        nodes = 0
        event = next_event()
        start = event.start_mark
        while True:
            kind = event.__class__
            if kind is ScalarEvent:
                value: Any = event.value
                if event.implicit[0]:
                    try:
                        value = meanings[value]
                    except NotExact as error:
                        self._refuse(str(error), "quote it, or write a value that JSON has", event)
                elif event.tag is not None:
                    value = self._tagged(event)
                if anchored:
                    nodes += 1
                    if event.anchor is not None:
                        self.anchors[event.anchor] = value, 1
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._check_collection(event, len(stack), nodes)
                nodes += 1
                stack.append((current, key, inherited, event.anchor, nodes))
                current = {} if kind is MappingStartEvent else []
                key, inherited = _NO_KEY, _NONE
                event = next_event()
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = current
                current, key, inherited, anchor, before = stack.pop()
                if anchor is not None:
                    self.anchors[anchor] = value, nodes - before + 1
            elif kind is AliasEvent:
                value, size = self._alias(event)
                nodes += size
                self._check_collection(event, len(stack), nodes)
            else:  # the document's end: its value stands alone in `top`
                return top[0], start
            if key is _NO_KEY and current.__class__ is dict:
                if value.__class__ is str and value not in current:
                    key = value
                else:
                    key, inherited = self._unusual_key(event, value, current, inherited)
            elif key is _MERGE:
                inherited = self._merge(event, value, current, inherited)
                key = _NO_KEY
            else:
                if value is _MERGE:
                    value = "<<"  # only a key can merge
                if key is _NO_KEY:
                    current.append(value)
                else:
                    current[key] = value
                    key = _NO_KEY
            event = next_event()

    def _check_collection(self, event: Any, depth: int, nodes: int) -> None:
        if depth >= MAX_DEPTH:
            self._refuse(f"nested deeper than {MAX_DEPTH}", "flatten the document", event)
        if nodes > MAX_NODES:
            what = f"more than {MAX_NODES} values, aliases counted at each use"
            self._refuse(what, "split the file, or write values out instead of nesting aliases", event)
        if event.__class__ is not AliasEvent and event.tag not in COLLECTION_TAGS:
            self._refuse(f"the tag {event.tag!r} has no meaning in Kubernetes", "remove it", event)

    def _tagged(self, event: Any) -> Json:
        try:
            return tagged_scalar(event.tag, event.value)
        except NotExact as error:
            self._refuse(str(error), "remove the tag, or write a value that fits it", event)

    def _unusual_key(
        self, event: Any, value: Json, mapping: dict[str, Json], inherited: frozenset[str]
    ) -> tuple[Any, frozenset[str]]:
        """A key that is no text, is the merge key, or was there before."""
        if value is _MERGE:
            return _MERGE, inherited
        try:
            name = key_text(value)
        except NotExact as error:
            self._refuse(str(error), "write the key as text", event)
        if name in mapping and name not in inherited:
            what = f"the key {name!r} stands twice"
            self._refuse(what, "keep one: readers disagree on which of the two counts", event)
        return name, inherited - {name}

    def _alias(self, event: Any) -> tuple[Json, int]:
        if event.anchor not in self.anchors:
            what = f"the alias *{event.anchor} has no anchor before it, or stands inside it"
            self._refuse(what, "define the anchor first", event)
        return self.anchors[event.anchor]

    def _merge(
        self, event: Any, value: Json, mapping: dict[str, Json], inherited: frozenset[str]
    ) -> frozenset[str]:
        """Add what `<<` brings; earlier sources win, as the YAML merge type has it."""
        sources = value if isinstance(value, list) else [value]
        for source in sources:
            if not isinstance(source, dict):
                self._refuse("'<<' merges a mapping or a list of mappings", "correct the merge", event)
            taken = source.keys() & (mapping.keys() - inherited)
            if taken:
                what = f"'<<' brings the key {min(taken)!r}, which stands before it"
                self._refuse(what, "put '<<' first: readers disagree on which of the two counts", event)
            new = source.keys() - mapping.keys()
            mapping.update((name, item) for name, item in source.items() if name in new)
            inherited |= new
        return inherited

    def _refuse(self, what: str, remedy: str, event: Any) -> NoReturn:
        mark = event.start_mark
        raise YamlError(what, remedy=remedy, place=Place(self.path, mark.line + 1, mark.column + 1))


def syntax_error(error: YAMLError, path: str) -> YamlError:
    """libyaml's complaint as ours."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
    return YamlError(f"not YAML: {what}", remedy="correct the syntax there, or just before", place=place)
