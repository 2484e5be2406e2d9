"""What holds for every text: the reader gives documents or its own error, and one value in every spelling."""

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.model.manifest import Pointer
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.locate import locate
from gitwarrant.yaml.reader import Document, read

PIECES = (
    *(
        ": ",
        "- ",
        "\n",
        "  ",
        "a",
        "b",
        "&x ",
        "*x",
        "<<",
        "!!str ",
        "!",
        "[",
        "]",
        "{",
        "}",
        ",",
        '"',
        "'",
        "|",
    ),
    *(
        ">",
        "#",
        "---\n",
        "...\n",
        "?",
        "%",
        "@",
        "\t",
        "0x1",
        "1e3",
        "~",
        "on",
        "é",
        "\x00",
        "\ufeff",
        "\\",
        "1",
    ),
)
YAML_LIKE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
# Between these, Kubernetes writes whole floats by their shortest digits; the unit tests have one.
FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: abs(x) < 2**53 or abs(x) > 2**63)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | FLOATS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=3)


@settings(max_examples=400)
@given(st.binary(max_size=60) | YAML_LIKE.map(str.encode))
def test_any_bytes_give_documents_or_our_error(data: bytes) -> None:
    """No other exception, and what was read can be located and written again."""
    documents: tuple[Document, ...] = ()
    with contextlib.suppress(YamlError):
        documents = read(data, "f.yaml")

    for document in documents:
        json.dumps(document.value, allow_nan=False).encode()
        assert locate(data, "f.yaml", document.number, ()).line == document.place.line


@settings(max_examples=150)
@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]))
def test_json_is_read_back_equal(value: dict[str, Any], escape: bool, indent: int | None) -> None:
    """Whole floats become integers, nothing else changes."""
    data = json.dumps(value, ensure_ascii=escape, indent=indent).encode()

    [document] = read(data, "f.json")

    assert document.value == value


@settings(max_examples=150)
@given(OBJECTS.filter(bool))
def test_block_style_and_flow_style_mean_the_same(value: dict[str, Any]) -> None:
    """A value written line by line is read as the one in brackets."""
    [document] = read(_block(value, "").encode(), "f.yaml")

    assert document.value == value


@settings(max_examples=150)
@given(OBJECTS.filter(bool))
def test_every_value_is_found_at_its_own_text(value: dict[str, Any]) -> None:
    """The place of a scalar in block style is where its text stands."""
    text = _block(value, "")
    lines = text.split("\n")

    for pointer, scalar in _scalars(value, ()):
        place = locate(text.encode(), "f.yaml", 0, pointer)
        assert lines[place.line - 1][place.column - 1 :] == _quoted(scalar)


def _scalars(value: Any, pointer: Pointer) -> list[tuple[Pointer, Any]]:
    if isinstance(value, dict) and value:
        return [found for name, item in value.items() for found in _scalars(item, (*pointer, name))]
    if isinstance(value, list) and value:
        return [found for index, item in enumerate(value) for found in _scalars(item, (*pointer, index))]
    return [(pointer, value)]


def _block(value: Any, indent: str) -> str:
    """Write a value in block style, scalars as JSON; every key behind `?`, which has no limit of length."""
    if isinstance(value, dict) and value:
        return "\n".join(
            f"{indent}? {_quoted(name)}\n{indent}:{_inner(item, indent)}" for name, item in value.items()
        )
    return "\n".join(f"{indent}-{_inner(item, indent)}" for item in value)


def _inner(value: Any, indent: str) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + _block(value, indent + "  ")
    return " " + _quoted(value)


def _quoted(value: Any) -> str:
    """JSON without surrogate pairs and without characters that YAML wants escaped."""
    written = json.dumps(value, ensure_ascii=False)
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\U{ord(character):08x}"
        for character in written
    )
