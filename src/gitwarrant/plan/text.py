"""A plan as people read it: one line of sums, then object by object what would change, like a good diff."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from gitwarrant.model.manifest import Content, Json, ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, Plan, PlannedObject
from gitwarrant.model.turn import USUAL as USUAL_TURN
from gitwarrant.model.turn import Phase, Turn
from gitwarrant.objects.difference import HIDDEN, hide_secrets, identity_of
from gitwarrant.yaml.scalars import NotExact, plain_scalar

Line: TypeAlias = tuple[str, str]
"""A style (`bold`, `add`, `change`, `remove`, `dim` or none) and the text of one line."""

MARKS: Final[Mapping[Action, Line]] = {
    Action.CREATE: ("add", "+"),
    Action.UPDATE: ("change", "~"),
    Action.RECREATE: ("change", "-/+"),
    Action.RUN: ("change", ">"),
    Action.DELETE: ("remove", "-"),
    Action.UNCHANGED: ("dim", "="),
}
USUAL = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
"""What a plan counts even where there is none."""
UNTOLD = frozenset({USUAL_TURN, Turn(Phase.FOUNDATION)})
"""Turns that need no word: they are those of objects that say nothing about order."""
MAX_VALUE = 100  # characters of one value, so that a line stays a line
MAX_DIFF_LINES = 40  # of one text; the commit itself shows the rest
MAX_COMPARED_LINES = 2000  # difflib takes time by the square


def lines(plan: Plan) -> list[Line]:
    """Show a plan. Objects that stay as they are count, and are named only where there is a note on them.

    Control characters in names and values are escaped: nothing in a manifest
    can move the cursor of whoever reads its plan.
    """
    contents = {manifest.key: manifest.content for manifest in plan.manifests}
    shown: list[Line] = [("bold", _sums(plan))]
    for planned in plan.objects:
        if planned.action is not Action.UNCHANGED or planned.note:
            shown += _object(planned, contents)
    return shown


def _sums(plan: Plan) -> str:
    counts = {action: plan.count(action) for action in Action}
    unchanged = counts.pop(Action.UNCHANGED)
    if not any(counts.values()):
        return f"nothing to change, {unchanged} unchanged"
    told = [f"{count} to {action.value}" for action, count in counts.items() if count or action in USUAL]
    return ", ".join([*told, f"{unchanged} unchanged"])


def _object(planned: PlannedObject, contents: Mapping[ObjectKey, Content]) -> Iterator[Line]:
    style, mark = MARKS[planned.action]
    where = f"{planned.place.path}:{planned.place.line}" if planned.place.line else planned.place.path
    turn = f"  {planned.turn}" if planned.turn not in UNTOLD else ""
    yield style, f"{mark} {planned.key}  ({_printable(where)}){turn}"
    if planned.note:
        yield "dim", f"    {_printable(planned.note)}"
    shown = hide_secrets(planned.differences, planned.key.kind)
    yield from difference_lines(shown, contents.get(planned.key, {}))


def difference_lines(differences: Iterable[FieldDifference], content: Content) -> Iterator[Line]:
    """Show fields that differ; list items are named as `content`, the object they are of, names them."""
    for difference in differences:
        yield from _field(difference, content)


def _field(difference: FieldDifference, content: Content) -> Iterator[Line]:
    path = field_name(difference, content)
    match difference.before, difference.after:
        case (), (after,):
            yield from _one_side("add", "+", path, after)
        case (before,), ():
            yield from _one_side("remove", "-", path, before)
        case (before,), (after,) if before == HIDDEN == after:
            yield "change", f"    ~ {path}: changed {HIDDEN}"
        case (str(before),), (str(after),) if "\n" in before + after:
            yield "change", f"    ~ {path}:"
            yield from _text_difference(before, after)
        case (before,), (after,):
            yield "change", f"    ~ {path}: {_value(before)} -> {_value(after)}"


def _one_side(style: str, mark: str, path: str, value: Json) -> Iterator[Line]:
    if not isinstance(value, str) or "\n" not in value:
        yield style, f"    {mark} {path}: {_value(value)}"
        return
    yield style, f"    {mark} {path}:"
    yield from _bounded([(style, f"        {mark} {_printable(line)}") for line in value.splitlines()])


def _text_difference(before: str, after: str) -> Iterator[Line]:
    olds, news = before.splitlines(), after.splitlines()
    if len(olds) + len(news) > MAX_COMPARED_LINES:
        yield "dim", f"        {len(olds)} lines -> {len(news)} lines"
        return
    compared = list(difflib.unified_diff(olds, news, lineterm="", n=1))[2:]  # the first two name files
    yield from _bounded([_compared(line) for line in compared])
    if olds == news:
        yield "dim", "        only the line ends differ"


def _compared(line: str) -> Line:
    """One line of a unified difference; `@@` lines say where in the text."""
    if line.startswith("@@"):
        return "dim", f"        {line}"
    style = {"+": "add", "-": "remove"}.get(line[0], "")
    return style, f"        {line[0]} {_printable(line[1:])}".rstrip()


def _bounded(shown: list[Line]) -> Iterator[Line]:
    yield from shown[:MAX_DIFF_LINES]
    if len(shown) > MAX_DIFF_LINES:
        yield "dim", f"        ... {len(shown) - MAX_DIFF_LINES} more lines"


def field_name(difference: FieldDifference, content: Content) -> str:
    """Write a pointer for people: `spec.containers[web].image`, list items by what tells them apart."""
    written = ""
    here: Json = content
    for depth, step in enumerate(difference.pointer, start=1):
        if isinstance(step, int):
            gone = depth == len(difference.pointer) and not difference.after
            written += f"[{_item(here, step, difference.before[0] if gone else None)}]"
        elif step.isprintable() and not set(step) & set('.[]"/ '):
            written += f".{step}" if written else step
        else:
            written += f"[{json.dumps(step)}]"
        here = _inside(here, step)
    return written or "(the whole object)"


def _item(items: Json, index: int, gone: Json) -> str:
    """What people call an item of a list: its name, its port and protocol; else its index."""
    siblings = [gone] if gone is not None else items if isinstance(items, list) else []
    item = gone if gone is not None else _inside(items, index)
    identity = identity_of(siblings) if siblings else None
    if identity is None or not isinstance(item, dict):
        return str(index)
    return "/".join(_printable(str(item[name])) for name in identity if name in item)


def _inside(value: Json, step: str | int) -> Json:
    if isinstance(value, dict):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _value(value: Json) -> str:
    """Write a value on one line, shortened; text bare where it cannot be mistaken for something else."""
    written = value if _is_bare(value) else json.dumps(value, ensure_ascii=not _is_printable(value))
    if len(written) <= MAX_VALUE:
        return str(written)
    return f"{written[:MAX_VALUE]}... ({len(written)} characters)"


def _is_bare(value: Json) -> bool:
    """Whether text needs no quotes to be seen as text: `web` needs none, `"true"` and `"8080"` do."""
    if not isinstance(value, str) or not value.isprintable() or value.strip() != value or value[:1] in '"[{':
        return False
    try:
        return plain_scalar(value) == value
    except NotExact:
        return False


def _is_printable(value: Json) -> bool:
    return json.dumps(value, ensure_ascii=False).isprintable()


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)[1:-1]
