"""What gitwarrant knows of kinds that operators bring: `operators.yaml`, read when first needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from gitwarrant.cluster.health.rules import Rules, rules_of
from gitwarrant.model.environment import HealthRule
from gitwarrant.model.errors import Place
from gitwarrant.yaml.reader import read

FILE = "operators.yaml"


@dataclass(frozen=True, slots=True)
class Operators:
    """Rules by kind, and which kinds always get a status."""

    rules: Rules
    awaiting: tuple[str, ...]
    silent: tuple[str, ...]


@cache
def operators() -> Operators:
    """Read and compile them: a tenth of a second, once."""
    data = (resources.files(__package__) / FILE).read_bytes()
    [document] = read(data, FILE)
    found: Any = document.value
    rules = tuple(_rule(number, fields) for number, fields in enumerate(found["rules"], 1))
    return Operators(rules_of(rules), tuple(found["awaiting"]), tuple(found["silent"]))


@lru_cache(maxsize=4096)
def awaits_status(group: str, kind: str) -> bool:
    """Whether the controller of a kind always says something of its objects."""
    name, known = f"{kind}.{group}", operators()
    if any(fnmatchcase(name, pattern) for pattern in known.silent):
        return False
    return any(fnmatchcase(name, pattern) for pattern in known.awaiting)


def _rule(number: int, fields: Mapping[str, str]) -> HealthRule:
    return HealthRule(place=Place(f"{FILE} of gitwarrant, rule {number}"), **fields)
