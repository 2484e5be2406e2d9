"""The one reader: values, places, and what it refuses."""

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.reader import Document, read


def test_documents_have_values_places_and_indexes() -> None:
    """Empty documents are counted and left out; a place is that of the first content."""
    data = b"# about\na: 1\n---\n# nothing here\n---\n\n  - b\n...\n---\nnull\n"

    documents = read(data, "f.yaml")

    assert documents == (
        Document({"a": 1}, "f.yaml", 2, 1, 0),
        Document(["b"], "f.yaml", 7, 3, 2),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: {b: [1, 'x', \"y\"]}", {"a": {"b": [1, "x", "y"]}}, id="flow style"),
        pytest.param("a:\n- 1\n-\n  - 2\n", {"a": [1, [2]]}, id="block style"),
        pytest.param("a: |\n  x\n  y\nb: >-\n  x\n  y\n", {"a": "x\ny\n", "b": "x y"}, id="block scalars"),
        pytest.param("on: 1\n2: 3\n", {"true": 1, "2": 3}, id="keys become text"),
        pytest.param("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}, id="an alias"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}, id="an anchor defined anew"),
        pytest.param(
            "a: &x {b: &x 1}\nc: *x\n", {"a": {"b": 1}, "c": 1}, id="an anchor defined anew inside itself"
        ),
        pytest.param(
            "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}",
            {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}},
            id="a merge",
        ),
        pytest.param("<<: [{a: 1}, {a: 2, b: 2}]\n", {"a": 1, "b": 2}, id="the first of merged ones counts"),
        pytest.param(
            "a: <<\nb: [<<]\n'<<': 1\n", {"a": "<<", "b": ["<<"], "<<": 1}, id="merges only as a plain key"
        ),
        pytest.param(
            "a: ! 12\nb: &x ! on\nc: yes !\n",
            {"a": "12", "b": "on", "c": "yes !"},
            id="a lone tag makes text",
        ),
        pytest.param(
            '{"a": "\\ud83d\\ude00", "b": 1.0, "c": 1e30}', {"a": "\U0001f600", "b": 1, "c": 1e30}, id="JSON"
        ),
        pytest.param('\n {"a":\t[]}', {"a": []}, id="JSON behind white space"),
    ],
)
def test_text_is_read_as_kubernetes_reads_it(text: str, value: Json) -> None:
    """The whole value is the same."""
    [document] = read(text.encode(), "f.yaml")

    assert repr(document.value) == repr(value)


@pytest.mark.parametrize("data", [b"", b"\n", b"# only\n", b"---\n---\n", b"~\n"])
def test_a_file_without_content_has_no_documents(data: bytes) -> None:
    """As kubectl skips them."""
    assert read(data, "f.yaml") == ()


@pytest.mark.parametrize(
    ("data", "line", "column", "what", "remedy"),
    [
        pytest.param(
            b"a:\n  b: 1\n  c: 2\n  b: 3\n",
            4,
            3,
            "the key 'b' stands twice",
            "keep one: readers disagree on which of the two counts",
            id="a key twice",
        ),
        pytest.param(
            b'{"a": 1,\n "a": 2}',
            2,
            2,
            "the key 'a' stands twice",
            "keep one: readers disagree on which of the two counts",
            id="a key twice in JSON",
        ),
        pytest.param(
            b"1: a\n'1': b\n",
            2,
            1,
            "the key '1' stands twice",
            "keep one: readers disagree on which of the two counts",
            id="a key twice in two spellings",
        ),
        pytest.param(
            b"x: &x {a: 1}\ny:\n  a: 2\n  <<: *x\n",
            4,
            7,
            "'<<' brings the key 'a', which stands before it",
            "put '<<' first: readers disagree on which of the two counts",
            id="a merge over a key",
        ),
        pytest.param(
            b"1e3: a\n",
            1,
            1,
            "the number 1000 as a key, not written as an integer",
            "put the key in quotes: Kubernetes rounds it to 32 bits",
            id="a float as a key",
        ),
        pytest.param(
            b"a:\n\t- b\n",
            2,
            1,
            "a tab is used to indent",
            "indent with spaces; YAML allows no tabs here",
            id="a tab",
        ),
        pytest.param(
            "ä: 1\n".encode("latin-1"),
            1,
            1,
            "not UTF-8: invalid continuation byte",
            "save the file as UTF-8",
            id="Latin-1",
        ),
        pytest.param(
            b"\xef\xbb\xbfa: 1\n",
            1,
            1,
            "the file begins with a byte order mark",
            "save it as UTF-8 without a byte order mark",
            id="a byte order mark",
        ),
        pytest.param(
            "a: 1\n".encode("utf-16"), 1, 1, "the file is written in UTF-16", "save it as UTF-8", id="UTF-16"
        ),
        pytest.param(
            b"a: 1\nb: \x00\n",
            2,
            4,
            "a NUL byte: not text, or not UTF-8",
            "remove the character, or write it as an escape in double quotes",
            id="NUL",
        ),
        pytest.param(
            "é: 1\nü: \x07\n".encode(),
            2,
            4,
            "a character that YAML does not allow: control characters are not allowed",
            "remove the character, or write it as an escape in double quotes",
            id="a control character",
        ),
        pytest.param(
            b"a: [1\n",
            2,
            1,
            "while parsing a flow sequence, did not find expected ',' or ']'",
            "close the bracket, or separate the items by commas",
            id="an open bracket",
        ),
        pytest.param(
            b"a: *b\n",
            1,
            4,
            "the alias *b has no anchor before it",
            "write the value out, or name an anchor defined before",
            id="an alias of nothing",
        ),
        pytest.param(
            b"- &a 1\n---\n- *a\n",
            3,
            3,
            "the alias *a has no anchor before it",
            "write the value out, or name an anchor defined before",
            id="an alias across documents",
        ),
        pytest.param(
            b"- &a 1\n- &a [*a]\n",
            2,
            7,
            "the alias *a stands inside its own anchor",
            "write the value out, or name an anchor defined before",
            id="an alias of itself",
        ),
        pytest.param(
            b"a: !ruby/object x\n",
            1,
            4,
            "the tag !ruby/object is not known",
            "leave the tag out",
            id="a foreign tag",
        ),
        pytest.param(
            b"a: !!set {b}\n",
            1,
            4,
            "the tag 'tag:yaml.org,2002:set' has no meaning in Kubernetes",
            "remove it",
            id="a set",
        ),
        pytest.param(
            b"a: 1\n? [b]\n: c\n",
            2,
            5,
            "a list or mapping cannot be a key",
            "use text as the key",
            id="a list as a key",
        ),
        pytest.param(b"~: 1\n", 1, 1, "null cannot be a key", "put the key in quotes", id="null as a key"),
        pytest.param(
            b"a: .inf\n", 1, 4, ".inf has no JSON form", "put it in quotes if it is text", id="infinity"
        ),
    ],
)
def test_what_cannot_be_read_exactly_is_refused(
    data: bytes, line: int, column: int, what: str, remedy: str
) -> None:
    """With the place, what is wrong, and how to mend it."""
    with pytest.raises(YamlError) as refusal:
        read(data, "f.yaml")

    error = refusal.value
    assert (error.what, error.remedy, error.place) == (what, remedy, Place("f.yaml", line, column))


def test_depth_is_allowed_up_to_its_bound() -> None:
    """200 levels pass, in YAML and in JSON; 201 do not."""
    for text in ("[" * 200 + "]" * 200, "[" * 199 + "[a]" + "]" * 199):
        assert len(read(text.encode(), "f.yaml")) == 1
        with pytest.raises(YamlError, match=r"f\.yaml:1:201: nested deeper than 200"):
            read(f"[{text}]".encode(), "f.yaml")
