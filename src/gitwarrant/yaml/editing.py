"""Set or take away one value of a file; all else stays as people wrote it: comments, order, quotes.

Text is changed where the value stands, then read again: what comes out must be
what was there with that one change, else nothing is given.
"""

import copy
import re
from dataclasses import dataclass

from gitwarrant.model.canonical import dumps
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Json, Pointer
from gitwarrant.yaml.locate import Span, locate_many
from gitwarrant.yaml.reader import read
from gitwarrant.yaml.scalars import NotExact, plain_scalar

GONE = object()
"""Instead of a value: the field is taken away."""
PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9/._@:+-]*[A-Za-z0-9]|[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class _Text:
    """One document of a file, and where things stand in it."""

    data: bytes
    path: str
    document: int

    @property
    def text(self) -> str:
        return self.data.decode()

    def span(self, pointer: Pointer) -> Span:
        return locate_many(self.data, self.path, self.document, [pointer])[pointer]

    def value(self) -> Json:
        documents = read(self.data, self.path)
        return next(item.value for item in documents if item.number == self.document)


def edited(data: bytes, path: str, document: int, pointer: Pointer, value: Json) -> bytes | None:
    """The file with one value set, or taken away; None where that cannot be written in place.

    Args:
        document: which document of the file, counted from 0 with empty ones.
        pointer: to a field of a mapping, or to the item behind the last of a list.
        value: plain data, or GONE.
    """
    try:
        before = _Text(data, path, document)
        expected = _changed(before.value(), pointer, value)
        text = _without(before, pointer) if value is GONE else _with(before, pointer, value)
        after = _Text(text.encode(), path, document) if text is not None else None
        same = after is not None and dumps(_all(after)) == dumps(_replaced(before, expected))
    except (GitwarrantError, LookupError, TypeError, StopIteration):  # an alias, another shape, JSON text
        return None
    return after.data if after is not None and same else None


def _all(text: _Text) -> list[Json]:
    return [item.value for item in read(text.data, text.path)]


def _replaced(text: _Text, value: Json) -> list[Json]:
    documents = read(text.data, text.path)
    return [value if item.number == text.document else item.value for item in documents]


def _changed(content: Json, pointer: Pointer, value: Json) -> Json:
    """The document's value after the change; mappings on the way that are missing are made."""
    result = copy.deepcopy(content)
    here = result
    for step in pointer[:-1]:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    last = pointer[-1]
    if value is GONE:
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(value)
    else:
        here[last] = value
    return result


def _with(before: _Text, pointer: Pointer, value: Json) -> str | None:
    depth, here = _reach(before.value(), pointer)
    if depth == len(pointer):
        return _put(before, before.span(pointer), value)
    parent = before.span(pointer[:depth])
    if isinstance(here, list):
        return _appended(before.text, parent, value) if depth == len(pointer) - 1 else None
    for step in reversed(pointer[depth + 1 :]):
        value = {step: value}
    return _inserted(before.text, parent, str(pointer[depth]), value)


def _reach(content: Json, pointer: Pointer) -> tuple[int, Json]:
    """How many steps of a pointer are there, and what they lead to."""
    for depth, step in enumerate(pointer):
        there = (
            step in content if isinstance(content, dict) else isinstance(step, int) and step < len(content)
        )
        if not there:
            return depth, content
        content = content[step]
    return len(pointer), content


def _put(before: _Text, span: Span, value: Json) -> str | None:
    """Instead of a value on one line, or of a list or mapping with its items below each other."""
    text = before.text
    old = text[span.start : span.end]
    if "\n" not in old.rstrip() and old == old.rstrip():
        return text[: span.start] + _flow(value) + text[span.end :]
    if not isinstance(value, list) or not old.startswith("- "):
        return None
    lines = f"\n{_indent(text, span.start)}".join(f"- {_flow(item)}" for item in value)
    return text[: span.start] + (lines or "[]") + old[len(old.rstrip()) :] + text[span.end :]


def _appended(text: str, parent: Span, value: Json) -> str | None:
    old = text[parent.start : parent.end]
    if not old.startswith("- "):
        return None
    kept = old.rstrip()
    item = f"\n{_indent(text, parent.start)}- {_flow(value)}"
    return text[: parent.start] + kept + item + old[len(kept) :] + text[parent.end :]


def _inserted(text: str, parent: Span, name: str, value: Json) -> str | None:
    """A field more in front of a mapping's others: behind them its end would be hard to tell."""
    entry = f"{_flow(name)}: {_flow(value)}"
    if text[parent.start] == "{":
        empty = text[parent.start + 1 : parent.end].lstrip().startswith("}")
        return f"{text[: parent.start + 1]}{entry}{'' if empty else ', '}{text[parent.start + 1 :]}"
    return f"{text[: parent.start]}{entry}\n{_indent(text, parent.start)}{text[parent.start :]}"


def _without(before: _Text, pointer: Pointer) -> str | None:
    """Take a line away that has nothing but this field."""
    text, span = before.text, before.span(pointer)
    begin = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    end = len(text) if end < 0 else end + 1
    line = text[begin:end]
    whole = re.fullmatch(rf"\s*[\"']?{re.escape(str(pointer[-1]))}[\"']?\s*:\s.*\s*", line)
    return text[:begin] + text[end:] if whole and span.end <= end else None


def _indent(text: str, start: int) -> str:
    """Blanks up to where something stands in its line."""
    return " " * (start - text.rfind("\n", 0, start) - 1)


def _flow(value: Json) -> str:
    """A value on one line: text bare where it cannot be anything else, the rest as JSON."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and ": " not in value:
        try:
            if plain_scalar(value) == value:
                return value
        except NotExact:
            pass
    return dumps(value).decode()
