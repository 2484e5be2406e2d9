"""One value changed in place; whatever cannot be done so is not done at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.model.manifest import Json, Pointer
from gitwarrant.yaml.editing import GONE, edited
from gitwarrant.yaml.reader import read

FILE = """\
# the web
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2  # enough
  template:
    containers:
      - name: web
        image: "web:1"
        args:
          - --port
          - "80"
      - name: log  # beside it
    volumes: []
---
kind: Other
"""
IMAGE: Pointer = ("spec", "template", "containers", 0, "image")


@pytest.mark.parametrize(
    ("pointer", "value", "old", "new"),
    [
        pytest.param(("spec", "replicas"), 5, "replicas: 2  #", "replicas: 5  #", id="a number"),
        pytest.param(IMAGE, "web:2", '"web:1"', "web:2", id="text"),
        pytest.param(IMAGE, "true", '"web:1"', '"true"', id="text that would be read as something else"),
        pytest.param(("spec", "paused"), True, "  replicas", "  paused: true\n  replicas", id="a field more"),
        pytest.param(
            ("metadata", "labels", "tier"),
            "a",
            "{name: web}",
            '{labels: {"tier":"a"}, name: web}',
            id="a field more in a mapping that is missing",
        ),
        pytest.param(
            ("spec", "template", "containers", 1, "image"),
            "log:1",
            "- name: log",
            "- image: log:1\n        name: log",
            id="a field more of an item",
        ),
        pytest.param(
            ("spec", "template", "containers", 0, "args", 2),
            "-v",
            '- "80"\n',
            '- "80"\n          - "-v"\n',
            id="an item more",
        ),
        pytest.param(
            ("spec", "template", "containers", 0, "args"),
            ["--port", "22"],
            '- --port\n          - "80"',
            '- "--port"\n          - "22"',
            id="all items",
        ),
        pytest.param(("spec", "template", "volumes"), [1], "[]", "[1]", id="an empty list"),
        pytest.param(("spec", "replicas"), GONE, "  replicas: 2  # enough\n", "", id="a line taken away"),
    ],
)
def test_one_value_changes_and_nothing_else(pointer: Pointer, value: Json, old: str, new: str) -> None:
    assert FILE.count(old) == 1

    assert edited(FILE.encode(), "web.yaml", 0, pointer, value) == FILE.replace(old, new).encode()


@pytest.mark.parametrize(
    ("text", "pointer", "value"),
    [
        pytest.param("a: &x 1\nb: *x\n", ("a",), 2, id="an alias shares the value"),
        pytest.param("a: |\n  one\n  two\n", ("a",), "three", id="text over several lines"),
        pytest.param("- {a: 1}\n", (0, "a"), GONE, id="a field in the middle of a line"),
        pytest.param("a: [1]\n", ("a", 3), 2, id="an item far behind the last"),
        pytest.param("a: [\n", ("a",), 2, id="no YAML"),
    ],
)
def test_what_cannot_be_written_in_place_is_not_written(text: str, pointer: Pointer, value: Json) -> None:
    assert edited(text.encode(), "a.yaml", 0, pointer, value) is None


NAMES = st.sampled_from(["a", "b", "c-d", "e: f", "true", "1"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([("kind",), ("spec", "replicas"), IMAGE, ("new",), ("metadata", "labels", "a")]), VALUES
)
def test_what_is_written_reads_back_as_meant(pointer: Pointer, value: Json) -> None:
    after = edited(FILE.encode(), "web.yaml", 0, pointer, value)

    if after is not None:
        here = read(after, "web.yaml")[0].value
        for step in pointer:
            here = here[step]
        assert here == value
