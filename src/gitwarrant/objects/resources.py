"""The names of kinds in the paths of the API, and so in the rules of RBAC: `Ingress` is `ingresses`."""

from collections.abc import Iterable, Mapping

from gitwarrant.model.manifest import Content
from gitwarrant.objects.fields import mapping, text
from gitwarrant.objects.scope import BUILTIN

_IRREGULAR: Mapping[str, str] = {"Endpoints": "endpoints"}
_DEFINITION = "CustomResourceDefinition"


def plural(group: str, kind: str) -> str | None:
    """The resource of a kind that Kubernetes itself has; None for any other: nobody can guess it."""
    if (group, kind) not in BUILTIN:
        return None
    word = kind.lower()
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def defined_plurals(contents: Iterable[Content]) -> dict[tuple[str, str], str]:
    """The resources that CustomResourceDefinitions among these objects define, by group and kind.

    Raises:
        WrongShape: a definition cannot be read.
    """
    found = {}
    for content in contents:
        if content.get("kind") == _DEFINITION:
            spec = mapping(content, "spec", ())
            names, way = mapping(spec, "names", ("spec",)), ("spec", "names")
            found[text(spec, "group", ("spec",)), text(names, "kind", way)] = text(names, "plural", way)
    return found
