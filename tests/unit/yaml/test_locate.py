"""Where fields are written."""

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Pointer
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.locate import locate, locate_many

MANIFESTS = b"""\
# two documents
kind: A
---
kind: B
base: &base
  image: old
  ports: [80, 443]
list:
  - name: x
    <<: *base
  - *base
on: {"quoted": 1}
\xc3\xa9t\xc3\xa9: {x: here}
"""


@pytest.mark.parametrize(
    ("document", "pointer", "line", "column"),
    [
        pytest.param(0, (), 2, 1, id="the object itself"),
        pytest.param(0, ("kind",), 2, 7, id="a value of the first document"),
        pytest.param(1, ("kind",), 4, 7, id="a value of the second document"),
        pytest.param(1, ("base", "ports", 1), 7, 15, id="an item in flow style"),
        pytest.param(1, ("list", 0, "name"), 9, 11, id="in an item in block style"),
        pytest.param(1, ("list", 0, "image"), 6, 10, id="through a merge: where it is written"),
        pytest.param(1, ("list", 1, "image"), 6, 10, id="through an alias: where it is written"),
        pytest.param(1, ("true", "quoted"), 12, 16, id="a key that became text"),
        pytest.param(1, ("été", "x"), 13, 10, id="columns count characters, not bytes"),
        pytest.param(1, ("list", 0, "missing", "deep"), 9, 5, id="nothing there: the nearest parent"),
        pytest.param(1, ("list", 9), 8 + 1, 3, id="no such item: the list"),
    ],
)
def test_a_field_is_found_where_it_is_written(
    document: int, pointer: Pointer, line: int, column: int
) -> None:
    """Line and column of the value's own start."""
    assert locate(MANIFESTS, "f.yaml", document, pointer) == Place("f.yaml", line, column)


def test_spans_cut_out_exactly_the_text_of_a_value() -> None:
    """In characters of the whole file, in any document."""
    text = MANIFESTS.decode()
    pointers: list[Pointer] = [
        ("kind",),
        ("base", "image"),
        ("base", "ports"),
        ("été", "x"),
        ("true", "quoted"),
    ]

    spans = locate_many(MANIFESTS, "f.yaml", 1, pointers)

    cut = [text[spans[pointer].start : spans[pointer].end] for pointer in pointers]
    assert cut == ["B", "old", "[80, 443]", "here", "1"]


def test_a_document_that_is_not_there_is_an_error() -> None:
    """The index comes from another reading of other bytes."""
    with pytest.raises(YamlError, match=r"f\.yaml: there is no document 2"):
        locate(MANIFESTS, "f.yaml", 2, ())


def test_json_that_is_no_yaml_is_located_at_its_begin() -> None:
    """A surrogate pair is JSON; libyaml does not take it, so the file's begin has to do."""
    place = locate(b'\n{"a": "\\ud83d\\ude00"}', "f.json", 0, ("a",))

    assert place == Place("f.json", 2, 1)
