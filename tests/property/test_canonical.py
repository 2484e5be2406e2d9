"""Canonical bytes: any JSON comes back, any other bytes are our error and nothing else."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.model.canonical import NotCanonical, decode, dumps, loads
from gitwarrant.model.change import SignedStatement

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150)
@given(JSON)
def test_any_json_is_read_back_equal(value: Any) -> None:
    assert loads(dumps(value)) == value


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_a_value_or_our_error(data: bytes) -> None:
    try:
        value = decode(SignedStatement, data)
    except NotCanonical:
        return

    assert isinstance(value, SignedStatement)
