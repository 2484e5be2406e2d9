"""When each object of an environment is written, and which of them are hooks, as its annotations say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Content, Manifest, ObjectKey, Rendered
from gitwarrant.model.turn import Hook, Turn
from gitwarrant.objects.turns import WrongOrder, hook, turn
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.locate import locate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """The turn of each object, and how those run that are hooks."""

    turns: Mapping[ObjectKey, Turn]
    hooks: Mapping[ObjectKey, Hook]


def order(rendered: Rendered) -> Order:
    """Read the order of an environment.

    Raises:
        Refused: by plan, at the annotation: it cannot be followed.
    """
    turns, hooks = {}, {}
    for manifest in rendered.manifests:
        turns[manifest.key] = _read(turn, manifest, rendered)
        runs = _read(hook, manifest, rendered)
        if runs is not None:
            hooks[manifest.key] = runs
    return Order(turns, hooks)


def _read(question: Callable[[Content], T], manifest: Manifest, rendered: Rendered) -> T:
    try:
        return question(manifest.content)
    except WrongOrder as error:
        raise Refused(
            f"{manifest.key}: {error.what}",
            stage="plan",
            remedy=error.remedy,
            place=_place(manifest, error, rendered),
        ) from error


def _place(manifest: Manifest, error: WrongOrder, rendered: Rendered) -> Place:
    """Where the annotation is written; the object's beginning where its file is not at hand."""
    for source in rendered.sources:
        if source.path == manifest.place.path:
            pointer = (*manifest.pointer, *error.pointer)
            try:
                return locate(source.data, source.path, manifest.document, pointer)
            except YamlError:  # a chart's template, say: rendered objects have no line of their own
                break
    return manifest.place
