"""How scalars are written: the characters they take, and what else hangs on a document."""

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Pointer
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.written import written


def texts(text: str, *wanted: tuple[int, Pointer]) -> dict[tuple[int, Pointer], str]:
    spans = written(text.encode(), "a.yaml", set(wanted)).scalars
    return {field: text[span.start : span.end] for field, span in spans.items()}


FILE = """\
# é𝄞
a: {b: [one, "tw\\to", 'th''ree' ]}   # here
"on": é𝄞 # there
2: |
  block
---
---
- - x
  - {k: z}
"""


@pytest.mark.parametrize(
    ("field", "text"),
    [
        pytest.param((0, ("a", "b", 0)), "one", id="plain"),
        pytest.param((0, ("a", "b", 1)), '"tw\\to"', id="in double quotes"),
        pytest.param((0, ("a", "b", 2)), "'th''ree'", id="in single quotes"),
        pytest.param((0, ("on",)), "é𝄞", id="characters, not bytes"),
        pytest.param((0, ("2",)), "|\n  block\n", id="a block"),
        pytest.param((2, (0, 0)), "x", id="documents are counted with empty ones"),
        pytest.param((2, (0, 1, "k")), "z", id="lists and mappings in each other"),
    ],
)
def test_a_scalar_is_found_with_its_characters(field: tuple[int, Pointer], text: str) -> None:
    assert texts(FILE, field) == {field: text}


def test_what_is_no_scalar_is_left_out() -> None:
    assert texts(FILE, (0, ("a",)), (0, ("nowhere",)), (7, ())) == {}


def test_line_ends_of_windows_count_as_two_characters() -> None:
    assert texts("a: 1\r\nb: 22\r\n", (0, ("b",))) == {(0, ("b",)): "22"}


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        pytest.param("a: &x 1\n", {0: Place("a.yaml", 1, 4)}, id="an anchor"),
        pytest.param("a: &x [1]\nb: *x\n", {0: Place("a.yaml", 1, 4)}, id="an alias, and its anchor first"),
        pytest.param("a:\n  <<: {b: 1}\n", {0: Place("a.yaml", 2, 3)}, id="a merge"),
        pytest.param("a: !!str 1\n", {0: Place("a.yaml", 1, 4)}, id="a tag"),
        pytest.param("&x a: 1\n", {0: Place("a.yaml", 1, 1)}, id="an anchor on a key"),
        pytest.param("a: 1\n---\nb: &x 1\n---\nc: 1\n", {1: Place("a.yaml", 3, 4)}, id="one document only"),
        pytest.param('a: "&x"\n"<<": 1\n', {}, id="text that looks like it"),
    ],
)
def test_anchors_aliases_merges_and_tags_are_told(text: str, shared: dict[int, Place]) -> None:
    assert written(text.encode(), "a.yaml", set()).shared == shared


def test_what_libyaml_does_not_read_is_our_error() -> None:
    """JSON may write characters beyond U+FFFF as two escapes; YAML may not."""
    with pytest.raises(YamlError):
        written(b'{"a": "\\ud834\\udd1e"}', "a.json", {(0, ("a",))})
