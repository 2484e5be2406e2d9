"""What Pydantic finds, in words for the person who wrote the file."""

import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, RootModel
from pydantic_core import ErrorDetails

from gitwarrant.config.problem import near
from gitwarrant.model.manifest import Json, Pointer

SHAPES: Mapping[str, tuple[str, str]] = {
    "model_type": ("a mapping", "write fields below it"),
    "dict_type": ("a mapping", "write fields below it"),
    "list_type": ("a list", "write it as a list: [one, another]"),
    "string_type": ("text", "put it in quotes"),
    "bool_type": ("true or false", "write true or false"),
    "int_type": ("a number", "write a whole number without quotes"),
}
"""What a value should have been, and how to make it so, by Pydantic's name of the error."""


def words(details: ErrorDetails, model: type[BaseModel], location: Pointer) -> tuple[str, str]:
    """What Pydantic found, as we say it: what, remedy."""
    context: dict[str, Any] = details.get("ctx") or {}
    name = repr(location[-1]) if location else "the file"
    if details["type"] in SHAPES:
        shape, remedy = SHAPES[details["type"]]
        return f"{name} is {kind(details['input'])}, not {shape}", remedy
    match details["type"]:
        case "gitwarrant":
            return str(context["what"]), str(context["remedy"])
        case "extra_forbidden":
            return f"unknown field {name}", near(
                str(location[-1]), fields_at(model, location[:-1])
            ) or "remove it"
        case "missing":
            return f"field {name} is missing", f"add it: {describe(model, location)}"
        case "literal_error":
            return f"{details['input']!r} is not possible for {name}", f"write {context['expected']}"
        case "too_short":
            return f"{name} is empty", describe(model, location)
    text = details["msg"][:1].lower() + details["msg"][1:]
    return f"{name} is not right: {text}", describe(model, location)


def kind(value: Json) -> str:
    """The type of a value as YAML's people call it."""
    match value:
        case None:
            return "empty"
        case bool():
            return f"{str(value).lower()} (true or false)"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value[:40]!r}"
        case list():
            return "a list"
    return "a mapping"


def fields_at(model: type[BaseModel], location: Pointer) -> list[str]:
    """The names that a mapping at this place may have."""
    found = model_at(model, location)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def describe(model: type[BaseModel], location: Pointer) -> str:
    """The description of the field at this place, or of the field that holds it."""
    for depth in range(len(location), 0, -1):
        owner = model_at(model, location[: depth - 1])
        for name, field in owner.model_fields.items() if owner else ():
            if location[depth - 1] == (field.alias or name) and field.description:
                return field.description
    return "see docs/reference/configuration.md"


def model_at(model: type[BaseModel], location: Pointer) -> type[BaseModel] | None:
    """The model of the mapping at this place; None: it is no mapping with fixed fields."""
    annotation: Any = model
    for part in location:
        annotation = _below(_plain(annotation), part)
    annotation = _plain(annotation)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _plain(annotation: Any) -> Any:
    """An annotation without `Annotated`, `| None` and the wrapper of a file that is one mapping or list."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _plain(typing.get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _plain(annotation.model_fields["root"].annotation)
    return annotation


def _below(annotation: Any, part: str | int) -> Any:
    """The annotation of one field, value or item."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return next((field.annotation for name, field in fields if (field.alias or name) == part), None)
    inner = typing.get_args(annotation)
    return inner[-1 if typing.get_origin(annotation) is dict else 0] if inner else None
