"""Fields that differ between two states of an object, and whether a permission covers them.

Nothing is matched loosely: an item added, removed or moved is a difference
that no permission covers, since permissions name single values.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.manifest import Json, Pointer
from gitwarrant.model.permission import FieldPath, Items, Member, Permission
from gitwarrant.objects.fields import spell
from gitwarrant.trust.scope.values import describe, fits


class OutOfScope(GitwarrantError):
    """A change that a bot may not make, or that cannot be judged."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs. `is_value`: a single value on both sides, which a permission may cover."""

    pointer: Pointer
    is_value: bool


Where = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class States:
    """An object before and after a change, and how its kind is spelled: `Deployment.apps`."""

    kind: str
    before: Json
    after: Json
    found: dict[tuple[int, Where], list[int]] = field(default_factory=dict, compare=False)
    """Which items of a list (by its identity in memory) have some fields: looked up once, for a bot
    chooses how many values differ."""

    def only_one(self, items: Json, index: int, where: Where) -> bool:
        """Whether an item has these fields, and no other one has them."""
        if not where:
            return True
        key = (id(items), where)
        if key not in self.found:
            self.found[key] = [number for number, item in enumerate(items) if _has(item, where)]
        return self.found[key] == [index]


def differences(before: Json, after: Json, pointer: Pointer = ()) -> Iterator[Difference]:
    """Every field that differs. What only one side has, and lists of other lengths, differ as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            if name in before and name in after:
                yield from differences(before[name], after[name], (*pointer, name))
            else:
                yield Difference((*pointer, name), is_value=False)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, (*pointer, index))
    elif isinstance(before, dict | list) or isinstance(after, dict | list):
        yield Difference(pointer, is_value=False)
    elif type(before) is not type(after) or before != after:
        yield Difference(pointer, is_value=True)


def check(
    states: States, difference: Difference, may: Sequence[Permission], place: Callable[[], Place]
) -> None:
    """Judge one difference.

    Args:
        place: tells where the field stands, for the message; asked only then.

    Raises:
        OutOfScope: no permission covers the field, or none of those that do its new value.
        BadExpression: a permission's expression cannot be used.
    """
    name = spell(difference.pointer)
    of_kind = [permission for permission in may if states.kind in permission.kinds]
    covering = [
        permission
        for permission in of_kind
        if difference.is_value
        and any(_covers(path, difference.pointer, states) for path in permission.fields)
    ]
    if not covering:
        raise OutOfScope(
            f"{name} of a {states.kind} is changed{_how(difference, states)}; {_allowed(of_kind)}",
            remedy="let a person make this change, or widen 'may' on the trust ref",
            place=place(),
        )
    value = _at(states.after, difference.pointer)
    if not any(fits(value, permission.value, permission.place) for permission in covering):
        shown = "another value" if states.kind == "Secret" else f"{value!r:.200}"
        wanted = " or ".join(f"{describe(item.value)} ({item.place})" for item in covering)
        raise OutOfScope(
            f"{name} of a {states.kind} is set to {shown}, which is not {wanted}",
            remedy=f"set it to {describe(covering[0].value)}, or let a person make this change",
            place=place(),
        )


def _covers(path: FieldPath, pointer: Pointer, states: States) -> bool:
    """Whether a way leads to a field, through the same items on both sides."""
    if len(path.steps) != len(pointer):
        return False
    before, after = states.before, states.after
    for step, part in zip(path.steps, pointer, strict=True):
        match step:
            case Member(name):
                if part != name:
                    return False
            case Items(where):
                if not isinstance(part, int):
                    return False
                if not (states.only_one(before, part, where) and states.only_one(after, part, where)):
                    return False
        before, after = before[part], after[part]
    return True


def _has(item: Json, where: Where) -> bool:
    return isinstance(item, dict) and all(_text(item.get(name)) == value for name, value in where)


def _text(value: Json) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _at(value: Json, pointer: Pointer) -> Json:
    for part in pointer:
        value = value[part]
    return value


def _how(difference: Difference, states: States) -> str:
    """What happened, where it is more than another value."""
    if difference.is_value or not difference.pointer:
        return ""
    *above, last = difference.pointer
    before, after = _at(states.before, tuple(above)), _at(states.after, tuple(above))
    if isinstance(before, dict) and isinstance(after, dict) and (last in before) is not (last in after):
        return ": it is new" if last in after else ": it is gone"
    return " in its shape"


def _allowed(may: Sequence[Permission]) -> str:
    if not may:
        return "nothing of that kind may be"
    fields = ", ".join(f"{path.text} ({item.place})" for item in may[:3] for path in item.fields[:3])
    return f"only these may be: {fields}"
