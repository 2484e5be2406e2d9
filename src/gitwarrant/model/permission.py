"""What a bot may change: fields of kinds in files, and to which values."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from gitwarrant.model.errors import Place

MAX_FIELD_PATH = 500  # characters
PART = re.compile(
    r"""(?P<name>[A-Za-z0-9_-]+)            # a name of a mapping
      | \["(?P<quoted>[^"\\]+)"\]           # a name with other characters, as annotations have
      | \[(?P<all>\*)\]                     # all items of a list
      | \[(?P<some>[A-Za-z]+=[^\[\],="]+(?:,[A-Za-z]+=[^\[\],="]+)*)\]  # the one item with these fields
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Member:
    """The field of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Items:
    """The only item of a list that has these fields with these values as text; no fields: each item."""

    where: tuple[tuple[str, str], ...]


Step: TypeAlias = Member | Items


@dataclass(frozen=True, slots=True)
class FieldPath:
    """The way to fields that may change, from an object's top."""

    text: str
    steps: tuple[Step, ...]


def read_field_path(text: str) -> FieldPath:
    """Read a way like `spec.containers[name=web].image`, `images[*].digest` or `data["a.txt"]`.

    Items of lists are named by their fields, never by number: a number means
    another item as soon as one is added before it.

    Raises:
        ValueError: it is none, or ends at a list's item as a whole.
    """
    steps: list[Step] = []
    end = 0
    while end < len(text) <= MAX_FIELD_PATH:
        if steps and text[end] == "." and text[end + 1 : end + 2] not in ("[", ""):
            end += 1
        elif text[end] != "[" and steps:
            break
        match = PART.match(text, end)
        if not match or (match["name"] is None and not steps and match["quoted"] is None):
            break
        end = match.end()
        steps.append(_step(match))
    if not steps or end != len(text) or isinstance(steps[-1], Items):
        raise ValueError(f"{text[:80]!r} is not the way to a field")
    return FieldPath(text, tuple(steps))


def _step(match: re.Match[str]) -> Step:
    if match["all"]:
        return Items(())
    if match["some"]:
        pairs = (pair.partition("=") for pair in match["some"].split(","))
        return Items(tuple((name, value) for name, _, value in pairs))
    return Member(match["name"] or match["quoted"])


@dataclass(frozen=True, slots=True)
class ImageByDigest:
    """An image of a repository, named by digest: `oci.lan/shop/web@sha256:...`; a tag before the @ is let be.

    `repository` is compared with the name as it is written; `*` stands for any
    characters but a slash.
    """

    repository: str


@dataclass(frozen=True, slots=True)
class DigestOnly:
    """A digest alone: `sha256:` and 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class TextLike:
    """A text that an RE2 expression matches as a whole."""

    pattern: str


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number in a range, both ends included."""

    minimum: int
    maximum: int


Constraint: TypeAlias = ImageByDigest | DigestOnly | TextLike | WholeNumber


@dataclass(frozen=True, slots=True)
class Permission:
    """Fields that a bot may change, in files of a pattern and objects of some kinds, to such values.

    `kinds` are spelled like `Deployment.apps`.
    """

    files: str
    kinds: frozenset[str]
    fields: tuple[FieldPath, ...]
    value: Constraint
    place: Place
