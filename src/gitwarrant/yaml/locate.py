"""Find where a field is written, once somebody asks.

A second walk over the events of a file that `reader.read` accepted. Through an
alias or a merge the place is where the value is really written: at the anchor.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
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
from gitwarrant.yaml import json_text
from gitwarrant.yaml.encoding import check_bytes
from gitwarrant.yaml.errors import YamlError, syntax_error
from gitwarrant.yaml.scalars import MERGE, NotExact, key_text, plain_scalar, tagged_scalar

MAX_LOCATED = 4 * 1024 * 1024
"""Characters of one document whose places are kept, each value some hundred bytes; of larger ones
(no API server takes such an object) only the beginning is told."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value is written: its place for people, and the characters (not bytes) it takes."""

    place: Place
    start: int
    end: int


@dataclass(slots=True)
class _Node:
    """A value as it is written. Of a list the children are counted, of a mapping named by their keys."""

    start: Any
    end: Any
    children: dict[str | int, "_Node"] = field(default_factory=dict)
    merges: "list[_Node]" = field(default_factory=list)
    is_list: bool = False


def locate(data: bytes, path: str, document: int, pointer: Pointer) -> Place:
    """The place of a field's value; where the pointer leads nowhere, of its nearest parent.

    Args:
        data: the file's bytes, as `read` took them.
        document: which document, counted from 0 with empty ones.

    Raises:
        YamlError: the file cannot be read, or has no such document.
    """
    return locate_many(data, path, document, [pointer])[pointer].place


def locate_many(data: bytes, path: str, document: int, pointers: Iterable[Pointer]) -> Mapping[Pointer, Span]:
    """Places of several fields of one document, for one walk over it."""
    check_bytes(data, path)
    try:
        starts = _document_starts(data)
        if document >= len(starts):
            what = f"there is no document {document}"
            raise YamlError(what, remedy="read the file again", place=Place(path))
        root = _tree(data, starts[document : document + 2])
    except YAMLError as error:
        if not json_text.looks_like_json(data):
            raise syntax_error(error, data, path) from error
        begin = json_text.start(data, path)  # JSON has escapes that libyaml does not know
        return dict.fromkeys(pointers, Span(begin, 0, len(data.decode())))
    return {pointer: _span(_find(root, pointer), path, starts[document]) for pointer in pointers}


def _span(node: _Node, path: str, begin: tuple[int, int]) -> Span:
    line, index = begin
    place = Place(path, node.start.line + line + 1, node.start.column + 1)
    return Span(place, node.start.index + index, node.end.index + index)


def _find(node: _Node, pointer: Pointer) -> _Node:
    for step in pointer:
        child = _child(node, step)
        if child is None:
            return node
        node = child
    return node


def _child(node: _Node, step: str | int) -> _Node | None:
    if step in node.children:
        return node.children[step]
    for source in node.merges:
        if (found := _child(source, step)) is not None:
            return found
    return None


@lru_cache(maxsize=16)  # findings come file by file, many from one
def _document_starts(data: bytes) -> tuple[tuple[int, int], ...]:
    """Line and character, counted from 0, where each document begins; always at the begin of a line."""
    starts: list[tuple[int, int]] = []
    parser = CParser(data)
    next_event: Callable[[], Any] = parser.get_event
    while (event := next_event()).__class__ is not StreamEndEvent:
        if event.__class__ is DocumentStartEvent:
            mark: Any = event.start_mark
            starts.append((mark.line, mark.index - mark.column) if starts else (0, 0))
    parser.dispose()
    return tuple(starts)


@lru_cache(maxsize=2)  # a List is asked for each of its items
def _tree(data: bytes, bounds: tuple[tuple[int, int], ...]) -> _Node:
    """The places in one document, read by itself: no anchor reaches across."""
    [begin, *end] = (index for _, index in bounds)
    text = data.decode()[begin : end[0] if end else None]
    parser = CParser(text)
    next_event: Callable[[], Any] = parser.get_event
    while next_event().__class__ is not DocumentStartEvent:
        pass
    if len(text) > MAX_LOCATED:
        first = next_event()
        return _Node(first.start_mark, first.start_mark)
    return _compose(next_event)


def _compose(next_event: Callable[[], Any]) -> _Node:
    anchors: dict[str, _Node] = {}
    root = _Node(None, None, is_list=True)
    stack: list[tuple[_Node, str | None]] = []
    parent = root
    key: str | None = None
    while (event := next_event()).__class__ is not DocumentEndEvent:
        kind = event.__class__
        if kind in (MappingEndEvent, SequenceEndEvent):
            parent.end = event.end_mark
            parent, key = stack.pop()
            continue
        node = anchors[event.anchor] if kind is AliasEvent else _Node(event.start_mark, event.end_mark)
        if kind is not AliasEvent and event.anchor:
            anchors[event.anchor] = node
        opens = kind in (MappingStartEvent, SequenceStartEvent)
        node.is_list = node.is_list or kind is SequenceStartEvent
        if parent.is_list:
            parent.children[len(parent.children)] = node
        elif key is None:
            key = _key(event) if kind is ScalarEvent else ""
            continue
        else:
            _put(parent, key, node)
            key = None
        if opens:
            stack.append((parent, key))
            parent, key = node, None
    return root.children[0]


def _put(parent: _Node, key: str, node: _Node) -> None:
    if key is MERGE:
        parent.merges.extend(node.children.values() if node.is_list else [node])
    else:
        parent.children[key] = node


def _key(event: Any) -> str:
    try:
        if event.implicit[0]:
            return key_text(plain_scalar(event.value))
        return key_text(tagged_scalar(event.tag, event.value)) if event.tag else str(event.value)
    except NotExact:
        return str(event.value)
