"""Ways to fields, as a bot's permissions name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitwarrant.model.permission import Items, Member, read_field_path


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        pytest.param("spec.replicas", (Member("spec"), Member("replicas")), id="names"),
        pytest.param(
            "containers[name=web].image",
            (Member("containers"), Items((("name", "web"),)), Member("image")),
            id="an item by its name",
        ),
        pytest.param(
            "ports[containerPort=80,protocol=TCP].name",
            (Member("ports"), Items((("containerPort", "80"), ("protocol", "TCP"))), Member("name")),
            id="an item by two fields",
        ),
        pytest.param("images[*].digest", (Member("images"), Items(()), Member("digest")), id="every item"),
        pytest.param('data["a.b/c"]', (Member("data"), Member("a.b/c")), id="a name in quotes"),
        pytest.param("a[*][*].b", (Member("a"), Items(()), Items(()), Member("b")), id="lists in lists"),
    ],
)
def test_a_way_is_read(text: str, steps: tuple[object, ...]) -> None:
    assert read_field_path(text).steps == steps


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", ".a", "a.", "a..b", "a b", "a*", "a\n", "a" * 501),
        *("a[0]", "a[0].b", "a[*]", "a[name=web]", "[*].a", "[name=x].a", "a.[*].b"),
        *("a[name=].b", "a[=x].b", "a[name=x", "a[name=x]b", 'a["]'),
    ],
)
def test_what_is_no_way_is_refused(text: str) -> None:
    """Items by number above all: a number means another item once one is added before it."""
    with pytest.raises(ValueError, match="is not the way to a field"):
        read_field_path(text)


@given(st.text('ab.[]*=,"0 ', max_size=20))
def test_any_text_is_a_way_or_refused(text: str) -> None:
    try:
        path = read_field_path(text)
    except ValueError:
        return
    assert path.text == text
    assert isinstance(path.steps[-1], Member)
