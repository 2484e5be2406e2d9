"""When each object of an environment is written, and which of them are hooks, as its annotations say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.model.turn import Hook
from gitwarrant.objects.turns import WrongOrder, hook, turn
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.locate import locate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """How those objects run that are hooks; of all others it is known that their turn can be told."""

    hooks: Mapping[ObjectKey, Hook]


def order(rendered: Rendered) -> Order:
    """Read the order of an environment.

    Raises:
        Refused: by plan, at the annotation: it cannot be followed.
    """
    hooks: dict[ObjectKey, Hook] = {}
    for unit in rendered.units:
        hooks |= unit.derived("hooks", partial(_hooks, unit))
    return Order(hooks)


def _hooks(unit: Unit) -> Mapping[ObjectKey, Hook]:
    hooks = {}
    for manifest in unit.manifests:
        _read(turn, manifest, unit)
        runs = _read(hook, manifest, unit)
        if runs is not None:
            hooks[manifest.key] = runs
    return hooks


def _read(question: Callable[[Content], T], manifest: Manifest, unit: Unit) -> T:
    try:
        return question(manifest.content)
    except WrongOrder as error:
        raise Refused(
            f"{manifest.key}: {error.what}",
            stage="plan",
            remedy=error.remedy,
            place=_place(manifest, error, unit),
        ) from error


def _place(manifest: Manifest, error: WrongOrder, unit: Unit) -> Place:
    """Where the annotation is written; the object's beginning where its file is not at hand."""
    for source in unit.sources:
        if source.path == manifest.place.path:
            pointer = (*manifest.pointer, *error.pointer)
            try:
                return locate(source.data, source.path, manifest.document, pointer)
            except YamlError:  # a chart's template, say: rendered objects have no line of their own
                break
    return manifest.place
